"""The box head answers two questions: what is in this RoI, and how should its box move?

RoI features (K, C, 7, 7) -> two fully connected layers -> class logits, and deltas for each class

Instead of the two layers there may be convolutions and one layer, or the last residual stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.models.bricks import Norm, conv_relu


class TwoMLPHead(nn.Module):
    """Two fully connected layers with ReLU, on the flattened features.

    Source: Lin et al. 2017, section 4.2; torchvision's TwoMLPHead.
    """

    def __init__(self, in_features: int, width: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.fc6 = nn.Linear(in_features, width, rng=rng)
        self.fc7 = nn.Linear(width, width, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn the features (K, C, h, w) of K RoIs into vectors (K, width)."""
        x = x.reshape(x.shape[0], prod(x.shape[1:]))  # (K, C*7*7), K may be 0
        x = ops.relu(self.fc6(x), inplace=True)
        return ops.relu(self.fc7(x), inplace=True)


class ConvFCHead(nn.Sequential):
    """3x3 convolutions at the RoI's resolution, then one fully connected layer, all with ReLU.

    Source: Wu & He 2018, "Group normalization", section 4.2; torchvision's FastRCNNConvFCHead.
    """

    def __init__(
        self,
        in_channels: int,
        side: int,
        widths: Sequence[int],
        width: int,
        norm: Norm | None,
        *,
        rng: np.random.Generator | None = None,
    ):
        channels = [in_channels, *widths]
        super().__init__(
            *(conv_relu(fan, out, norm, rng=rng) for fan, out in zip(channels, widths, strict=False)),
            nn.Flatten(),
            nn.Linear(channels[-1] * side**2, width, rng=rng),
            nn.ReLU(inplace=True),
        )


class Res5BoxHead(nn.Module):
    """The paper's C4 head: the last residual stage on each RoI, then the average over its cells.

    Source: Mask R-CNN, figure 4 left.
    """

    def __init__(self, res5: nn.Module):
        super().__init__()
        self.res5 = res5

    def forward(self, x: Tensor) -> Tensor:
        """Turn the features (K, C, h, w) of K RoIs into vectors (K, C of the last stage)."""
        return self.res5(x).mean((2, 3))  # (K, C, 7, 7) -> (K, C)


class BoxPredictor(nn.Module):
    """Class logits (K, num_classes) and deltas (K, 4*num_classes) from the head's vector."""

    def __init__(self, in_features: int, num_classes: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.cls_score = nn.Linear(in_features, num_classes)
        self.bbox_pred = nn.Linear(in_features, num_classes * 4)
        if rng is not None:
            # Small weights: training starts from equal classes (a loss of ln K) and boxes that do not move.
            self.cls_score.weight.data = nn.init.normal(self.cls_score.weight.shape, std=0.01, rng=rng)
            self.bbox_pred.weight.data = nn.init.normal(self.bbox_pred.weight.shape, std=0.001, rng=rng)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Turn vectors (K, in_features) into logits (K, num_classes) and deltas (K, 4*num_classes)."""
        return self.cls_score(x), self.bbox_pred(x)
