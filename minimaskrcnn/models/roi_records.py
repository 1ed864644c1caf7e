"""What the second stage hands on: the samples it learns from, the outputs of its branches, its detections.

    Samples            sampled RoIs and what is true of each                (training)
    BoxOutput          logits and deltas of every RoI
    MapOutput          a mask for each class, or a heat map for each keypoint, of every RoI
    HeadOutput         what was detected in one picture                     (prediction)

A `MaskBranch` or `KeypointBranch` is the parts that make a `MapOutput`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.models.mask_output import SIGMOID, MaskRule
from minimaskrcnn.models.roi_extractor import RoIExtractor


@dataclass(frozen=True)
class BoxOutput:
    """The output of the box branch for the RoIs of all pictures, one picture after the other.

    Attributes
    ----------
    proposals : list of (P_n, 4) arrays
        The RoIs of each picture n, (x1, y1, x2, y2) in pixels; R of them in all.
    features : (R, C, y, x) Tensor
        The features that the RoI operator read.
    logits : (R, K) Tensor
        One per class, including background.
    deltas : (R, 4*K) Tensor
        (dx, dy, dw, dh) for each class.
    """

    proposals: list[np.ndarray]
    features: Tensor
    logits: Tensor
    deltas: Tensor


@dataclass(frozen=True)
class MapOutput:
    """The output of the mask or keypoint branch for the boxes of all pictures, one picture after the other.

    Attributes
    ----------
    features : (R, C, y, x) Tensor
        The features that the RoI operator read.
    logits : (R, K, side, side) Tensor
        One mask per class, or a single one (K = 1) if masks are class-agnostic; one heat map per keypoint.
    """

    features: Tensor
    logits: Tensor


@dataclass(frozen=True)
class Samples:
    """The sampled RoIs of one picture, from which the heads learn.

    Attributes
    ----------
    boxes : (R, 4) float
    labels : (R,) int64
        The true class; 0 is background.
    matched : (R,) int64
        Index of the object that each RoI overlaps most.
    deltas : (R, 4) float
        The targets of the box head.
    """

    boxes: np.ndarray
    labels: np.ndarray
    matched: np.ndarray
    deltas: np.ndarray

    def objects(self) -> Samples:
        """Return those that represent objects."""
        own = np.flatnonzero(self.labels > 0)
        return Samples(self.boxes[own], self.labels[own], self.matched[own], self.deltas[own])


@dataclass(frozen=True)
class HeadOutput:
    """The detections of one picture, still in pixels of the resized picture.

    Attributes
    ----------
    boxes : (D, 4) float, (x1, y1, x2, y2)
    labels : (D,) int64, at least 1
    scores : (D,) float, best first
    mask_probs : (D, side, side) float in [0, 1], each over its box; None without a mask head
    keypoints : (D, K, 3) float, x, y and 1; None without a keypoint head
    keypoint_scores : (D, K) float, logits; None without a keypoint head
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    mask_probs: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    keypoint_scores: np.ndarray | None = None


@dataclass(frozen=True)
class MaskBranch:
    """The parts that together predict masks, and what their output means. Without them: Faster R-CNN."""

    extractor: RoIExtractor
    head: nn.Module
    predictor: nn.Module
    rule: MaskRule = SIGMOID


@dataclass(frozen=True)
class KeypointBranch:
    """The parts that together predict keypoints."""

    extractor: RoIExtractor
    head: nn.Module
    predictor: nn.Module
