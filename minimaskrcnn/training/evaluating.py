"""Average precision of a model on a data set: predict every picture, then compare."""

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
    """The COCO summary for boxes and, if the model draws them, for masks."""

    box: dict
    mask: dict | None


def evaluate(
    model: MaskRCNN,
    dataset: Dataset,
    max_dets: int = 100,
    indices: Iterable[int] | None = None,
    on_image: Callable[[int], None] = lambda index: None,
) -> Evaluation:
    """Predict the pictures `indices` (all by default) and summarise; `on_image` is told after each.

    Pictures are prepared as the model asks for (`MaskRCNN.prepare`), if the data set has not done it.
    """
    limits = tuple(sorted({1, min(10, max_dets), max_dets}))
    box = CocoEvaluator("bbox", limits)
    mask = CocoEvaluator("segm", limits) if model.roi_heads.has_mask else None
    left = steps_left(model.prepare, getattr(dataset, "prepared", ()))
    for index in range(len(dataset)) if indices is None else indices:
        image, target = dataset[index]
        detections = model.predict([prepare(image, left)])[0]
        # COCO files state each object's area; small, medium and large go by that number.
        areas = dataset.areas(index) if isinstance(dataset, CocoDataset | Subset) else None
        box.add(target, detections, areas)
        if mask is not None:
            mask.add(target, detections, areas)
        on_image(index)
    return Evaluation(box.summary(), None if mask is None else mask.summary())


def best_evaluation(evaluations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first record with the highest AP, of masks where there are masks, else of boxes."""
    scored = [record for record in evaluations if np.isfinite(average_precision(record))]
    return max(scored, key=average_precision, default=None)


def average_precision(record: Mapping[str, Any]) -> float:
    """The AP by which models are compared: of masks where there are masks, else of boxes."""
    return record.get("mask_AP", record["box_AP"])
