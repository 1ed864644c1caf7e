"""Residual networks: stages of blocks y = relu(F(x) + shortcut(x)), each stage at half the resolution.

Source: He et al. 2016, "Deep residual learning"; the stride sits on the 3x3 convolution, as in
torchvision. The state's names are torchvision's, whatever the norm: ``layer1.0.conv1``, ``layer1.0.bn1``.

A stage may keep its resolution instead. Its stride becomes 1, and the taps of every later convolution move
apart by the factor that was the stride, so that each output cell sees the same input cells as before. This is
dilation, also called "à trous" (with holes).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.models.bricks import Norm


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (ResNet-18 and -34).

    `dilation` is the spacing of the taps in cells, before and after the convolution that has the stride.
    """

    expansion = 1

    def __init__(
        self,
        in_channels: int,
        planes: int,
        stride: int,
        norm: Norm,
        dilation: tuple[int, int] = (1, 1),
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        before, behind = dilation
        self.conv1 = nn.Conv2d(in_channels, planes, 3, stride, before, before, bias=False, rng=rng)
        self.bn1 = norm(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, behind, behind, bias=False, rng=rng)
        self.bn2 = norm(planes)
        self.downsample = _shortcut(in_channels, planes, stride, norm, rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn a map (N, in_channels, H, W) into one of `planes` channels, with its sides / stride."""
        out = ops.relu(nn.conv_norm(self.conv1, self.bn1, x), inplace=True)
        out = nn.conv_norm(self.conv2, self.bn2, out)
        return ops.relu(ops.add(out, self.downsample(x), inplace=True), inplace=True)


class Bottleneck(nn.Module):
    """A 1x1 convolution to fewer channels, a 3x3, a 1x1 to four times as many, and a shortcut (ResNet-50 up).

    `dilation` is as in `BasicBlock`; only its first value is used, because there is one 3x3 convolution.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        planes: int,
        stride: int,
        norm: Norm,
        dilation: tuple[int, int] = (1, 1),
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        out_channels, spacing = planes * self.expansion, dilation[0]
        self.conv1 = nn.Conv2d(in_channels, planes, 1, bias=False, rng=rng)
        self.bn1 = norm(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, spacing, spacing, bias=False, rng=rng)
        self.bn2 = norm(planes)
        self.conv3 = nn.Conv2d(planes, out_channels, 1, bias=False, rng=rng)
        self.bn3 = norm(out_channels)
        self.downsample = _shortcut(in_channels, out_channels, stride, norm, rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn a map (N, in_channels, H, W) into one of 4 `planes` channels, with its sides / stride."""
        out = ops.relu(nn.conv_norm(self.conv1, self.bn1, x), inplace=True)
        out = ops.relu(nn.conv_norm(self.conv2, self.bn2, out), inplace=True)
        out = nn.conv_norm(self.conv3, self.bn3, out)
        return ops.relu(ops.add(out, self.downsample(x), inplace=True), inplace=True)


Block = type[BasicBlock] | type[Bottleneck]


def _shortcut(
    in_channels: int, out_channels: int, stride: int, norm: Norm, rng: np.random.Generator | None
) -> nn.Module:
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False, rng=rng)
    return nn.ConvNorm(conv, norm(out_channels))


def residual_stage(
    block: Block,
    in_channels: int,
    planes: int,
    blocks: int,
    stride: int,
    norm: Norm,
    dilation: tuple[int, int] = (1, 1),
    *,
    rng: np.random.Generator | None = None,
) -> nn.Sequential:
    """Build a stage of `blocks` residual blocks; the first has the stride and changes the channels.

    `dilation` is the spacing of the taps in cells, before and after the convolution that has the stride.
    """
    out_channels, behind = planes * block.expansion, dilation[1]
    first = block(in_channels, planes, stride, norm, dilation, rng=rng)
    rest = [block(out_channels, planes, 1, norm, (behind, behind), rng=rng) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)


class ResNet(nn.Module):
    """A stem and residual stages; returns the feature map of every stage.

    Parameters
    ----------
    block : BasicBlock or Bottleneck
    stem_channels : int
    planes, blocks, strides : sequences, one entry per stage
        The width, the number of blocks, and the stride of the first block.
    norm : callable (channels) -> Module
    dilate : sequence of bool, optional
        Which stages use dilation instead of a stride, and so keep their resolution.
    stem_kernel : int
        Side of the stem's filters; the stride of the stem is 2.
    stem_pool : bool
        Whether a 3x3 max pool of stride 2 follows the stem, as in the published networks.
    rng : Generator, optional
        Draws the weights; without it they are zeros, to be loaded.
    """

    def __init__(
        self,
        block: Block,
        stem_channels: int,
        planes: Sequence[int],
        blocks: Sequence[int],
        strides: Sequence[int],
        norm: Norm,
        *,
        dilate: Sequence[bool] | None = None,
        stem_kernel: int = 7,
        stem_pool: bool = True,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem_channels, stem_kernel, 2, stem_kernel // 2, bias=False, rng=rng)
        self.bn1 = norm(stem_channels)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem_pool else nn.Identity()
        channels, stride, spacing = stem_channels, 4 if stem_pool else 2, 1
        self.out_channels: list[int] = []
        self.out_strides: list[int] = []
        dilate = [False] * len(planes) if dilate is None else dilate
        plan = zip(planes, blocks, strides, dilate, strict=True)
        for index, (plane, count, step, keeps_resolution) in enumerate(plan, start=1):
            taps = (spacing, spacing * step) if keeps_resolution else (spacing, spacing)
            step = 1 if keeps_resolution else step
            stage = residual_stage(block, channels, plane, count, step, norm, taps, rng=rng)
            setattr(self, f"layer{index}", stage)
            channels, stride, spacing = plane * block.expansion, stride * step, taps[1]
            self.out_channels.append(channels)
            self.out_strides.append(stride)

    def stages(self) -> list[nn.Module]:
        """The residual stages, shallowest first."""
        return [getattr(self, f"layer{i}") for i in range(1, len(self.out_channels) + 1)]

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the feature maps by name: C2 is the output of the first stage, C3 of the second, ..."""
        x = self.maxpool(ops.relu(nn.conv_norm(self.conv1, self.bn1, x), inplace=True))
        maps = {}
        for level, stage in enumerate(self.stages(), start=2):
            x = stage(x)
            maps[f"C{level}"] = x
        return maps
