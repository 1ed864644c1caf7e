"""Augmentation: small objects called as ``aug(image, target, rng)``; image and target change together.

Each object returns a new pair and does not change its input. Flips and turns move boxes exactly; a change of
scale recomputes them from the masks, because resampling and cropping change what is visible. An object that
leaves the picture is dropped from the target, and a keypoint that leaves it counts as not annotated.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from minimaskrcnn.checks import check_number, check_pair_of_sides, check_whole, describe
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.boxes import boxes_from_masks, clip_boxes_to_image
from minimaskrcnn.detection.checks import as_image, check_unit_range
from minimaskrcnn.detection.skeleton import PERSON
from minimaskrcnn.detection.structures import Target, as_target
from minimaskrcnn.errors import InputError

Augmentation = Callable[[np.ndarray, Target, np.random.Generator], tuple[np.ndarray, Target]]
Pair = tuple[np.ndarray, Target]
Point = tuple[float, float]

SMALLEST = 1e-3  # of a factor


class Compose:
    """Apply augmentations one after the other."""

    def __init__(self, *steps: Augmentation):
        self.steps = steps

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Hand the picture through all steps, first to last."""
        for step in self.steps:
            image, target = step(image, target, rng)
        return image, target


class HorizontalFlip:
    """Swap left and right with probability `p`: ``x -> W - x``."""

    def __init__(self, p: float = 0.5):
        self.p = _probability("HorizontalFlip", p)

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Flip or leave the picture, as `rng` decides."""
        image, target = _checked("HorizontalFlip", image, target)
        return flip_horizontally(image, target) if rng.random() < self.p else (image, target)


class VerticalFlip:
    """Swap top and bottom with probability `p`: ``y -> H - y``."""

    def __init__(self, p: float = 0.5):
        self.p = _probability("VerticalFlip", p)

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Flip or leave the picture, as `rng` decides."""
        image, target = _checked("VerticalFlip", image, target)
        return flip_vertically(image, target) if rng.random() < self.p else (image, target)


class RightAngleTurn:
    """Turn by 0, 90, 180 or 270 degrees, all equally likely. A turn by 90 degrees swaps height and width."""

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Turn the picture as often as `rng` decides."""
        for _ in range(rng.integers(4)):
            image, target = turn_left(image, target)
        return image, target


class ScaleJitter:
    """Scale by a factor drawn log-uniformly from [low, high]; never grow beyond the original size.

    Below 1 the result is smaller than the input. Above 1 it has the input's size and shows a window of the
    enlarged picture at a random place. No pixel is invented: batches pad by themselves.

    Pixels are resampled with a triangle filter (bilinear, widened when shrinking), masks by nearest cell.
    """

    def __init__(self, low: float = 0.75, high: float = 1.33):
        self.low, self.high = _factors("ScaleJitter", low, high)

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Scale the picture by a factor that `rng` draws."""
        image, target = _checked("ScaleJitter", image, target)
        factor = float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        height, width = image.shape[1:]
        seen_height, seen_width = height / max(factor, 1.0), width / max(factor, 1.0)
        top, left = rng.uniform(0, height - seen_height), rng.uniform(0, width - seen_width)
        shrink = min(factor, 1.0)
        size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        return resample(image, target, (left, top, left + seen_width, top + seen_height), size)


class OnCanvas:
    """Apply `step`, then put the result at a random place on a black canvas of the input's size.

    After `ScaleJitter` this keeps a shrunken picture small; otherwise a model that resizes every picture to
    one size would undo the change. It is suitable for pictures with a black background.
    """

    def __init__(self, step: Augmentation):
        self.step = step

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Apply the step, then lay what it made where `rng` decides."""
        image, target = _checked("OnCanvas", image, target)
        size = image.shape[1:]
        image, target = self.step(image, target, rng)
        if any(part > side for part, side in zip(image.shape[1:], size, strict=True)):
            raise InputError(
                f"OnCanvas: {image.shape[1:]} is larger than the canvas {size}; shrink it first."
            )
        top, left = (
            int(rng.integers(side - part + 1)) for side, part in zip(size, image.shape[1:], strict=True)
        )
        return lay_on_canvas(image, target, top, left, size)


class GammaJitter:
    """Raise every value to a power drawn log-uniformly from [low, high]; below 1, it brightens dark parts."""

    def __init__(self, low: float = 0.5, high: float = 1.25):
        self.low, self.high = _factors("GammaJitter", low, high)

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Raise the picture to a power that `rng` draws; a value below 0 counts as 0."""
        image = as_image("GammaJitter", image)
        check_unit_range(image, "GammaJitter: image")
        gamma = np.exp(rng.uniform(np.log(self.low), np.log(self.high)))
        return image.clip(0) ** image.dtype.type(gamma), target


