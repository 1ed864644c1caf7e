"""What a picture holds, and what the model found in it: the two records that travel between the parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.errors import InputError


@dataclass
class Target:
    """The annotated objects of one image.

    Parameters
    ----------
    boxes : (N, 4) float32, x1 y1 x2 y2 in pixels
    labels : (N,) int64, classes from 1 on; 0 is the background and no object has it
    masks : (N, H, W) bool, or None where only boxes are known
    iscrowd : (N,) bool, True for a group annotated as one region; by default none is
    image_id : int or str, whatever names the image in its data set

    Examples
    --------
    >>> target = Target(np.array([[0, 0, 9, 9]], np.float32), np.array([2]))
    >>> len(target), target.iscrowd
    (1, array([False]))
    >>> target.validate((3, 32, 32), num_classes=2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    minimaskrcnn.errors.InputError: target of image 0: labels[0] is 2, but with num_classes=2 labels run ...
    """

    boxes: np.ndarray
    labels: np.ndarray
    masks: np.ndarray | None = None
    iscrowd: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    image_id: int | str = 0

    def __post_init__(self) -> None:
        """Without a word about crowds there are none."""
        if not len(self.iscrowd):
            self.iscrowd = np.zeros(len(self.boxes), bool)

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.boxes)

    def validate(self, image_shape: Sequence[int], num_classes: int) -> None:
        """Check everything that training relies on.

        Parameters
        ----------
        image_shape : (..., H, W) of the image the target belongs to
        num_classes : int, the background included

        Raises
        ------
        InputError
            Naming the first array, and the first object in it, that cannot be used.
        """
        name, n = f"target of image {self.image_id}", len(self.boxes)
        size = tuple(image_shape[-2:])
        shapes = {"boxes": (n, 4), "labels": (n,), "iscrowd": (n,)}
        if self.masks is not None:
            shapes["masks"] = (n, *size)
        for key, shape in shapes.items():
            got = np.shape(getattr(self, key))
            if got != shape:
                raise InputError(
                    f"{name}: {key} must have shape {shape} for {n} boxes in an image of {size[0]} x "
                    f"{size[1]}; got {got}"
                )
        self._validate_boxes(name, size)
        self._validate_labels(name, num_classes)
        if self.masks is not None and self.masks.dtype != bool:
            raise InputError(f"{name}: masks must be bool; got {self.masks.dtype}. Use masks > 0")

    def _validate_boxes(self, name: str, size: tuple[int, ...]) -> None:
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        bad = np.flatnonzero(~(np.isfinite(self.boxes).all(axis=1) & (sides > 0).all(axis=1)))
        if len(bad):
            raise InputError(
                f"{name}: boxes[{bad[0]}] is {self.boxes[bad[0]].tolist()}, which has no area; boxes are "
                "(x1, y1, x2, y2) with x2 > x1 and y2 > y1. Drop the object or mend its box"
            )
        height, width = size
        outside = np.flatnonzero(
            (self.boxes[:, :2] >= (width, height)).any(axis=1) | (self.boxes[:, 2:] <= 0).any(axis=1)
        )
        if len(outside):
            raise InputError(
                f"{name}: boxes[{outside[0]}] is {self.boxes[outside[0]].tolist()}, which lies outside the "
                f"{height} x {width} picture; was it annotated at another size? Drop the object or mend it"
            )

    def _validate_labels(self, name: str, num_classes: int) -> None:
        if not np.issubdtype(self.labels.dtype, np.integer):
            raise InputError(
                f"{name}: labels must be integers; got {self.labels.dtype}. Use labels.astype(int)"
            )
        bad = np.flatnonzero((self.labels < 1) | (self.labels >= num_classes))
        if len(bad):
            raise InputError(
                f"{name}: labels[{bad[0]}] is {self.labels[bad[0]]}, but with num_classes={num_classes} "
                f"labels run from 1 to {num_classes - 1} (0 is the background). Renumber them or "
                "raise num_classes"
            )


@dataclass
class Detections:
    """The objects a model found in one image, best score first.

    Parameters
    ----------
    boxes : (D, 4) float, x1 y1 x2 y2 in pixels of the original image
    labels : (D,) int64, from 1 on
    scores : (D,) float in [0, 1]
    masks : (D, H, W) bool, an array or `BoxMasks`; None from a model without a mask head

    Examples
    --------
    >>> len(Detections(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)))
    0
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | BoxMasks | None = None

    def __len__(self) -> int:
        """Number of detections."""
        return len(self.boxes)
