"""Circles, squares and triangles drawn on demand: sample i is a pure function of (split, seed, i).

This data set needs no disk, never runs out and has exact masks, so that a detector can be trained and
checked in minutes. Objects are painted one after the other. A later object may hide parts of earlier ones,
and the masks are the parts that stay visible.
"""

from dataclasses import dataclass

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

SAMPLE_SIDE = 256  # pixels of the picture with large shapes
_SAMPLE_GROUND = (16, 18, 24)  # red, green, blue in percent
_SAMPLE = (  # label, half size, y, x, and red, green, blue in percent; later ones are on top
    (3, 100, 140, 110, 33, 52, 74),
    (1, 60, 70, 190, 88, 72, 30),
    (2, 40, 52, 52, 45, 70, 52),
    (1, 30, 193, 108, 80, 36, 32),
    (2, 20, 205, 228, 62, 45, 75),
    (3, 15, 165, 28, 93, 90, 80),
    (1, 12, 150, 205, 40, 75, 80),
    (2, 10, 117, 22, 85, 55, 72),
)

_SPLITS = {"train": 0, "val": 1}
_SIZES = {"train": 4000, "val": 100}


def circle(y: int, x: int, half: int, side: int = SIDE) -> np.ndarray:
    """Return the disc ``dy^2 + dx^2 <= half^2`` as a (side, side) mask."""
    rows, columns = np.ogrid[:side, :side]
    return (rows - y) ** 2 + (columns - x) ** 2 <= half**2


def square(y: int, x: int, half: int, side: int = SIDE) -> np.ndarray:
    """Return the square ``max(|dy|, |dx|) <= half`` as a (side, side) mask."""
    rows, columns = np.ogrid[:side, :side]
    return np.maximum(np.abs(rows - y), np.abs(columns - x)) <= half


def triangle(y: int, x: int, half: int, side: int = SIDE) -> np.ndarray:
    """Return the upright triangle ``2 |dx| <= dy + half, dy <= half`` as a (side, side) mask."""
    rows, columns = np.ogrid[:side, :side]
    return (2 * np.abs(columns - x) <= rows - y + half) & (rows - y <= half)


_PAINTERS = (circle, square, triangle)  # label 1, 2, 3


@dataclass(frozen=True)
class Scene:
    """N shapes of a picture, later ones on top.

    Attributes
    ----------
    labels : (N,) int64, 1 circle, 2 square, 3 triangle
    halves : (N,) int64, half their sizes in pixels
    centres : (N, 2) int64, y and x of the pixels in their middle
    colours : (N + 1, 3) float32, red, green and blue in [0, 1]; row 0 is the background's
    """

    labels: np.ndarray
    halves: np.ndarray
    centres: np.ndarray
    colours: np.ndarray


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
        rng = self._generator(index)
        image, target, _ = paint(draw_scene(rng), SIDE, rng, index)
        return image, target

    def _generator(self, index: int) -> np.random.Generator:
        return np.random.default_rng((_SPLITS[self.split], self.seed, index))


def shapes_sample() -> tuple[np.ndarray, Target]:
    """Return a drawn picture of 256x256 with eight shapes, 21 to 201 pixels wide, and its truth.

    Shapes of the data set are at most 55 pixels wide, so that every RoI is read from the finest level. Those
    of this picture belong to P2, P3 and P4. The bundled model was not trained on such sizes and finds only
    the small ones, so take the true boxes as RoIs. With ``min_size=256`` a model sees the picture unscaled.

    Returns
    -------
    image : (3, 256, 256) float32 in [0, 1]
    target : Target, the smallest shape last

    Examples
    --------
    >>> from minimaskrcnn.detection.levels import LevelMapper
    >>> image, target = shapes_sample()
    >>> LevelMapper(2, 4, canonical_scale=112)(target.boxes) + 2  # as the models `mini` choose
    array([4, 4, 3, 3, 2, 2, 2, 2])
    """
    labels, halves, y, x, *rgb = np.array(_SAMPLE).T
    colours = np.array([_SAMPLE_GROUND, *zip(*rgb, strict=True)], np.float32) / np.float32(100)
    scene = Scene(labels, halves, np.stack([y, x], 1), colours)
    image, target, _ = paint(scene, SAMPLE_SIDE, np.random.default_rng(0), 0)
    return image, target


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw 1 to 4 shapes at random."""
    count = rng.integers(1, MAX_OBJECTS, endpoint=True)
    return Scene(
        labels=rng.integers(1, len(_PAINTERS), count, endpoint=True),
        halves=rng.integers(*HALF_SIZES, count, endpoint=True),
        centres=rng.integers(*CENTRES, (count, 2), endpoint=True),
        colours=rng.random((count + 1, 3), np.float32),
    )


def paint(
    scene: Scene, side: int, rng: np.random.Generator, image_id: int
) -> tuple[np.ndarray, Target, np.ndarray]:
    """Paint the shapes one after the other, and say what stays visible.

    Returns
    -------
    image : (3, side, side) float32 in [0, 1]
    target : Target of the M shapes of which enough is visible
    seen : (N,) bool, which of the scene's shapes these are
    """
    owner = np.zeros((side, side), np.int64)  # of each pixel: 0 the ground, k the k-th shape
    shapes = zip(scene.labels, scene.halves, scene.centres, strict=True)
    for k, (label, half, (y, x)) in enumerate(shapes, start=1):
        owner[_PAINTERS[label - 1](y, x, half, side)] = k
    image = scene.colours.T[:, owner]  # (3, side, side)
    image += NOISE * rng.standard_normal(image.shape, np.float32)
    masks = owner == np.arange(1, len(scene.labels) + 1)[:, None, None]  # (N, side, side)
    seen = masks.sum((1, 2)) >= MIN_VISIBLE
    masks, labels = masks[seen], scene.labels[seen]
    target = Target(
        boxes=boxes_from_masks(masks),
        labels=labels,
        masks=masks,
        iscrowd=np.zeros(len(labels), bool),
        image_id=image_id,
    )
    return image.clip(0, 1), target, seen