class ColourJitter:
    """Change brightness, contrast and saturation, each by a factor drawn from [1 - amount, 1 + amount].

    ``v -> brightness * (mean + contrast * (grey + saturation * (v - grey) - mean))``, then clipped to [0, 1];
    grey is a pixel's mean over its channels, mean the picture's.
    """

    def __init__(self, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2):
        amounts = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        self.amounts = tuple(check_number("ColourJitter", a, name, 0, 1) for name, a in amounts.items())

    def __call__(self, image: np.ndarray, target: Target, rng: np.random.Generator) -> Pair:
        """Change the colours as `rng` decides."""
        image = as_image("ColourJitter", image)
        check_unit_range(image, "ColourJitter: image")
        brightness, contrast, saturation = (float(rng.uniform(1 - a, 1 + a)) for a in self.amounts)
        grey, mean = image.mean(0), image.mean()
        image = brightness * (mean + contrast * (grey + saturation * (image - grey) - mean))
        return image.clip(0, 1), target


def flip_horizontally(image: np.ndarray, target: Target) -> Pair:
    """Swap left and right, those of keypoints too: what was a left hand is a right one."""
    image, target = _checked("flip_horizontally", image, target)
    width, target = image.shape[2], _with_other_hands("flip_horizontally", target)
    return _moved(image, target, lambda x1, y1, x2, y2: (width - x2, y1, width - x1, y2), _mirrored)


def flip_vertically(image: np.ndarray, target: Target) -> Pair:
    """Swap top and bottom. This too makes a right hand of a left one: it is a flip and half a turn."""
    image, target = _checked("flip_vertically", image, target)
    height, target = image.shape[1], _with_other_hands("flip_vertically", target)
    return _moved(image, target, lambda x1, y1, x2, y2: (x1, height - y2, x2, height - y1), _upside_down)


def turn_left(image: np.ndarray, target: Target) -> Pair:
    """Turn by 90 degrees counter-clockwise: ``(x, y) -> (y, W - x)``."""
    image, target = _checked("turn_left", image, target)
    width = image.shape[2]
    return _moved(image, target, lambda x1, y1, x2, y2: (y1, width - x2, y2, width - x1), _turned)


def lay_on_canvas(image: np.ndarray, target: Target, top: int, left: int, size: tuple[int, int]) -> Pair:
    """Put the picture at (top, left) of a black one of `size` (height, width)."""
    image, target = _checked("lay_on_canvas", image, target)
    size = check_pair_of_sides("lay_on_canvas", size)
    height, width = image.shape[1:]
    top = check_whole("lay_on_canvas", top, "top", 0)
    left = check_whole("lay_on_canvas", left, "left", 0)
    if top + height > size[0] or left + width > size[1]:
        raise InputError(
            f"lay_on_canvas: a picture of {height} x {width} at ({top}, {left}) leaves the canvas {size}."
        )

    def place(a: np.ndarray) -> np.ndarray:
        canvas = np.zeros((*a.shape[:-2], *size), a.dtype)
        canvas[..., top : top + height, left : left + width] = a
        return canvas

    boxes = target.boxes + np.array([left, top, left, top], target.boxes.dtype)
    masks, points = target.masks, target.keypoints
    if points is not None:
        points = points + np.array([left, top, 0], points.dtype)
    if isinstance(masks, BoxMasks):
        masks = BoxMasks(masks.crops, masks.windows[:, :2] + (left, top), size)
    elif masks is not None:
        masks = place(masks)
    return place(image), replace(target, boxes=boxes, masks=masks, keypoints=points)


def resample(
    image: np.ndarray, target: Target, window: tuple[float, float, float, float], size: tuple[int, int]
) -> Pair:
    """Stretch a window (x1, y1, x2, y2) of the picture to `size` (height, width), the target with it.

    Boxes come from the resampled masks, or by the same linear map and clipping where there are none.
    Objects that are out of view are dropped.
    """
    image, target = _checked("resample", image, target)
    height, width = check_pair_of_sides("resample", size)
    window = _checked_window(window, image.shape[1:])
    channels = [Image.fromarray(np.ascontiguousarray(channel)) for channel in image]
    bilinear = [c.resize((width, height), Image.Resampling.BILINEAR, window) for c in channels]
    new_image = np.stack([np.asarray(c) for c in bilinear])  # (3, height, width)
    x1, y1, x2, y2 = window
    scale, corner = (width / (x2 - x1), height / (y2 - y1)), (x1, y1)
    target = replace(target, keypoints=_resampled_keypoints(target.keypoints, corner, scale, size))
    if target.masks is None:
        boxes = (target.boxes - np.array(corner * 2, np.float32)) * np.array(scale * 2, np.float32)
        boxes = clip_boxes_to_image(boxes, size)
        seen = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)
        return new_image, _select(target, seen, boxes[seen], None)
    rows = _nearest(window[1], window[3], height)
    columns = _nearest(window[0], window[2], width)
    if isinstance(target.masks, BoxMasks):
        drawn = target.masks.cells(rows, columns)  # (N, height, width)
        seen = np.flatnonzero(drawn.areas())
        return new_image, _select(target, seen, drawn[seen].boxes(), drawn[seen])
    masks = target.masks[:, rows][:, :, columns]  # (N, height, width)
    seen = np.flatnonzero(masks.any((1, 2)))
    return new_image, _select(target, seen, boxes_from_masks(masks[seen]), masks[seen])


