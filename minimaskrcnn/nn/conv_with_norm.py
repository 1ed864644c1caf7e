"""A convolution and the norm behind it: one convolution, where the norm only scales and shifts.

    norm(conv(x)) = s (w * x) + t = (s w) * x + t,    s = weight / sqrt(var + eps),  t = bias - mean s

With fixed statistics s and t are one number per channel. So they go into the filters, which are small, and
the maps, which are large, are written once instead of three times. Gradients find their way to w, weight and
bias through the same formula.
"""

from __future__ import annotations

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.nn.layers import BatchNorm2d, Conv2d, FrozenBatchNorm2d
from minimaskrcnn.nn.module import Module, Sequential


def conv_norm(conv: Conv2d, norm: Module, x: Tensor) -> Tensor:
    """``norm(conv(x))``, for any norm."""
    with norm.scope():
        fixed = norm.scale_and_shift() if isinstance(norm, BatchNorm2d | FrozenBatchNorm2d) else None
    return norm(conv(x)) if fixed is None else conv(x, *fixed)


class ConvNorm(Sequential):
    """A convolution and a norm, named "0" and "1" in the state, and what comes behind them."""

    def __init__(self, conv: Conv2d, norm: Module, *behind: Module):
        super().__init__(conv, norm, *behind)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the convolution, then the norm, then the rest, to x (N, C, H, W)."""
        conv, norm, *behind = self
        assert isinstance(conv, Conv2d)
        x = conv_norm(conv, norm, x)
        for module in behind:
            x = module(x)
        return x
