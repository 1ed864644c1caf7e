"""Turn pictures of any size into one batch: normalise, resize, pad.

    image in [0, 1] -> (image - mean) / std -> bilinear resize -> zeros at the right and bottom

Boxes, masks and keypoints of the targets are resized with the picture. `mask_rcnn.restore` scales detections
back to pixels of the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.checks import MOST_CELLS, check_number, check_pair_of_sides, check_whole, describe
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.checks import check_image
from minimaskrcnn.detection.keypoints import resize_keypoints
from minimaskrcnn.detection.structures import Target, as_target
from minimaskrcnn.errors import InputError

Size = tuple[int, int]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ImageBatch:
    """Pictures of several sizes in one array.

    Attributes
    ----------
    images : (N, 3, H, W) float array
        Each picture is at the top left, with zeros to the right and below.
    sizes : list of (h, w)
        Size of each picture without the padding, in pixels.
    original_sizes : list of (h, w)
        Size of each picture before it was resized, in pixels.
    """

    images: np.ndarray
    sizes: list[Size]
    original_sizes: list[Size]


@dataclass(frozen=True)
class ImageTransform:
    """Normalise, resize and pad pictures, and make one batch of them.

    Attributes
    ----------
    min_size, max_size : int
        The shorter side becomes `min_size` pixels, unless the longer side would exceed `max_size`.
    mean, std : three floats
        Mean and standard deviation of each colour, on the [0, 1] scale.
    size_divisible : int
        Both sides of the batch are padded to a multiple of this (the largest stride).
    fixed_size : (width, height), optional
        Resize to exactly this size instead. The order is torchvision's.
    scale : float, optional
        Multiply both sides by this instead, so that objects of one size keep one size in every picture.
    """

    min_size: int = 800
    max_size: int = 1333
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    size_divisible: int = 32
    fixed_size: tuple[int, int] | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        """Refuse settings that no picture could be resized with."""
        least = 1 if self.fixed_size is None else 0  # a fixed size leaves the others without a meaning
        check_whole("ImageTransform", self.min_size, "min_size", least, MOST_CELLS)
        check_whole("ImageTransform", self.max_size, "max_size", least, MOST_CELLS)
        check_whole("ImageTransform", self.size_divisible, "size_divisible", 1, MOST_CELLS)
        if self.fixed_size is not None:
            check_pair_of_sides("ImageTransform", self.fixed_size, "fixed_size")
        if self.scale is not None:
            check_number("ImageTransform", self.scale, "scale", 0, 1e6, above=0)
        for name, values, above in (("mean", self.mean, None), ("std", self.std, 0)):
            if not isinstance(values, tuple | list) or len(values) != 3:
                raise InputError(f"ImageTransform: {name} must be three numbers; got {describe(values)}.")
            for value in values:
                check_number("ImageTransform", value, f"each of {name}", -1e6, 1e6, above)

    @overload
    def __call__(
        self, images: Sequence[np.ndarray], targets: None = None, dtype: np.typing.DTypeLike = np.float32
    ) -> tuple[ImageBatch, None]: ...

    @overload
    def __call__(
        self,
        images: Sequence[np.ndarray],
        targets: Sequence[Target],
        dtype: np.typing.DTypeLike = np.float32,
    ) -> tuple[ImageBatch, list[Target]]: ...

    def __call__(
        self,
        images: Sequence[np.ndarray],
        targets: Sequence[Target] | None = None,
        dtype: np.typing.DTypeLike = np.float32,
    ) -> tuple[ImageBatch, list[Target] | None]:
        """Make one batch; each image is (3, H, W) float in [0, 1].

        Raises
        ------
        InputError
            If an image is not (3, H, W), holds NaN or infinity, is not on the [0, 1] scale, or would have
            more than `data.images.pixel_limit` pixels.
        """
        check_images(images)
        if not images:
            raise InputError("images: got none; a batch has at least one.")
        resized = [self._resize(self._normalise(image.astype(dtype, copy=False))) for image in images]
        sizes = [image.shape[-2:] for image in resized]
        originals = [image.shape[-2:] for image in images]
        batch = ImageBatch(pad_to_batch(resized, self.size_divisible), sizes, originals)
        if targets is None:
            return batch, None
        targets = [as_target("ImageTransform: a target", target) for target in _one_each(images, targets)]
        return batch, [
            resize_target(t, old, new) for t, old, new in zip(targets, originals, sizes, strict=True)
        ]

    def _normalise(self, image: np.ndarray) -> np.ndarray:
        mean = np.array(self.mean, image.dtype)[:, None, None]
        std = np.array(self.std, image.dtype)[:, None, None]
        return (image - mean) / std

    def _resize(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[-2:]
        new = self.resized_size((height, width))
        if new == (height, width):
            return image
        check_area((height, width), new)
        step = (height / new[0], width / new[1])
        return kernels.active().resize_bilinear(image[None], new, step, False)[0]

    def resized_size(self, size: Size) -> Size:
        """Return the (h, w) to which a picture of size (h, w) is resized."""
        if self.scale is not None:
            return max(1, round(size[0] * self.scale)), max(1, round(size[1] * self.scale))
        if self.fixed_size is not None:
            return self.fixed_size[1], self.fixed_size[0]
        scale = min(self.min_size / min(size), self.max_size / max(size))
        return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))


def check_area(old: Size, new: Size) -> None:
    """Refuse to make a picture of more pixels than may be read from a file."""
    from minimaskrcnn.data.images import pixel_limit  # only now: it brings Pillow

    if new[0] * new[1] > pixel_limit():
        raise InputError(
            f"image: {old[0]} x {old[1]} pixels would be resized to {new[0]} x {new[1]}, more than "
            f"{pixel_limit():,} pixels; choose a smaller size, or raise the limit with --max-pixels."
        )


def check_images(images: Sequence[np.ndarray]) -> None:
    """Refuse what is not a list of (3, H, W) float pictures in [0, 1], and say what to do."""
    if not isinstance(images, tuple | list):
        fix = " Put it into a list: [image]." if getattr(images, "ndim", 0) == 3 else ""
        raise InputError(f"images: must be a list of (3, H, W) arrays; got {describe(images)}.{fix}")
    for image in images:
        check_image(image)


def _one_each(images: Sequence[np.ndarray], targets: Sequence[Target]) -> Sequence[Target]:
    if not isinstance(targets, tuple | list) or len(targets) != len(images):
        raise InputError(
            f"targets: must be a list of {len(images)}, one Target for each image; got {describe(targets)}."
        )
    for image, target in zip(images, targets, strict=True):
        masks = getattr(target, "masks", None)
        if masks is not None and np.shape(masks)[1:] != image.shape[1:]:
            raise InputError(
                f"targets: masks are {np.shape(masks)}, but the image is {image.shape[1:]} (height, width)."
            )
    return targets


def pad_to_batch(images: Sequence[np.ndarray], size_divisible: int) -> np.ndarray:
    """Copy pictures of different sizes to the top left of one (N, 3, H, W) array of zeros."""
    height = _round_up(max(image.shape[-2] for image in images), size_divisible)
    width = _round_up(max(image.shape[-1] for image in images), size_divisible)
    batch = np.zeros((len(images), images[0].shape[0], height, width), images[0].dtype)
    for slot, image in zip(batch, images, strict=True):
        slot[:, : image.shape[-2], : image.shape[-1]] = image
    return batch


def _round_up(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple


def resize_target(target: Target, old: Size, new: Size) -> Target:
    """Resize what a target holds when its picture changes from size `old` to size `new`."""
    if new == old:
        return target
    boxes = resize_boxes(target.boxes, old, new)
    masks = target.masks
    if masks is not None:
        rows, columns = (_nearest(o, n) for o, n in zip(old, new, strict=True))
        if isinstance(masks, BoxMasks):
            masks = masks.cells(rows, columns)
        else:  # (N, h, w), rows in order in memory, on which the rounding of RoIAlign depends
            masks = masks.take(rows, axis=1).take(columns, axis=2)
    points = None if target.keypoints is None else resize_keypoints(target.keypoints, old, new)
    return replace(target, boxes=boxes, masks=masks, keypoints=points)


def _nearest(old: int, new: int) -> np.ndarray:
    """Return the old cell that each of the `new` cells copies: ``floor(i * old / new)`` in float32."""
    steps = np.arange(new, dtype=np.float32) * np.float32(old / new)
    return np.minimum(steps.astype(np.intp), old - 1)
