"""Describe a data set by three numbers per picture, so that a resumed run can say what has changed."""

from __future__ import annotations

import hashlib

import numpy as np

from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.subset import Subset


def fingerprint(dataset: Dataset) -> np.ndarray:
    """Compute three numbers per picture, from its name and its objects; no picture is read.

    Returns
    -------
    (N, 3) uint64
        A hash of the picture's name, a hash of its annotations, and the number of annotations. The last two
        are 0 if the data set has no separate annotations.
    """
    if isinstance(dataset, Subset):
        return fingerprint(dataset.dataset)[dataset.indices]
    if isinstance(dataset, CocoDataset):
        return np.array([_of_picture(dataset, index) for index in range(len(dataset))], np.uint64)
    names = getattr(dataset, "names", range(len(dataset)))
    return np.array([(_hash(str(name).encode()), 0, 0) for name in names], np.uint64).reshape(-1, 3)


def _of_picture(dataset: CocoDataset, index: int) -> tuple[int, int, int]:
    picture = dataset.file.pictures[dataset.image_ids[index]]
    annotations = dataset.file.annotations.get(picture.id, [])
    points = [a.keypoints for a in annotations if a.keypoints is not None]
    objects = repr([(a.category, a.box, a.crowd, a.outline) for a in annotations]) + (
        repr(points) if points else ""
    )
    name = f"{picture.id} {picture.file_name}"
    return _hash(name.encode("utf-8", "surrogatepass")), _hash(objects.encode()), len(annotations)


def data_changes(now: np.ndarray, then: np.ndarray) -> str:
    """Say in words what changed between two fingerprints; the text is empty if they agree.

    Examples
    --------
    >>> then = np.array([[1, 7, 2], [2, 8, 1]], np.uint64)
    >>> data_changes(np.array([[1, 9, 2], [3, 5, 1], [4, 5, 0]], np.uint64), then)
    '2 pictures added, 1 picture removed, objects moved in 1 picture'
    """
    new, old = ({row[0]: row[1:] for row in rows.tolist()} for rows in (now, then))
    both = new.keys() & old.keys()
    recounted = [name for name in both if new[name][1] != old[name][1]]
    moved = [name for name in both if new[name] != old[name] and new[name][1] == old[name][1]]
    parts = [
        (len(new.keys() - old.keys()), "{} added"),
        (len(old.keys() - new.keys()), "{} removed"),
        (len(recounted), "objects added or removed in {}"),
        (len(moved), "objects moved in {}"),
    ]
    return ", ".join(
        words.format(f"{count} picture{'s' if count > 1 else ''}") for count, words in parts if count
    )


def _hash(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")
