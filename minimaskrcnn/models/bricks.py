"""The brick of which the heads are built: a 3x3 convolution, a norm where the config has one, and ReLU.

without a norm   "0" convolution with bias, "1" ReLU
with a norm      "0" convolution, "1" norm, "2" ReLU      (torchvision's Conv2dNormActivation)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minimaskrcnn import nn

Norm = Callable[[int], nn.Module]


def conv_relu(
    channels: int, width: int, norm: Norm | None = None, *, rng: np.random.Generator | None = None
) -> nn.Sequential:
    """Build a brick from maps (N, channels, H, W) to maps (N, width, H, W)."""
    conv = nn.Conv2d(channels, width, 3, padding=1, bias=norm is None, rng=rng)
    if norm is None:
        return nn.Sequential(conv, nn.ReLU(inplace=True))
    return nn.ConvNorm(conv, norm(width), nn.ReLU(inplace=True))
