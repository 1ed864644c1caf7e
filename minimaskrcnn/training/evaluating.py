"""Compute the average precision of a model on a data set: predict every picture, then compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.preparation import prepare, steps_left
from minimaskrcnn.data.subset import Subset
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.models.mask_rcnn import MaskRCNN


@dataclass(frozen=True)
class Evaluation:
    """The COCO summary for boxes and, if the model predicts masks, for masks."""

    box: dict
    mask: dict | None


def evaluate(
    model: MaskRCNN,
    dataset: Dataset,
    max_dets: int = 100,
    indices: Iterable[int] | None = None,
    on_image: Callable[[int], None] = lambda index: None,
) -> Evaluation:
    """Predict the pictures `indices` (all by default) and summarise.

    Pictures are prepared as the model needs it (`MaskRCNN.prepare`), unless the data set has done so already.
    `on_image` is called with the index of each picture after its prediction.
    """
    limits = tuple(sorted({1, min(10, max_dets), max_dets}))
    box = CocoEvaluator("bbox", limits)
    mask = CocoEvaluator("segm", limits) if model.roi_heads.has_mask else None
    left = steps_left(model.prepare, getattr(dataset, "prepared", ()))
    for index in range(len(dataset)) if indices is None else indices:
        image, target = dataset[index]
        detections = model.predict([prepare(image, left)])[0]
        # COCO files state the area of each object, which decides whether it counts as small, medium or large.
        areas = dataset.areas(index) if isinstance(dataset, CocoDataset | Subset) else None
        box.add(target, detections, areas)
        if mask is not None:
            mask.add(target, detections, areas)
        on_image(index)
    return Evaluation(box.summary(), None if mask is None else mask.summary())


def best_evaluation(evaluations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first record with the highest AP: of masks if there are any, otherwise of boxes."""
    scored = [record for record in evaluations if np.isfinite(average_precision(record))]
    return max(scored, key=average_precision, default=None)


def average_precision(record: Mapping[str, Any]) -> float:
    """Return the AP by which models are compared: of masks if there are any, otherwise of boxes."""
    return record.get("mask_AP", record["box_AP"])
