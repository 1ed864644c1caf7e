"""Layers: a parameter or two, and the op that uses them. Constructor arguments are torch's.

Every layer with weights takes `rng`, the Generator that draws them; without one the weights are zeros,
to be filled by `load_state_dict`.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.nn import init
from minimaskrcnn.nn.module import Module, Parameter

Pair = int | tuple[int, int]


class Conv2d(Module):
    """2-D convolution; weight (O, C/groups, KH, KW) from He's normal, bias (O,) zero."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.weight = _weight((out_channels, in_channels // groups, *_pair(kernel_size)), rng)
        self.bias = Parameter(init.constant((out_channels,), 0)) if bias else None

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        """The convolution of x, then ``* scale + shift`` channel by channel if these (O,) are given."""
        weight: Tensor = self.weight
        bias: Tensor | None = self.bias
        if scale is not None:
            weight = weight * scale.reshape((-1, 1, 1, 1))  # s (w * x + b) + t = (s w) * x + (s b + t)
            bias = shift if bias is None else bias * scale + shift
        return ops.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(Module):
    """Transposed convolution; weight (C, O, KH, KW), bias (O,) zero."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        self.stride, self.padding = stride, padding
        kernel = _pair(kernel_size)
        self.weight = _weight((in_channels, out_channels, *kernel), None)
        if rng is not None:
            # Drawn as (O, C, ...): where kernel = stride, an output cell sums over C inputs only.
            drawn = init.kaiming_normal((out_channels, in_channels, *kernel), rng)
            drawn = drawn * np.float32(np.sqrt(np.prod(kernel)))
            self.weight.data = np.ascontiguousarray(drawn.transpose(1, 0, 2, 3))
        self.bias = Parameter(init.constant((out_channels,), 0))

    def forward(self, x: Tensor) -> Tensor:
        return ops.conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding)


class Linear(Module):
    """y = x W^T + b; weight (out, in) from He's normal, bias (out,) zero."""

    def __init__(self, in_features: int, out_features: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.weight = _weight((out_features, in_features), rng)
        self.bias = Parameter(init.constant((out_features,), 0))

    def forward(self, x: Tensor) -> Tensor:
        return ops.linear(x, self.weight, self.bias)


class BatchNorm2d(Module):
    """Normalise each channel by the batch's statistics in training, by the running ones in evaluation."""

    running_mean: np.ndarray
    running_var: np.ndarray
    num_batches_tracked: np.ndarray

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(init.constant((num_features,), 1))
        self.bias = Parameter(init.constant((num_features,), 0))
        self.register_buffer("running_mean", init.constant((num_features,), 0))
        self.register_buffer("running_var", init.constant((num_features,), 1))
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64))

    def scale_and_shift(self) -> tuple[Tensor, Tensor] | None:
        """Scale and shift of each channel (C,): the whole norm in evaluation. None in training."""
        if self.training:
            return None
        return _scale_and_shift(self.weight, self.bias, self.running_mean, self.running_var, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.num_batches_tracked = self.num_batches_tracked + 1
        return ops.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


class FrozenBatchNorm2d(Module):
    """Batch norm whose statistics and affine terms are constants: a scale and a shift for each channel."""

    weight: np.ndarray
    bias: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", init.constant((num_features,), 1))
        self.register_buffer("bias", init.constant((num_features,), 0))
        self.register_buffer("running_mean", init.constant((num_features,), 0))
        self.register_buffer("running_var", init.constant((num_features,), 1))

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Scale and shift of each channel (C,)."""
        weight, bias = Tensor(self.weight), Tensor(self.bias)
        return _scale_and_shift(weight, bias, self.running_mean, self.running_var, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = Tensor(self.weight), Tensor(self.bias)
        return ops.frozen_batch_norm(x, self.running_mean, self.running_var, weight, bias, self.eps)


class GroupNorm(Module):
    """Normalise groups of channels of each sample: no dependence on the batch, which is small here.

    Source: Wu & He 2018, "Group normalization".
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        self.num_groups, self.eps = num_groups, eps
        self.weight = Parameter(init.constant((num_channels,), 1))
        self.bias = Parameter(init.constant((num_channels,), 0))

    def forward(self, x: Tensor) -> Tensor:
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class ReLU(Module):
    """max(x, 0); with `inplace` in the memory of x, where no gradient is recorded."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.inplace = inplace

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu(x, self.inplace)


class MaxPool2d(Module):
    """Largest value under each window."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class Identity(Module):
    """x, unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def _scale_and_shift(
    weight: Tensor, bias: Tensor, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[Tensor, Tensor]:
    """(x - mean) / sqrt(var + eps) * weight + bias = x * scale + shift."""
    scale = weight * Tensor(1 / np.sqrt(var + eps))
    return scale, bias - scale * Tensor(mean)


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _weight(shape: tuple[int, ...], rng: np.random.Generator | None) -> Parameter:
    return Parameter(init.constant(shape, 0) if rng is None else init.kaiming_normal(shape, rng))
