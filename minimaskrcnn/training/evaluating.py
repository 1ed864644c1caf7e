"""Compute the average precision of a model on a data set: predict every picture, then compare."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.preparation import prepare, steps_left
from minimaskrcnn.data.results import CocoResults
from minimaskrcnn.data.subset import Subset
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.models.mask_rcnn import MaskRCNN

Crew = Callable[[Iterable[np.ndarray]], Iterator[Detections]]
"""Whoever predicts pictures, and returns the detections in their order."""


@dataclass(frozen=True)
class Evaluation:
    """The COCO summary for boxes and, where the model predicts them and the data have them, for the rest."""

    box: dict[str, Any]
    mask: dict[str, Any] | None
    keypoints: dict[str, Any] | None = None

    def named(self) -> dict[str, dict[str, Any]]:
        """The summaries that there are, by name: "box", "mask", "keypoint"."""
        found = {"box": self.box, "mask": self.mask, "keypoint": self.keypoints}
        return {name: summary for name, summary in found.items() if summary is not None}


def evaluate(
    model: MaskRCNN,
    dataset: Dataset,
    max_dets: int = 100,
    indices: Iterable[int] | None = None,
    on_image: Callable[[int], None] = lambda index: None,
    on_detections: Callable[[np.ndarray, Detections], None] = lambda image, found: None,
    crew: Crew | None = None,
) -> Evaluation:
    """Predict the pictures `indices` (all by default) and summarise.

    Pictures are prepared as the model needs it (`MaskRCNN.prepare`), unless the data set has done so already.
    `on_image` is called with the index of each picture after its prediction, and `on_detections` with the
    picture (3, H, W) and what was found in it. A `crew` predicts the pictures in place of this process.
    """
    scores = _Scores(max_dets, model.roi_heads.has_mask, model.roi_heads.has_keypoints)
    left = steps_left(model.prepare, getattr(dataset, "prepared", ()))
    out: deque[tuple[int, np.ndarray, Target]] = deque()  # the crew has not answered yet

    def pictures() -> Iterator[np.ndarray]:
        for index in range(len(dataset)) if indices is None else indices:
            image, target = dataset[index]
            out.append((index, image, target))
            yield prepare(image, left)

    for found in crew(pictures()) if crew else (model.predict([image])[0] for image in pictures()):
        index, image, target = out.popleft()
        # COCO files state the area of each object, which decides whether it counts as small, medium or large.
        areas = dataset.areas(index) if isinstance(dataset, CocoDataset | Subset) else None
        scores.add(target, found, areas)
        on_detections(image, found)
        on_image(index)
    return scores.summary()


def evaluate_results(
    results: CocoResults, max_dets: int = 100, on_image: Callable[[int], None] = lambda index: None
) -> Evaluation:
    """Summarise detections that were made before, against the annotations that they belong to."""
    dataset = results.dataset
    scores = _Scores(max_dets, results.has_masks and dataset.has_masks, results.has_keypoints)
    for index in range(len(dataset)):
        target = dataset.target(index, results.size(index))
        scores.add(target, results.detections(index), dataset.areas(index))
        on_image(index)
    return scores.summary()


class _Scores:
    """The evaluators of boxes and, if there are any, of masks and of keypoints."""

    def __init__(self, max_dets: int, masks: bool, keypoints: bool):
        limits = tuple(sorted({1, min(10, max_dets), max_dets}))
        self.box = CocoEvaluator("bbox", limits)
        self.mask = CocoEvaluator("segm", limits) if masks else None
        self.keypoints = CocoEvaluator("keypoints") if keypoints else None

    def add(self, target: Target, detections: Detections, areas: np.ndarray | None) -> None:
        self.box.add(target, detections, areas)
        if self.mask is not None:
            self.mask.add(target, detections, areas)
        if target.keypoints is None:
            self.keypoints = None  # the data have none
        elif self.keypoints is not None:
            self.keypoints.add(target, detections, areas)

    def summary(self) -> Evaluation:
        mask, keypoints = (None if one is None else one.summary() for one in (self.mask, self.keypoints))
        return Evaluation(self.box.summary(), mask, keypoints)


def best_evaluation(evaluations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first record with the highest AP, see `average_precision`."""
    scored = [record for record in evaluations if np.isfinite(average_precision(record))]
    return max(scored, key=average_precision, default=None)


def average_precision(record: Mapping[str, Any]) -> float:
    """Return the AP by which models are compared: of keypoints or masks if there are any, else of boxes."""
    return record.get("keypoint_AP", record.get("mask_AP", record["box_AP"]))
