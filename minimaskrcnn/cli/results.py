"""Detections as rows of a table, as JSON, and as COCO results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli import output
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.structures import Detections

if TYPE_CHECKING:
    import numpy as np

HEADER = ("class", "score", "x1", "y1", "x2", "y2", "mask px")


def print_detections(detections: Detections, class_names: Sequence[str]) -> None:
    """Print one row per detection, best first: class, score, box in pixels, area of the mask in pixels."""
    print_records(as_records(detections, class_names))


def print_records(records: Sequence[dict[str, Any]]) -> None:
    """The same of records that `as_records` made."""
    rows = [
        [row["class"], row["score"], *(round(side) for side in row["box"]), row["mask_area"]]
        for row in records
    ]
    output.print_table(HEADER, rows)


def at_least(detections: Detections, score: float) -> Detections:
    """Return the detections with at least this score."""
    return detections.take(detections.scores >= score)


def as_records(detections: Detections, class_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return one dict per detection, of plain Python values, in pixels.

    `box` is (x1, y1, x2, y2); a model that finds keypoints adds `keypoints`, (x, y, score) for each.
    """
    areas = [None] * len(detections)
    if detections.masks is not None:
        areas = BoxMasks.of(detections.masks).areas().tolist()
    records: list[dict[str, Any]] = [
        {
            "class": class_names[label],
            "score": round(float(score), 4),
            "box": [round(float(side), 2) for side in box],
            "mask_area": area,
        }
        for box, label, score, area in zip(
            detections.boxes, detections.labels, detections.scores, areas, strict=True
        )
    ]
    if detections.keypoints is not None and detections.keypoint_scores is not None:
        for record, places, scores in zip(
            records, detections.keypoints.tolist(), detections.keypoint_scores.tolist(), strict=True
        ):
            points = zip(places, scores, strict=True)
            record["keypoints"] = [[round(x, 2), round(y, 2), round(s, 4)] for (x, y, _), s in points]
    return records


def as_coco(
    detections: Detections, image_id: int | str, file_name: str, category_ids: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """The entries of COCO's results format for one picture.

    `category_id` is `category_ids[label]`, or the label; `bbox` (x, y, width, height) in pixels;
    `segmentation` compressed run lengths; `keypoints` x, y, 1 for each. Numbers keep every digit of their
    float32: AP depends on the order of scores and on IoUs near a threshold.
    """
    entries = []
    outlines = [] if detections.masks is None else rle.encode_all(detections.masks)
    for k in range(len(detections)):
        x1, y1, x2, y2 = detections.boxes[k]
        label = int(detections.labels[k])
        entry: dict[str, Any] = {
            "image_id": image_id,
            "file_name": file_name,
            "category_id": label if category_ids is None else category_ids[label],
            "bbox": [all_digits(value) for value in (x1, y1, x2 - x1, y2 - y1)],
            "score": all_digits(detections.scores[k]),
        }
        if detections.masks is not None:
            entry["segmentation"] = outlines[k]
        if detections.keypoints is not None:
            entry["keypoints"] = [all_digits(value) for value in detections.keypoints[k].ravel()]
        entries.append(entry)
    return entries


def all_digits(value: np.floating) -> float:
    """The shortest number that rounds to the same float32.

    >>> import numpy as np
    >>> all_digits(np.float32(0.1)), float(np.float32(0.1))
    (0.1, 0.10000000149011612)
    """
    return float(str(value))
