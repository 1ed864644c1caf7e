"""Any data set in COCO's JSON format: polygons, run lengths of both kinds, crowds, empty pictures.

COCO numbers its categories freely (1, 2, ..., 90 with gaps); a detector needs labels 1, 2, ..., K. Label k
here is the k-th category in order of id, and `category_ids` translates back when results are written.

The whole file is checked when it is opened, so that a broken annotation stops a run at its start.
"""

import json
import math
import os
from collections import defaultdict
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from minimaskrcnn.data.dataset import check_index
from minimaskrcnn.data.images import read_image
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError


class CocoDataset:
    """Pictures and annotations of one COCO JSON file.

    Parameters
    ----------
    annotation_file : str or path
        The JSON, with the lists ``images``, ``annotations`` and ``categories``.
    image_dir : str or path
        Folder that holds each image's ``file_name``.
    skip_broken : bool
        Leave out annotations that cannot be used instead of raising; their ids are kept in ``skipped``.

    Attributes
    ----------
    class_names : list of str
        "background", then the categories in order of their id.
    category_ids : list of int
        COCO's category id for each label; ``category_ids[0]`` is 0, the background.
    image_ids : list of int
        COCO's id for each picture, in increasing order; also ``Target.image_id``.

    Raises
    ------
    InputError
        The file is missing or not of this format, or an annotation is broken (the message has its id).

    Notes
    -----
    When no annotation of the file has a segmentation, ``Target.masks`` is ``None``: enough for Faster R-CNN.
    """

    def __init__(
        self, annotation_file: str | os.PathLike, image_dir: str | os.PathLike, skip_broken: bool = False
    ):
        self.path, self.image_dir = Path(annotation_file), Path(image_dir)
        content = _load_json(self.path)
        images = {image["id"]: image for image in _records(content, "images", ("id", "file_name"), self.path)}
        categories = {c["id"]: c["name"] for c in _records(content, "categories", ("id", "name"), self.path)}
        if not images or not categories:
            raise InputError(f"CocoDataset: {self.path} lists no images or no categories; both are needed.")
        self.image_ids = sorted(images)
        self.category_ids = [0, *sorted(categories)]
        self.class_names = ["background", *(categories[i] for i in self.category_ids[1:])]
        self._files = {i: image["file_name"] for i, image in images.items()}
        self._labels = {category: label for label, category in enumerate(self.category_ids) if label}

        annotations = _records(content, "annotations", (), self.path)
        self.has_masks = any(a.get("segmentation") for a in annotations)
        self.skipped: list[Any] = []
        self._annotations: dict[int, list[dict]] = defaultdict(list)
        for annotation in annotations:
            fault = self._fault(annotation)
            if fault is None:
                self._annotations[annotation["image_id"]].append(annotation)
            elif skip_broken:
                self.skipped.append(annotation.get("id"))
            else:
                raise InputError(
                    f"{self._name(annotation)} {fault}; repair it, or in Python pass skip_broken=True."
                )

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included."""
        return len(self.class_names)

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        image_id = self.image_ids[check_index(index, len(self))]
        image = read_image(self.image_dir / self._files[image_id])
        return image, self._target(image_id, image.shape[1:])

    def index_of(self, file_name: str) -> int:
        """Return the index of the picture with this file name; folders before it do not count.

        Raises
        ------
        InputError
            The file lists no such picture, or several.
        """
        found = [i for i, k in enumerate(self.image_ids) if Path(self._files[k]).name == Path(file_name).name]
        if len(found) != 1:
            many = "no picture" if not found else f"{len(found)} pictures"
            raise InputError(
                f"CocoDataset: {self.path} lists {many} named {Path(file_name).name}; expected one."
            )
        return found[0]

    def target(self, index: int, size: tuple[int, int]) -> Target:
        """Return what is on picture `index` without reading the picture, whose (height, width) is `size`."""
        return self._target(self.image_ids[check_index(index, len(self))], size)

    def areas(self, index: int) -> np.ndarray:
        """Return the ``area`` fields of picture `index`, (N,) float64: COCO's measure of small and large.

        They differ a little from the mask's count of pixels when the segmentation is a polygon. Where the
        field is missing the box's area is given.
        """
        annotations = self._annotations.get(self.image_ids[check_index(index, len(self))], [])
        return np.array([a.get("area", a["bbox"][2] * a["bbox"][3]) for a in annotations], np.float64)

    def _target(self, image_id: int, size: tuple[int, int]) -> Target:
        annotations = self._annotations.get(image_id, [])
        boxes = np.array([a["bbox"] for a in annotations], np.float64).reshape(-1, 4)  # x, y, width, height
        boxes[:, 2:] += boxes[:, :2]
        masks = None
        if self.has_masks:
            masks = np.zeros((len(annotations), *size), bool)
            for mask, annotation in zip(masks, annotations, strict=True):
                mask[:] = self._mask(annotation, *size)
        return Target(
            boxes=boxes.astype(np.float32),
            labels=np.array([self._labels[a["category_id"]] for a in annotations], np.int64),
            masks=masks,
            iscrowd=np.array([bool(a.get("iscrowd", 0)) for a in annotations], bool),
            image_id=image_id,
        )

    def _mask(self, annotation: dict, height: int, width: int) -> np.ndarray:
        """Draw one annotation's segmentation, (height, width) bool."""
        segmentation = annotation["segmentation"]
        if isinstance(segmentation, list):
            return rle.polygons_to_mask(segmentation, height, width)
        if list(segmentation["size"]) != [height, width]:
            raise InputError(
                f"{self._name(annotation)} has a mask of size {segmentation['size']} (height, width) but its "
                f"picture is [{height}, {width}]; export the annotations for this size of picture."
            )
        try:
            return rle.decode(segmentation)
        except InputError as fault:
            raise InputError(f"{self._name(annotation)}: {fault}") from None

    def _fault(self, annotation: dict) -> str | None:
        """Say what makes an annotation unusable, or ``None``."""
        if annotation.get("image_id") not in self._files:
            return f"belongs to image {annotation.get('image_id')}, which the file does not list"
        if annotation.get("category_id") not in self._labels:
            return f"has category {annotation.get('category_id')}, which the file does not list"
        box = annotation.get("bbox")
        if not _numbers(box, 4) or min(box[2:]) <= 0:
            return f"has bbox {box}; expected finite x, y, width, height with positive width and height"
        if self.has_masks and not _is_segmentation(annotation.get("segmentation")):
            return (
                "has no usable segmentation; expected polygons [[x1, y1, x2, y2, x3, y3, ...], ...] "
                "or run lengths {'size': [height, width], 'counts': ...}"
            )
        return None

    def _name(self, annotation: dict) -> str:
        return f"CocoDataset: annotation {annotation.get('id')} of {self.path}"


