"""Use some pictures of a data set as a data set, and cut a data set in two."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from minimaskrcnn.data.dataset import Dataset, check_index
from minimaskrcnn.detection.skeleton import Skeleton
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError


class Subset:
    """The pictures `indices` of a data set, in that order.

    Examples
    --------
    >>> from minimaskrcnn.data import Shapes
    >>> pictures = Subset(Shapes("val"), [7, 3])
    >>> len(pictures), pictures[1][1].image_id
    (2, 3)
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int]):
        self.dataset, self.indices = dataset, list(indices)
        self.class_names = dataset.class_names
        self.category_ids: list[int] | None = getattr(dataset, "category_ids", None)
        self.has_masks: bool = getattr(dataset, "has_masks", True)
        self.skeleton: Skeleton | None = getattr(dataset, "skeleton", None)
        self.prepared: tuple[str, ...] = getattr(dataset, "prepared", ())
        self.image_ids = [_name(dataset, index) for index in self.indices]

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included."""
        return self.dataset.num_classes

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        return self.dataset[self.indices[check_index(index, len(self))]]

    def areas(self, index: int) -> np.ndarray | None:
        """Return what the file states as the objects' areas, (N,) float64, or None if it states none."""
        stated = getattr(self.dataset, "areas", None)
        return None if stated is None else stated(self.indices[check_index(index, len(self))])


def cut(dataset: Dataset, fraction: float) -> tuple[Subset, Subset]:
    """Cut a data set in two: one part for training, and `fraction` of the pictures for validation.

    A hash of its id decides the part of a picture, so the cut is the same in every run, and hardly changes
    when pictures are added.

    Parameters
    ----------
    dataset : Dataset
    fraction : float
        Between 0 and 1. Each part gets at least one picture.

    Raises
    ------
    InputError
        If there are fewer than two pictures, or the fraction is not between 0 and 1.
    """
    if len(dataset) < 2 or not 0 < fraction < 1:
        raise InputError(
            f"cut: a fraction of {fraction} of {len(dataset)} pictures; expected a fraction between 0 and 1 "
            "of at least two pictures."
        )
    count = min(max(1, round(fraction * len(dataset))), len(dataset) - 1)
    order = sorted(range(len(dataset)), key=lambda index: _hash(str(_name(dataset, index))))
    return Subset(dataset, sorted(order[count:])), Subset(dataset, sorted(order[:count]))


def _name(dataset: Dataset, index: int) -> int | str:
    names = getattr(dataset, "image_ids", None)
    return index if names is None else names[index]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
