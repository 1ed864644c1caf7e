"""Detections in COCO's results format: what `predict` and other tools write, and pycocotools scores.

    [{"image_id": 7, "category_id": 1, "score": 0.9, "bbox": [x, y, width, height], "segmentation": ...,
      "keypoints": [x, y, v, ...]}, ...]

Ids are those of an annotation file. Masks stay run lengths until a picture's detections are asked for.
"""

from __future__ import annotations

import math
import os
from array import array
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.data.annotations.categories import category_id
from minimaskrcnn.data.annotations.entries import Id, Outline, Picture, as_id, as_number, as_object
from minimaskrcnn.data.annotations.findings import EntryError, shown
from minimaskrcnn.data.annotations.outlines import check_outline, extent
from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.readers.text import as_json, read_bytes
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.outlines import draw_outlines
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.errors import InputError


@dataclass(frozen=True, slots=True)
class _Result:
    label: int
    score: float
    box: list[float] | None  # x1, y1, x2, y2
    outline: Outline | None
    keypoints: array[float] | None


class CocoResults:
    """The detections of one results file, picture by picture.

    Parameters
    ----------
    path : str or path
        A JSON list of results.
    dataset : CocoDataset
        The annotations whose ids the results have.

    Attributes
    ----------
    has_masks : bool
        Whether every result has a segmentation. A file in which only some have one is refused.
    has_keypoints : bool
        Likewise for keypoints, which are read if the annotations have some.
    pictures : int
        How many pictures have results.

    Raises
    ------
    InputError
        The file is not of this format, or an entry cannot be used; the message names it.
    """

    def __init__(self, path: str | os.PathLike[str], dataset: CocoDataset):
        self.path, self.dataset = Path(path), dataset
        content = as_json(read_bytes(self.path), self.path)
        if not isinstance(content, list):
            raise InputError(
                f"{path} holds a {type(content).__name__}; expected the list that `predict` writes."
            )
        unknown = [key for key, picture in dataset.file.pictures.items() if picture.size is None]
        if unknown:
            raise InputError(
                f"{dataset.path}: image {unknown[0]} has no width and height; name the folder of the "
                "pictures with --images."
            )
        self.has_masks = any(isinstance(entry, dict) and entry.get("segmentation") for entry in content)
        self._keypoints = len(dataset.skeleton) if dataset.skeleton else 0
        self.has_keypoints = bool(self._keypoints) and any(
            isinstance(entry, dict) and entry.get("keypoints") for entry in content
        )
        self._labels = {category: k for k, category in enumerate(dataset.category_ids) if k}
        self._found: dict[Id, list[_Result]] = defaultdict(list)
        for position, entry in enumerate(content):
            try:
                picture, result = self._read(as_object(entry))
            except EntryError as fault:
                raise InputError(f"{path}: result {position} {fault.fault}; {fault.fix}.") from None
            self._found[picture.id].append(result)
        self.pictures = len(self._found)

    def size(self, index: int) -> tuple[int, int]:
        """Return the (height, width) of picture `index` of the data set."""
        size = self.dataset.file.pictures[self.dataset.image_ids[index]].size
        assert size is not None
        return size

    def detections(self, index: int) -> Detections:
        """Return what was found in picture `index` of the data set, best first."""
        found = sorted(self._found[self.dataset.image_ids[index]], key=lambda result: -result.score)
        masks = self._masks(index, found) if self.has_masks else None
        boxes = [self._box(k, result, masks) for k, result in enumerate(found)]
        return Detections(
            np.array(boxes, np.float64).reshape(-1, 4),
            np.array([result.label for result in found], np.int64),
            np.array([result.score for result in found], np.float64),
            masks,
            self._poses(found) if self.has_keypoints else None,
        )

    def _poses(self, found: list[_Result]) -> np.ndarray:
        """Return the keypoints (D, K, 3)."""
        rows = np.array([result.keypoints for result in found], np.float64)
        return rows.reshape(len(found), self._keypoints, 3)

    def _read(self, entry: dict[str, Any]) -> tuple[Picture, _Result]:
        key = as_id(entry.get("image_id"))
        picture = self.dataset.file.pictures.get(key)
        if picture is None:
            raise EntryError(
                "image",
                f"belongs to image {shown(key)}, which {self.dataset.path} does not list",
                "`predict --ids-from FILE` writes the ids of an annotation file",
            )
        label = self._labels.get(category_id(entry.get("category_id"), texts=False))
        if label is None:
            raise EntryError(
                "category",
                f"has category {shown(entry.get('category_id'))}, which {self.dataset.path} does not list",
                "`predict --ids-from FILE` writes the ids of an annotation file",
            )
        score = as_number(entry.get("score"))
        if math.isnan(score):
            raise EntryError("score", f"has the score {shown(entry.get('score'))}", "write a finite number")
        outline = check_outline(entry.get("segmentation"), picture) if self.has_masks else None
        points = _keypoints(entry.get("keypoints"), self._keypoints) if self.has_keypoints else None
        box: list[float] | None = None
        if "bbox" in entry or (outline is None and points is None):
            box = _box(entry.get("bbox"))
        elif points is not None and outline is None:
            box = _around(points)
        return picture, _Result(label, score, box, outline, points)

    def _masks(self, index: int, found: list[_Result]) -> BoxMasks:
        """Draw the outlines."""
        try:
            return draw_outlines([result.outline for result in found], self.size(index))
        except InputError as fault:
            image = self.dataset.image_ids[index]
            raise InputError(f"{self.path}: a mask in image {image}: {fault}") from None

    @staticmethod
    def _box(k: int, result: _Result, masks: BoxMasks | None) -> Any:
        """Return the box that the file states, else that of the outline."""
        if result.box is not None:
            return result.box
        if isinstance(result.outline, list):
            return extent(result.outline)
        assert masks is not None
        return masks.windows[k]


def _keypoints(value: Any, count: int) -> array[float]:
    """Return x, y, v of each keypoint; other tools write a score as v, which counts for nothing here."""
    numbers = array("d", map(as_number, value if isinstance(value, list) else []))
    if len(numbers) != 3 * count or any(v != v or abs(v) > 2**31 for v in numbers):
        raise EntryError(
            "keypoints",
            f"has the keypoints {shown(value)}",
            f"write finite x, y, v for each of the {count} keypoints",
        )
    return numbers


def _around(keypoints: array[float]) -> list[float]:
    """Return x1, y1, x2, y2 of the keypoints."""
    x, y = keypoints[::3], keypoints[1::3]
    return [min(x), min(y), max(x), max(y)]


def _box(value: Any) -> list[float]:
    """Return x1, y1, x2, y2 of the file's x, y, width, height."""
    numbers = [as_number(v) for v in value] if isinstance(value, list) and len(value) == 4 else []
    if not numbers or any(v != v or abs(v) > 2**31 for v in numbers) or min(numbers[2:]) < 0:
        raise EntryError("box", f"has bbox {shown(value)}", "write finite x, y, width, height")
    x, y, width, height = numbers
    return [x, y, x + width, y + height]
