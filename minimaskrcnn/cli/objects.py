"""Detections as measurements: a label map, in which object k has the value k, and a table of the objects."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write

COLUMNS = ("file_name", "label", "class", "score", "area", "x", "y", "x1", "y1", "x2", "y2")
ENDINGS = {"tif": "TIFF", "png": "PNG"}
MOST = 65535  # labels that 16 bits can tell apart


def label_map(detections: Detections) -> np.ndarray:
    """Return (H, W) uint16: 0 for background, k for detection k - 1; better detections are on top.

    Examples
    --------
    >>> masks = np.array([[[1, 1, 0]], [[0, 1, 1]]], bool)
    >>> found = Detections(np.zeros((2, 4)), np.ones(2, int), np.array([0.9, 0.8]), masks)
    >>> label_map(found)
    array([[1, 1, 2]], dtype=uint16)
    """
    if detections.masks is None:
        raise InputError("a label map needs masks, but this model predicts only boxes; leave it out.")
    if len(detections) > MOST:
        raise InputError(f"a label map can hold at most {MOST} objects; raise --min-score.")
    masks = BoxMasks.of(detections.masks)
    labels = np.zeros(masks.shape[1:], np.uint16)
    for k in reversed(range(len(detections))):
        x1, y1, x2, y2 = masks.windows[k]
        labels[y1:y2, x1:x2][masks.crops[k]] = k + 1
    return labels


def write_label_map(path: Path, detections: Detections) -> Path:
    """Write the label map as a 16-bit PNG or compressed TIFF; the ending of the name decides."""
    picture = Image.fromarray(label_map(detections))
    kind = ENDINGS[path.suffix[1:]]
    options: dict[str, Any] = {"compression": "tiff_adobe_deflate"} if kind == "TIFF" else {}
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return atomic_write(path, lambda stream: stream.write(content.getvalue()))


def measured(file_name: str, detections: Detections, class_names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return one row of `COLUMNS` for each detection.

    `area` in pixels and the centroid (x, y) are those of the mask, or of the box where there are no masks.
    The middle of the first pixel is at (0.5, 0.5), as for boxes.
    """
    rows = []
    masks = None if detections.masks is None else BoxMasks.of(detections.masks)
    for k in range(len(detections)):
        x1, y1, x2, y2 = (round(float(side), 2) for side in detections.boxes[k])
        area, x, y = (x2 - x1) * (y2 - y1), (x1 + x2) / 2, (y1 + y2) / 2
        if masks is not None:
            ys, xs = np.nonzero(masks.crops[k])  # from the corner of its window
            area = len(ys)
            if area:
                corner = masks.windows[k, :2] + 0.5
                x, y = float(xs.mean() + corner[0]), float(ys.mean() + corner[1])
        name, score = class_names[int(detections.labels[k])], round(float(detections.scores[k]), 4)
        rows.append((file_name, k + 1, name, score, round(area, 2), round(x, 2), round(y, 2), x1, y1, x2, y2))
    return rows


def write_table(path: Path, rows: Sequence[tuple[Any, ...]]) -> Path:
    """Write rows of `COLUMNS` as CSV with a header."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(rows)
    content = text.getvalue().encode("utf-8", "surrogateescape")
    return atomic_write(path, lambda stream: stream.write(content))
