"""The body that the small models share: a residual network a laptop trains in minutes."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.models.resnet import BasicBlock, ResNet

GREY_MEAN, GREY_STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def group_norm(channels: int) -> nn.Module:
    """Eight groups: statistics of one picture, so that batches of two or four can be learnt from."""
    return nn.GroupNorm(8, channels)


def mini_body(rng: np.random.Generator | None) -> ResNet:
    """Stem of stride 2, then residual stages at strides 4, 8, 16; 16-32-64-128 channels, GroupNorm."""
    return ResNet(
        BasicBlock,
        16,
        planes=(32, 64, 128),
        blocks=(2, 2, 1),
        strides=(2, 2, 2),
        norm=group_norm,
        stem_kernel=3,
        stem_pool=False,
        rng=rng,
    )
