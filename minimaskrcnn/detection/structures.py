"""What a picture holds, and what the model found in it: the two records that travel between the parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np

from minimaskrcnn.checks import check_whole, describe
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.checks import as_bool, as_boxes, as_indices, as_masks, as_vector
from minimaskrcnn.detection.keypoints import as_keypoints
from minimaskrcnn.errors import InputError


@dataclass
class Target:
    """The annotated objects of one image.

    Parameters
    ----------
    boxes : (N, 4) float32, x1 y1 x2 y2 in pixels
    labels : (N,) int64, classes from 1 on; 0 is the background and no object has it
    masks : (N, H, W) bool, an array or `BoxMasks`; None where only boxes are known
    iscrowd : (N,) bool, True for a group annotated as one region; by default none is
    image_id : int or str, whatever names the image in its data set
    keypoints : (N, K, 3) float32, x and y in pixels and COCO's visibility: 0 not annotated, 1 annotated but
        hidden, 2 visible; None where there are none
    mirror : K whole numbers, the index of each keypoint's mirror image, which a flipped picture shows in its
        place; None means those of COCO's persons

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
    masks: np.ndarray | BoxMasks | None = None
    iscrowd: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    image_id: int | str = 0
    keypoints: np.ndarray | None = None
    mirror: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        """Where nothing is said about crowds, there are none."""
        if isinstance(self.iscrowd, np.ndarray) and not self.iscrowd.size and np.ndim(self.boxes):
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
        name = f"target of image {self.image_id}"
        if not isinstance(image_shape, tuple | list) or len(image_shape) < 2:
            raise InputError(f"{name}: image_shape must be (..., H, W); got {describe(image_shape)}.")
        size = tuple(check_whole(name, side, "each side of image_shape", 1) for side in image_shape[-2:])
        num_classes = check_whole(name, num_classes, "num_classes", 1)
        self._validate_kinds(name)
        n = len(self.boxes)
        shapes = {"boxes": (n, 4), "labels": (n,), "iscrowd": (n,)}
        if self.masks is not None:
            shapes["masks"] = (n, *size)
        for key, shape in shapes.items():
            got = np.shape(getattr(self, key))
            if got != shape:
                raise InputError(
                    f"{name}: {key} must have shape {shape} for {n} boxes in an image of {size[0]} x "
                    f"{size[1]}; got {got}."
                )
        self._validate_boxes(name, size)
        self._validate_labels(name, num_classes)
        if self.keypoints is not None:
            _checked_keypoints(name, self.keypoints, n)

    def _validate_kinds(self, name: str) -> None:
        """Arrays of the documented kinds, so that nothing is converted in silence later."""
        kinds = {"boxes": "f", "labels": "iu", "iscrowd": "b", "masks": "b"}
        words = {"f": "floats", "iu": "integers", "b": "bool"}
        for key, kind in kinds.items():
            array = getattr(self, key)
            if key == "masks" and array is None:
                continue
            if not isinstance(array, np.ndarray | BoxMasks) or not array.ndim or array.dtype.kind not in kind:
                fix = {"b": f"{key} > 0", "f": f"{key}.astype(np.float32)"}.get(kind, f"{key}.astype(int)")
                raise InputError(
                    f"{name}: {key} must be an array of {words[kind]}; got {describe(array)}. Use {fix}."
                )

    def _validate_boxes(self, name: str, size: tuple[int, ...]) -> None:
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        bad = np.flatnonzero(~(np.isfinite(self.boxes).all(axis=1) & (sides > 0).all(axis=1)))
        if len(bad):
            raise InputError(
                f"{name}: boxes[{bad[0]}] is {self.boxes[bad[0]].tolist()}, which has no area; boxes are "
                "(x1, y1, x2, y2) with x2 > x1 and y2 > y1. Drop the object or mend its box."
            )
        if self.boxes.itemsize < 4:
            raise InputError(f"{name}: boxes are {self.boxes.dtype}, too coarse for pixels. Use float32.")
        height, width = size
        outside = np.flatnonzero(
            (self.boxes[:, :2] >= (width, height)).any(axis=1) | (self.boxes[:, 2:] <= 0).any(axis=1)
        )
        if len(outside):
            raise InputError(
                f"{name}: boxes[{outside[0]}] is {self.boxes[outside[0]].tolist()}, which lies outside the "
                f"{height} x {width} picture; was it annotated at another size? Drop the object or mend it."
            )

    def _validate_labels(self, name: str, num_classes: int) -> None:
        bad = np.flatnonzero((self.labels < 1) | (self.labels >= num_classes))
        if len(bad):
            raise InputError(
                f"{name}: labels[{bad[0]}] is {self.labels[bad[0]]}, but with num_classes={num_classes} "
                f"labels run from 1 to {num_classes - 1} (0 is the background). Renumber them or "
                "raise num_classes."
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
    keypoints : (D, K, 3) float, x and y in pixels of the original image and a visibility, which is 1; None
        from a model without a keypoint head
    keypoint_scores : (D, K) float, how high the peak of each heat map is (a logit)

    Examples
    --------
    >>> len(Detections(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0)))
    0
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | BoxMasks | None = None
    keypoints: np.ndarray | None = None
    keypoint_scores: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of detections."""
        return len(self.boxes)

    def take(self, chosen: np.ndarray) -> "Detections":
        """Return the detections that an array of indices or of bools chooses."""
        parts = (self.masks, self.keypoints, self.keypoint_scores)
        return Detections(
            self.boxes[chosen],
            self.labels[chosen],
            self.scores[chosen],
            *(None if part is None else part[chosen] for part in parts),
        )


Instances = TypeVar("Instances", Target, Detections)


def as_target(where: str, target: Any, masks_needed: bool = False) -> Target:
    """A Target whose arrays fit each other and can be computed with.

    Unlike `Target.validate` this knows no picture and no list of classes, as the evaluators do not.

    Raises
    ------
    InputError
        Naming the first array that cannot be used.
    """
    if not isinstance(target, Target):
        raise InputError(f"{where}: expected a Target; got {describe(target)}.")
    boxes, labels, masks = _instances(where, target, masks_needed)
    crowd, n = as_bool(where, target.iscrowd, "iscrowd"), len(boxes)
    if crowd.shape != (n,):
        raise InputError(f"{where}: iscrowd must be ({n},); got {describe(target.iscrowd)}.")
    points = target.keypoints if target.keypoints is None else _checked_keypoints(where, target.keypoints, n)
    return _with(target, boxes=boxes, labels=labels, masks=masks, iscrowd=crowd, keypoints=points)


def as_detections(where: str, detections: Any, masks_needed: bool = False) -> Detections:
    """Detections whose arrays fit each other and can be computed with; a score is not NaN.

    Raises
    ------
    InputError
        Naming the first array that cannot be used.
    """
    if not isinstance(detections, Detections):
        raise InputError(f"{where}: expected Detections; got {describe(detections)}.")
    boxes, labels, masks = _instances(where, detections, masks_needed)
    scores = as_vector(where, detections.scores, "scores", len(boxes))
    if np.isnan(scores).any():
        raise InputError(f"{where} has a detection whose score is NaN; the model that made it has diverged.")
    points = detections.keypoints
    if points is not None:
        points = _checked_keypoints(where, points, len(boxes))
    return _with(detections, boxes=boxes, labels=labels, masks=masks, scores=scores, keypoints=points)


def _checked_keypoints(where: str, keypoints: Any, count: int) -> np.ndarray:
    """Keypoints of `count` objects, all of them finite numbers."""
    array = as_keypoints(where, keypoints, count)
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).all(axis=(1, 2))))
        raise InputError(f"{where}: keypoints[{row}] hold NaN or infinity; write 0, 0, 0 for an unknown one.")
    return array


def _with(instances: Instances, **arrays: np.ndarray | BoxMasks | None) -> Instances:
    """The record with other arrays; the record itself where none of them is another."""
    unchanged = all(getattr(instances, name) is array for name, array in arrays.items())
    return instances if unchanged else replace(instances, **cast(Any, arrays))


def _instances(
    where: str, instances: Target | Detections, masks_needed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | BoxMasks | None]:
    """Boxes, labels and masks, one for each object."""
    boxes = as_boxes(where, instances.boxes)
    if not np.isfinite(boxes).all():
        row = int(np.argmin(np.isfinite(boxes).all(axis=1)))
        raise InputError(f"{where}: boxes[{row}] is {boxes[row].tolist()}; every coordinate must be finite.")
    labels = as_indices(where, instances.labels, "labels", len(boxes))
    if instances.masks is None:
        if masks_needed:
            raise InputError(f"{where} comes without masks; use a model with a mask head, or compare boxes.")
        return boxes, labels, None
    if isinstance(instances.masks, BoxMasks) and len(instances.masks) == len(boxes):
        return boxes, labels, instances.masks
    return boxes, labels, as_masks(where, instances.masks, "masks", len(boxes))
