"""Write the usable entries of an annotation file as COCO's JSON."""

from __future__ import annotations

import json
import os
from array import array
from pathlib import Path
from typing import Any

from minimaskrcnn.data.annotations.annotation_file import AnnotationFile
from minimaskrcnn.data.annotations.entries import Annotation, Outline, Picture
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write


def write_coco(file: AnnotationFile, path: str | os.PathLike[str]) -> None:
    """Write the usable entries as one JSON file that COCO's own tools read.

    Parameters
    ----------
    file : AnnotationFile
    path : where the JSON should stand

    Raises
    ------
    InputError
        The file cannot be used, or `path` is that file.
    """
    file.refuse_broken(skip_broken=True)
    if Path(path).exists() and Path(path).samefile(file.path):
        raise InputError(f"{path} is the file that is converted; give the new one another name.")
    text = json.dumps(as_coco(file))
    atomic_write(path, lambda stream: stream.write(text.encode()))


def as_coco(file: AnnotationFile) -> dict[str, list[dict[str, Any]]]:
    """Return the usable entries as COCO's three lists.

    Annotations keep their ids where all are whole numbers, each of one annotation; else they are numbered
    from 1 on, because pycocotools takes an id of 0 or a text for none.
    """
    kept = [annotation for group in file.annotations.values() for annotation in group]
    ids = [annotation.id for annotation in kept]
    usable = len(set(ids)) == len(ids) and all(isinstance(key, int) and key > 0 for key in ids)
    numbers = ids if usable else range(1, len(kept) + 1)
    return {
        "images": [_image(picture) for picture in file.pictures.values()],
        "annotations": [_annotation(one, number) for one, number in zip(kept, numbers, strict=True)],
        "categories": [
            {"id": category.id, "name": category.name, **_skeleton(file)} for category in file.categories
        ],
    }


def _skeleton(file: AnnotationFile) -> dict[str, Any]:
    """The keypoints of a category and their limbs, which COCO counts from 1."""
    if file.skeleton is None:
        return {}
    limbs = [[first + 1, second + 1] for first, second in file.skeleton.limbs]
    return {"keypoints": list(file.skeleton.names), "skeleton": limbs}


def _image(picture: Picture) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": picture.id, "file_name": picture.file_name}
    if picture.size is not None:
        entry["height"], entry["width"] = picture.size
    return entry


def _annotation(annotation: Annotation, number: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": number,
        "image_id": annotation.picture,
        "category_id": annotation.category,
        "bbox": list(annotation.box),
        "area": annotation.area,
        "iscrowd": int(annotation.crowd),
    }
    if annotation.keypoints is not None:
        entry["keypoints"] = annotation.keypoints.tolist()
        entry["num_keypoints"] = sum(visible > 0 for visible in annotation.keypoints[2::3])
    return entry if annotation.outline is None else {**entry, "segmentation": _plain(annotation.outline)}


def _plain(outline: Outline) -> Any:
    """An outline in lists of numbers and texts."""
    if isinstance(outline, list):
        return [polygon.tolist() for polygon in outline]
    counts = outline["counts"]
    return {**outline, "counts": counts.tolist() if isinstance(counts, array) else counts}