def _checked_window(
    window: tuple[float, float, float, float], size: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """The window (x1, y1, x2, y2), which lies in a picture of `size` (height, width)."""
    if not isinstance(window, tuple | list) or len(window) != 4:
        raise InputError(f"resample: window must be x1, y1, x2, y2; got {describe(window)}.")
    x1, y1, x2, y2 = (check_number("resample", edge, "each edge of window") for edge in window)
    height, width = size
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise InputError(
            f"resample: window {window} must be x1 < x2, y1 < y2 within the picture of {height} x {width}."
        )
    return x1, y1, x2, y2


def _nearest(start: float, stop: float, count: int) -> np.ndarray:
    """Cells that hold the centres of `count` equal parts of [start, stop)."""
    return (start + (np.arange(count) + 0.5) * (stop - start) / count).astype(np.int64)


def _select(
    target: Target, seen: np.ndarray, boxes: np.ndarray, masks: np.ndarray | BoxMasks | None
) -> Target:
    """Keep the instances in view, with their new boxes and masks."""
    return replace(
        target,
        boxes=boxes,
        labels=target.labels[seen],
        masks=masks,
        iscrowd=target.iscrowd[seen],
        keypoints=None if target.keypoints is None else target.keypoints[seen],
    )


def _resampled_keypoints(
    keypoints: np.ndarray | None, corner: Point, scale: Point, size: tuple[int, int]
) -> np.ndarray | None:
    """Keypoints in the pixels of a window; one that is out of view counts as not annotated."""
    if keypoints is None:
        return None
    place = (keypoints[..., :2] - np.array(corner, np.float32)) * np.array(scale, np.float32)  # (N, K, 2)
    seen = ((place >= 0) & (place <= size[::-1])).all(-1, keepdims=True)
    return np.concatenate([place, keypoints[..., 2:] * seen], axis=2).astype(keypoints.dtype, copy=False)


def _with_other_hands(where: str, target: Target) -> Target:
    """Each keypoint of a target in the place of its mirror image."""
    if target.keypoints is None:
        return target
    count = target.keypoints.shape[1]
    mirror = PERSON.mirror if target.mirror is None and count == len(PERSON) else target.mirror
    if mirror is None or sorted(mirror) != list(range(count)):
        raise InputError(
            f"{where}: left and right change, so Target.mirror must name the mirror image of each of the "
            f"{count} keypoints; got {describe(target.mirror)}. Leave out the flip where there is none."
        )
    return replace(target, keypoints=target.keypoints[:, list(mirror)])


def _moved(
    image: np.ndarray, target: Target, corners: Callable[..., Any], pixels: Callable[..., Any]
) -> Pair:
    """Rearrange the picture; `corners` says where x1, y1, x2, y2 of a box go, `pixels` moves (..., H, W)."""

    def moved(boxes: np.ndarray) -> np.ndarray:
        return np.stack(corners(*boxes.T), axis=1).astype(boxes.dtype, copy=False)  # (N, 4)

    moved_image, masks = np.ascontiguousarray(pixels(image)), target.masks
    if isinstance(masks, BoxMasks):
        crops = [pixels(crop) for crop in masks.crops]
        masks = BoxMasks(crops, moved(masks.windows)[:, :2], moved_image.shape[1:])
    elif masks is not None:
        masks = np.ascontiguousarray(pixels(masks))
    points = target.keypoints
    if points is not None:  # a point is a box without sides
        x, y = points[..., 0].ravel(), points[..., 1].ravel()  # (N*K,) each
        place = moved(np.stack([x, y, x, y], axis=1))[:, :2].reshape(*points.shape[:2], 2)  # (N, K, 2)
        points = np.concatenate([place, points[..., 2:]], axis=2)
    return moved_image, replace(target, boxes=moved(target.boxes), masks=masks, keypoints=points)


def _mirrored(a: np.ndarray) -> np.ndarray:
    return a[..., ::-1]


def _upside_down(a: np.ndarray) -> np.ndarray:
    return a[..., ::-1, :]


def _turned(a: np.ndarray) -> np.ndarray:
    return np.rot90(a, axes=(-2, -1))


def _probability(name: str, p: float) -> float:
    return check_number(name, p, "p, a probability,", 0, 1)


def _factors(name: str, low: float, high: float) -> tuple[float, float]:
    """The limits of a factor, 0 < low <= high."""
    low = check_number(name, low, "low", SMALLEST, 1 / SMALLEST)
    return low, check_number(name, high, "high", low, 1 / SMALLEST)


def _checked(name: str, image: np.ndarray, target: Target) -> Pair:
    """A picture and a target that fit each other; both are returned as they are, if they are sound."""
    image, target = as_image(name, image), as_target(name, target)
    if target.masks is not None and target.masks.shape[1:] != image.shape[1:]:
        raise InputError(
            f"{name}: masks are {target.masks.shape[1:]} (height, width), but the image is {image.shape[1:]}."
        )
    return image, target
