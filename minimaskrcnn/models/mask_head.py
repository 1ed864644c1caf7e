"""The mask head: a small fully convolutional network that draws one mask for each class in each RoI.

FPN style (figure 4 right):  (K, C, 14, 14) -> 3x3 convs -> 2x deconv -> 1x1 -> (K, classes, 28, 28)
C4 style (figure 4 left):    (K, C, 7, 7) -> res5 -> 2x deconv -> 1x1 -> (K, classes, 14, 14)
MLP (table 2e):              (K, C, 14, 14) -> fc -> fc -> fc -> (K, classes, 28, 28)

Each class has its own sigmoid mask, so classes do not compete; the box head has chosen the class. The other
two meanings of the output that the paper tries are in `mask_output`.
Source: He et al. 2017, "Mask R-CNN", section 3, figure 4, and table 2e for the MLP.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.bricks import Norm, conv_relu
from minimaskrcnn.models.mask_output import SIGMOID, MaskRule


class MaskHeadFPN(nn.Sequential):
    """3x3 convolutions with ReLU, and with a norm between them if one is given, at the RoI's resolution."""

    def __init__(
        self,
        in_channels: int,
        widths: Sequence[int],
        norm: Norm | None = None,
        *,
        rng: np.random.Generator | None = None,
    ):
        channels = [in_channels, *widths]
        super().__init__(
            *(conv_relu(fan, width, norm, rng=rng) for fan, width in zip(channels, widths, strict=False))
        )


class MaskPredictor(nn.Module):
    """A 2x deconvolution with ReLU, then a 1x1 convolution to one mask for each class."""

    def __init__(self, in_channels: int, width: int, masks: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.conv5_mask = nn.ConvTranspose2d(in_channels, width, 2, 2, rng=rng)
        self.mask_fcn_logits = nn.Conv2d(width, masks, 1)
        if rng is not None:
            shape = self.mask_fcn_logits.weight.shape
            self.mask_fcn_logits.weight.data = nn.init.normal(shape, std=0.01, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn features (K, C, m, m) into logits (K, masks, 2m, 2m)."""
        return self.mask_fcn_logits(ops.relu(self.conv5_mask(x), inplace=True))


class MaskMLPPredictor(nn.Module):
    """One fully connected layer from the vector of a `TwoMLPHead` to every pixel of every mask.

    A vector knows no neighbours: the layer must learn each place of a mask by itself.
    """

    def __init__(self, in_features: int, masks: int, side: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.masks, self.side = masks, side
        self.mask_mlp_logits = nn.Linear(in_features, masks * side * side)
        if rng is not None:
            shape = self.mask_mlp_logits.weight.shape
            self.mask_mlp_logits.weight.data = nn.init.normal(shape, std=0.01, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn vectors (K, in_features) into logits (K, masks, side, side)."""
        # (K, masks*side*side) -> (K, masks, side, side)
        return self.mask_mlp_logits(x).reshape(x.shape[0], self.masks, self.side, self.side)


def mask_loss(
    logits: Tensor,
    boxes: Sequence[np.ndarray],
    labels: Sequence[np.ndarray],
    matched: Sequence[np.ndarray],
    targets: Sequence[Target],
    rule: MaskRule = SIGMOID,
) -> Tensor:
    """Return the mean cross-entropy between the mask of each RoI's true class and the true mask.

    Parameters
    ----------
    logits : (K, classes, M, M) Tensor
        Mask logits for the RoIs of all pictures.
    boxes, labels, matched : sequences of arrays, one per picture
        RoIs (k, 4), their true labels (k,), which start at 1, and the index (k,) of each RoI's object.
    targets : sequence of Target, one per picture
        The true objects, with masks.
    rule : MaskRule
        What the logits mean, one of `mask_output.MASK_RULES`.

    Notes
    -----
    With `SIGMOID` only the channel of the true class has a loss: this "decouples mask and class prediction"
    (section 3).
    """
    K, _, M, _ = logits.shape
    if K == 0:
        return logits.sum() * 0.0
    truth = np.concatenate(
        [
            mask_targets(t.masks, b, m, M)
            for t, b, m in zip(targets, boxes, matched, strict=True)
            if t.masks is not None
        ]
    ).astype(logits.dtype)
    return rule.loss(logits, np.concatenate(labels), truth)  # of (K, M, M)