def _load_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"CocoDataset: {path} cannot be read; pass the path of a COCO JSON file.") from None
    except ValueError as fault:
        raise InputError(f"CocoDataset: {path} is not JSON ({fault}); export or download it again.") from None
    if not isinstance(content, dict):
        raise InputError(
            f"CocoDataset: {path} holds a {type(content).__name__}; expected an object with images, "
            "annotations and categories (a list is the format of results, not of annotations)."
        )
    return content


def _records(content: dict, name: str, fields: tuple[str, ...], path: Path) -> list[dict]:
    """Return one of the file's lists after checking that each entry is an object with these fields."""
    records = content.get(name)
    if not isinstance(records, list):
        raise InputError(f"CocoDataset: {path} has no list {name!r}; expected a COCO annotation file.")
    for position, record in enumerate(records):
        missing = [f for f in fields if f not in record] if isinstance(record, dict) else ["fields"]
        if missing:
            raise InputError(
                f"CocoDataset: entry {position} of {name!r} in {path} lacks {', '.join(missing)}."
            )
    return records


def _numbers(values: Any, count: int | None = None) -> TypeGuard[list[float]]:
    """Tell whether this is a list of finite numbers, `count` of them if that is given."""
    return (
        isinstance(values, list)
        and (count is None or len(values) == count)
        and all(isinstance(v, int | float) and math.isfinite(v) for v in values)
    )


def _is_segmentation(segmentation: Any) -> bool:
    """Tell whether this has the form of polygons of at least three corners, or of run lengths."""
    if isinstance(segmentation, list):
        return bool(segmentation) and all(
            _numbers(p) and len(p) >= 6 and len(p) % 2 == 0 for p in segmentation
        )
    if isinstance(segmentation, dict):
        counts, size = segmentation.get("counts"), segmentation.get("size")
        return _numbers(size, 2) and (isinstance(counts, str) or _numbers(counts))
    return False
