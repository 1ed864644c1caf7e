"""Read the features of each RoI from one pyramid level: small boxes from fine maps, large from coarse ones.

    level = floor(4 + log2(sqrt(area) / 224));   features = roi_operator(P_level, roi)

Source: Lin et al. 2017, eq. 1; the operator is RoIAlign unless another is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels.roi_rules import (
    ROI_ALIGN,
    ROI_ALIGN_MAX,
    ROI_ALIGN_V2,
    ROI_POOL,
    ROI_WARP,
    ROI_WARP_END,
    ROI_WARP_END_MAX,
    ROI_WARP_MAX,
    RoIRule,
)

OPERATORS: dict[str, RoIRule] = {
    "roi_pool": ROI_POOL,
    "roi_warp": ROI_WARP,
    "roi_warp_max": ROI_WARP_MAX,
    "roi_warp_end": ROI_WARP_END,
    "roi_warp_end_max": ROI_WARP_END_MAX,
    "roi_align": ROI_ALIGN,
    "roi_align_max": ROI_ALIGN_MAX,
    "roi_align_v2": ROI_ALIGN_V2,
}


class RoIExtractor:
    """Read features of a fixed size for RoIs of any size.

    Parameters
    ----------
    strides : sequence of int
        Strides of the levels that it may use, finest first, in image pixels per cell.
    output_size : int
        Cells per side of the result.
    operator : str
        One of `OPERATORS`.
    sampling_ratio : int
        Samples per bin and axis for the bilinear operators; 0 or less adapts it to the box.
    canonical_scale : float
        Side in pixels of the box that belongs to `canonical_level`.
    canonical_level : int
        The number of a level, 4 for P4.
    """

    def __init__(
        self,
        strides: Sequence[int],
        output_size: int,
        operator: str = "roi_align",
        sampling_ratio: int = 2,
        canonical_scale: float = 224.0,
        canonical_level: int = 4,
    ):
        self.strides, self.output_size = list(strides), output_size
        self.operator, self.sampling_ratio = operator, sampling_ratio
        self.rule = roi_rule(operator, sampling_ratio)
        k_min, k_max = int(np.log2(strides[0])), int(np.log2(strides[-1]))
        self.mapper = LevelMapper(k_min, k_max, canonical_scale, canonical_level)

    def __call__(self, pyramid: dict[str, Tensor], rois: np.ndarray) -> Tensor:
        """Return features (K, C, output_size, output_size) for rois (K, 5), in the order of the rois."""
        maps = list(pyramid.values())[: len(self.strides)]
        level = self.mapper(rois[:, 1:])
        pieces, order = [], []
        for index, (features, stride) in enumerate(zip(maps, self.strides, strict=True)):
            chosen = np.flatnonzero(level == index)
            if len(chosen) == len(rois):
                return self._features(features, rois, stride)
            if len(chosen):
                pieces.append(self._features(features, rois[chosen], stride))
                order.append(chosen)
        back = np.argsort(np.concatenate(order))  # row of each roi in the concatenation
        return ops.concatenate(pieces, 0)[back]

    def _features(self, features: Tensor, rois: np.ndarray, stride: int) -> Tensor:
        size = (self.output_size, self.output_size)
        return ops.roi_features(features, rois, size, 1.0 / stride, self.rule)


def roi_rule(operator: str, sampling_ratio: int) -> RoIRule:
    """Return the rule of a named operator, with `sampling_ratio` samples per bin and axis if it samples."""
    if operator not in OPERATORS:
        raise InputError(f"roi operator {operator!r} is unknown; choose one of {', '.join(OPERATORS)}.")
    rule = OPERATORS[operator]
    return rule if rule.sampling_ratio is None else replace(rule, sampling_ratio=sampling_ratio)


def as_rois(boxes: Sequence[np.ndarray]) -> np.ndarray:
    """Join the boxes (P_n, 4) of all pictures into rois (sum P_n, 5), with the index of the picture first."""
    index = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
    stacked = np.concatenate(boxes)
    return np.concatenate([index[:, None].astype(stacked.dtype), stacked], 1)
