"""The feature pyramid: coarse maps say what, fine maps say where, and sums of both say both.

    inner_l = conv1x1(C_l);   merged_l = inner_l + upsample2(merged_{l+1});   P_l = conv3x3(merged_l)

Source: Lin et al. 2017, "Feature pyramid networks", section 3; names as in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.models.bricks import Norm
from minimaskrcnn.models.mobilenet import MobileNetV3
from minimaskrcnn.models.resnet import ResNet

Body = ResNet | MobileNetV3


@dataclass(frozen=True)
class FeatureMaps:
    """The feature maps that a backbone computes from a batch of N images, by name, finest first.

    Attributes
    ----------
    body : dict from name to (N, C, y, x) Tensor
        The output of each residual stage: C2, C3, ...
    pyramid : dict from name to (N, C, y, x) Tensor
        The maps that the RPN and the heads read: P2, P3, ..., or one map of `body`.
    """

    body: dict[str, Tensor]
    pyramid: dict[str, Tensor]


class FeaturePyramid(nn.Module):
    """Compute maps P2, P3, ... of one width from maps C2, C3, ... of several widths.

    Parameters
    ----------
    in_channels : sequence of int, finest first
    out_channels : int
    extra_level : bool
        Whether the coarsest map, subsampled by 2, is added for the RPN (torchvision's LastLevelMaxPool).
    norm : callable (channels) -> Module, optional
        Makes the norm behind each convolution, which has no bias then.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int,
        extra_level: bool,
        norm: Norm | None = None,
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        self.out_channels, self.extra_level = out_channels, extra_level
        self.inner_blocks = nn.ModuleList(
            _linear_conv(channels, out_channels, 1, norm, rng) for channels in in_channels
        )
        self.layer_blocks = nn.ModuleList(
            _linear_conv(out_channels, out_channels, 3, norm, rng) for _ in in_channels
        )

    def forward(self, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """Turn C2, C3, ... (N, C, h, w), finest first, into P2, P3, ... (N, out_channels, h, w)."""
        pyramid: dict[str, Tensor] = {}
        merged = None
        blocks = zip(maps.items(), self.inner_blocks, self.layer_blocks, strict=True)
        for (name, features), inner, layer in reversed(list(blocks)):
            lateral = inner(features)
            if merged is not None:
                lateral = ops.add(lateral, _upsample_to(merged, lateral.shape[-2:]), inplace=True)
            merged = lateral
            pyramid[name.replace("C", "P")] = layer(merged)
        pyramid = dict(reversed(pyramid.items()))
        if self.extra_level:
            coarsest = list(pyramid)[-1]
            pyramid[f"P{int(coarsest[1:]) + 1}"] = ops.max_pool2d(pyramid[coarsest], 1, 2)
        return pyramid


def _linear_conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    norm: Norm | None,
    rng: np.random.Generator | None,
) -> nn.Sequential:
    """Build a convolution that no ReLU follows; so its weights have a smaller range than He's."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=norm is None)
    if rng is not None:
        conv.weight.data = nn.init.lecun_normal(conv.weight.shape, rng=rng)
    return nn.Sequential(conv) if norm is None else nn.ConvNorm(conv, norm(out_channels))


def _upsample_to(x: Tensor, size: tuple[int, int]) -> Tensor:
    return ops.interpolate(x, size=size, mode="nearest")


class Backbone(nn.Module):
    """Pictures in, maps out: a body, and what is made of its maps for the RPN and the heads.

    Attributes
    ----------
    out_channels : int, of each map of the pyramid
    strides : list of int, of the pyramid's maps in image pixels per cell, finest first
    """

    body: Body
    out_channels: int
    strides: list[int]

    def forward(self, x: Tensor) -> FeatureMaps:
        """Compute the maps of pictures (N, 3, H, W); each kind of backbone defines how."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(x)")


class BackboneWithFPN(Backbone):
    """A body and the pyramid on top of it."""

    def __init__(self, body: Body, fpn: FeaturePyramid):
        super().__init__()
        self.body, self.fpn = body, fpn
        self.out_channels = fpn.out_channels
        self.strides = body.out_strides + [2 * body.out_strides[-1]] * fpn.extra_level

    def forward(self, x: Tensor) -> FeatureMaps:
        """Return the maps of the body, and the pyramid of them."""
        maps = self.body(x)
        return FeatureMaps(maps, self.fpn(maps))


class BackboneLastMap(Backbone):
    """A body of which the RPN and the heads read only the last map: {"C4": (N, C, h, w)}.

    If `out_channels` is a number, a 1x1 convolution narrows the map. If it is None, the map stays as it is,
    as in the paper's C4 and C5 models.
    """

    def __init__(self, body: Body, out_channels: int | None, *, rng: np.random.Generator | None = None):
        super().__init__()
        channels, self.strides = body.out_channels[-1], body.out_strides[-1:]
        self.body, self.out_channels = body, out_channels or channels
        self.narrow = nn.Conv2d(channels, out_channels, 1, rng=rng) if out_channels else nn.Identity()

    def forward(self, x: Tensor) -> FeatureMaps:
        """Return the maps of the body, and the last one, narrowed if `out_channels` says so."""
        maps = self.body(x)
        name = list(maps)[-1]
        maps[name] = self.narrow(maps[name])
        return FeatureMaps(maps, {name: maps[name]})
