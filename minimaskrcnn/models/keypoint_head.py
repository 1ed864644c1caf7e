"""The keypoint head: a heat map for each kind of keypoint in each RoI.

    (R, C, 14, 14) -> eight 3x3 convolutions -> 2x deconvolution -> bilinear, twice the side -> (R, K, 56, 56)

One cell of a map is right, so training is a choice among 56*56 classes: L = -log softmax(map)[cell], the mean
over the keypoints that are annotated and lie in their RoI.
Source: He et al. 2017, "Mask R-CNN", section 5, "Mask R-CNN for Human Pose Estimation".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.keypoints import keypoint_cells


class KeypointHead(nn.Sequential):
    """3x3 convolutions with ReLU at the RoI's resolution."""

    def __init__(self, in_channels: int, widths: Sequence[int], *, rng: np.random.Generator | None = None):
        layers: list[nn.Module] = []
        for fan, width in zip([in_channels, *widths], widths, strict=False):
            layers += [nn.Conv2d(fan, width, 3, padding=1, rng=rng), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class KeypointPredictor(nn.Module):
    """A 4x4 deconvolution of stride 2 to one map for each keypoint, then bilinear interpolation."""

    def __init__(self, in_channels: int, keypoints: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(in_channels, keypoints, 4, 2, 1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Turn features (R, C, m, m) into heat maps (R, K, 4m, 4m), logits."""
        return ops.interpolate(self.kps_score_lowres(x), scale_factor=2.0, mode="bilinear")


def keypoint_loss(heatmaps: Tensor, boxes: Sequence[np.ndarray], keypoints: Sequence[np.ndarray]) -> Tensor:
    """Return the mean cross-entropy between each heat map and the cell of its true keypoint.

    Parameters
    ----------
    heatmaps : (R, K, M, M) Tensor
        Logits for the RoIs of all pictures.
    boxes, keypoints : sequences of arrays, one per picture
        RoIs (r, 4) and the keypoints (r, K, 3) of the object of each, in pixels.

    Notes
    -----
    0 if no keypoint is annotated and inside its RoI.
    """
    R, K, M, _ = heatmaps.shape
    pairs = [keypoint_cells(own, rois, M) for own, rois in zip(keypoints, boxes, strict=True)]
    cells = np.concatenate([cells.ravel() for cells, _ in pairs])  # (R*K,)
    known = np.flatnonzero(np.concatenate([known.ravel() for _, known in pairs]))
    if not len(known):
        return heatmaps.sum() * 0.0
    logits = heatmaps.reshape(R * K, M * M)  # (R, K, M, M) -> (R*K, M*M)
    return ops.cross_entropy(logits[known], cells[known])
