"""Circles, squares and triangles drawn on demand: sample i is a pure function of (split, seed, i).

This data set needs no disk, never runs out and has exact masks, so that a detector can be trained and
checked in minutes. Objects are painted one after the other. A later object may hide parts of earlier ones,
and the masks are the parts that stay visible.
"""

import numpy as np

from minimaskrcnn.checks import check_choice, check_whole
from minimaskrcnn.data.dataset import check_index
from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.detection.structures import Target

SIDE = 128  # pixels
MAX_OBJECTS = 4
HALF_SIZES = (10, 27)  # pixels, both ends included
CENTRES = (20, 107)  # pixels, both ends included
MIN_VISIBLE = 61  # pixels; an object with fewer visible pixels is dropped
NOISE = 0.03  # standard deviation, on [0, 1]

_SPLITS = {"train": 0, "val": 1}
_SIZES = {"train": 4000, "val": 100}
_Y, _X = np.mgrid[:SIDE, :SIDE]


def circle(y: int, x: int, half: int) -> np.ndarray:
    """Return the disc ``dy^2 + dx^2 <= half^2`` as a (SIDE, SIDE) mask."""
    return (_Y - y) ** 2 + (_X - x) ** 2 <= half**2


def square(y: int, x: int, half: int) -> np.ndarray:
    """Return the square ``max(|dy|, |dx|) <= half`` as a (SIDE, SIDE) mask."""
    return np.maximum(np.abs(_Y - y), np.abs(_X - x)) <= half


def triangle(y: int, x: int, half: int) -> np.ndarray:
    """Return the upright triangle ``2 |dx| <= dy + half, dy <= half`` as a (SIDE, SIDE) mask."""
    return (2 * np.abs(_X - x) <= _Y - y + half) & (_Y - y <= half)


_PAINTERS = (circle, square, triangle)  # label 1, 2, 3


class Shapes:
    """Pictures of 1 to 4 flat-coloured shapes, 128x128, generated one at a time.

    Parameters
    ----------
    split : "train" or "val"
        The two never share a sample, whatever the seed.
    size : int, optional
        Number of samples; 4000 for train, 100 for val. Sample i does not depend on it.
    seed : int
        A different seed gives a different data set. The validation set for reports is ``Shapes("val")``: seed
        0, 100 samples.

    Examples
    --------
    >>> image, target = Shapes("val")[0]
    >>> image.shape, target.masks.shape[1:]
    ((3, 128, 128), (128, 128))
    """

    class_names = ["background", "circle", "square", "triangle"]  # noqa: RUF012 (a constant of the class)

    def __init__(self, split: str = "train", size: int | None = None, seed: int = 0):
        self.split = check_choice("Shapes", split, "split", tuple(_SPLITS))
        self.size = check_whole("Shapes", _SIZES[split] if size is None else size, "size", 1, 2**31)
        self.seed = check_whole("Shapes", seed, "seed", 0, 2**64)

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included: 4."""
        return len(self.class_names)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        index = check_index(index, self.size)
        rng = np.random.default_rng((_SPLITS[self.split], self.seed, index))
        image, owner, labels = _paint(rng)
        masks = owner == np.arange(1, len(labels) + 1)[:, None, None]  # (objects, SIDE, SIDE)
        seen = masks.sum((1, 2)) >= MIN_VISIBLE
        masks, labels = masks[seen], labels[seen]
        return image, Target(
            boxes=boxes_from_masks(masks),
            labels=labels,
            masks=masks,
            iscrowd=np.zeros(len(labels), bool),
            image_id=index,
        )


def _paint(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a scene: image, owner of each pixel (0: none, k: the k-th painted object), labels."""
    count = rng.integers(1, MAX_OBJECTS, endpoint=True)
    labels = rng.integers(1, len(_PAINTERS), count, endpoint=True)
    halves = rng.integers(*HALF_SIZES, count, endpoint=True)
    centres = rng.integers(*CENTRES, (count, 2), endpoint=True)
    colours = rng.random((count + 1, 3), np.float32)  # row 0 is the background's
    owner = np.zeros((SIDE, SIDE), np.int64)
    for k, (label, half, (y, x)) in enumerate(zip(labels, halves, centres, strict=True), start=1):
        owner[_PAINTERS[label - 1](y, x, half)] = k
    image = colours.T[:, owner]  # (3, SIDE, SIDE)
    image += NOISE * rng.standard_normal(image.shape, np.float32)
    return image.clip(0, 1), owner, labels
