"""MobileNetV3 (large): inverted residual blocks, which are wide inside and narrow at their ends.

    1x1 to `expanded` channels -> depthwise k x k -> squeeze and excitation -> 1x1 to `out` channels (+ x)

A depthwise convolution has one filter for each channel, and squeeze and excitation weighs the channels by
what the whole map holds. So a block costs a fraction of a residual block.

Source: Howard et al. 2019, "Searching for MobileNetV3", table 1; the state's names are torchvision's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.models.bricks import Norm


class BlockPlan(NamedTuple):
    """One row of the paper's table 1."""

    kernel: int
    expanded: int
    out: int
    squeezes: bool
    hard_swish: bool
    stride: int


STEM, LAST = 16, 960
LARGE = (
    BlockPlan(3, 16, 16, False, False, 1),
    BlockPlan(3, 64, 24, False, False, 2),
    BlockPlan(3, 72, 24, False, False, 1),
    BlockPlan(5, 72, 40, True, False, 2),
    BlockPlan(5, 120, 40, True, False, 1),
    BlockPlan(5, 120, 40, True, False, 1),
    BlockPlan(3, 240, 80, False, True, 2),
    BlockPlan(3, 200, 80, False, True, 1),
    BlockPlan(3, 184, 80, False, True, 1),
    BlockPlan(3, 184, 80, False, True, 1),
    BlockPlan(3, 480, 112, True, True, 1),
    BlockPlan(3, 672, 112, True, True, 1),
    BlockPlan(5, 672, 160, True, True, 2),
    BlockPlan(5, 960, 160, True, True, 1),
    BlockPlan(5, 960, 160, True, True, 1),
)
# Where a map leaves the network, by the number of the layer: behind the last stride, and at the end.
MAPS = {13: "C5", 16: "C6"}


class HardSwish(nn.Module):
    """A piecewise approximation of x sigmoid(x), without an exponential."""

    def forward(self, x: Tensor) -> Tensor:
        """``x min(max(x + 3, 0), 6) / 6`` for x of any shape."""
        return ops.hardswish(x)


class SqueezeExcitation(nn.Module):
    """Multiply each channel by a factor in [0, 1] that is computed from the means of all channels.

    Source: Hu et al. 2018, "Squeeze-and-excitation networks"; the paper's own version has a hard sigmoid.
    """

    def __init__(self, channels: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        squeezed = multiple_of_8(channels / 4)
        self.fc1 = nn.Conv2d(channels, squeezed, 1, rng=rng)
        self.fc2 = nn.Conv2d(squeezed, channels, 1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Weigh the channels of x (N, C, H, W)."""
        means = x.mean((2, 3), keepdims=True)  # (N, C, H, W) -> (N, C, 1, 1)
        logits = self.fc2(ops.relu(self.fc1(means), inplace=True))
        return x * (ops.clip(logits + 3, 0, 6) / 6)


class InvertedResidual(nn.Module):
    """One block; x is added to its result where their shapes agree."""

    def __init__(self, channels: int, plan: BlockPlan, norm: Norm, *, rng: np.random.Generator | None = None):
        super().__init__()
        active = HardSwish if plan.hard_swish else nn.ReLU
        wide = plan.expanded
        layers: list[nn.Module] = []
        if wide != channels:
            layers.append(conv_norm_active(channels, wide, 1, norm, active, rng=rng))
        layers.append(
            conv_norm_active(wide, wide, plan.kernel, norm, active, stride=plan.stride, groups=wide, rng=rng)
        )
        if plan.squeezes:
            layers.append(SqueezeExcitation(wide, rng=rng))
        layers.append(conv_norm_active(wide, plan.out, 1, norm, None, rng=rng))
        self.block = nn.Sequential(*layers)
        self.adds = plan.stride == 1 and plan.out == channels

    def forward(self, x: Tensor) -> Tensor:
        """Turn a map (N, channels, H, W) into one of `plan.out` channels, with its sides / stride."""
        return x + self.block(x) if self.adds else self.block(x)


class MobileNetV3(nn.Sequential):
    """The stem, fifteen blocks and a 1x1 convolution; returns the maps {"C5", "C6"}, both of stride 32."""

    def __init__(self, norm: Norm, *, rng: np.random.Generator | None = None):
        inputs = [STEM, *(plan.out for plan in LARGE)]
        super().__init__(
            conv_norm_active(3, STEM, 3, norm, HardSwish, stride=2, rng=rng),
            *(InvertedResidual(fan, plan, norm, rng=rng) for fan, plan in zip(inputs, LARGE, strict=False)),
            conv_norm_active(inputs[-1], LAST, 1, norm, HardSwish, rng=rng),
        )
        self.out_channels, self.out_strides = [LARGE[12].out, LAST], [32, 32]

    def forward(self, x: Tensor) -> dict[str, Tensor]:  # type: ignore[override]
        """Return the maps of pictures (N, 3, H, W) by name."""
        maps = {}
        for index, layer in enumerate(self):
            x = layer(x)
            if index in MAPS:
                maps[MAPS[index]] = x
        return maps


def conv_norm_active(
    channels: int,
    width: int,
    kernel: int,
    norm: Norm,
    active: Callable[[], nn.Module] | None,
    *,
    stride: int = 1,
    groups: int = 1,
    rng: np.random.Generator | None = None,
) -> nn.ConvNorm:
    """Build a convolution without bias, its norm, and what follows: an activation, or nothing."""
    conv = nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False, rng=rng)
    return nn.ConvNorm(conv, norm(width), *([active()] if active else []))


def multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, but not less than 90 % of `channels`.

    >>> [multiple_of_8(n) for n in (18, 30, 168)]
    [24, 32, 168]
    """
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near
