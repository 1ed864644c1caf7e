"""The same shapes, with three keypoints each, so that a branch of keypoints can be trained in minutes.

    circle     the top, and the outline's points 45 degrees to the left and to the right of the bottom
    square     the middle of the upper edge, and the two lower corners
    triangle   the tip, and the two lower corners

A keypoint under another shape is hidden: it is annotated, as COCO does, with visibility 1. One outside the
picture is not annotated.
"""

from dataclasses import replace

import numpy as np

from minimaskrcnn.data.dataset import check_index
from minimaskrcnn.data.shapes import SIDE, Scene, Shapes, draw_scene, paint
from minimaskrcnn.detection.skeleton import Skeleton
from minimaskrcnn.detection.structures import Target

UNKNOWN, HIDDEN, VISIBLE = 0, 1, 2
_CIRCLE = 1
_CORNERS = np.array([[-1, 0], [1, -1], [1, 1]])  # rows and columns from the centre, in half sizes
_ON_CIRCLE = np.array([[-1, 0], [np.sqrt(0.5), -np.sqrt(0.5)], [np.sqrt(0.5), np.sqrt(0.5)]])


class ShapesWithKeypoints(Shapes):
    """The pictures of `Shapes`, pixel for pixel, whose targets also have keypoints.

    Parameters
    ----------
    split, size, seed
        As those of `Shapes`.

    Attributes
    ----------
    skeleton : Skeleton
        The names of the keypoints, and the limbs that join them to a triangle.

    Examples
    --------
    >>> shapes = ShapesWithKeypoints("val")
    >>> shapes.skeleton.names
    ('top', 'lower_left', 'lower_right')
    >>> _, target = shapes[0]
    >>> target.keypoints.shape == (len(target), 3, 3)
    True
    """

    skeleton = Skeleton(("top", "lower_left", "lower_right"), ((0, 1), (1, 2), (2, 0)))

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        index = check_index(index, self.size)
        rng = self._generator(index)
        scene = draw_scene(rng)
        image, target, seen = paint(scene, SIDE, rng, index)
        assert isinstance(target.masks, np.ndarray)
        keypoints = _seen_through(target.masks, keypoint_pixels(scene)[seen])
        return image, replace(target, keypoints=keypoints, mirror=self.skeleton.mirror)


def keypoint_pixels(scene: Scene) -> np.ndarray:
    """Return the row and the column of the pixel of each keypoint (N, 3, 2), also of those out of sight.

    Examples
    --------
    >>> scene = Scene(np.array([1, 3]), np.array([20, 10]), np.array([[50, 50], [20, 5]]), np.zeros((3, 3)))
    >>> keypoint_pixels(scene).tolist()
    [[[30, 50], [64, 36], [64, 64]], [[10, 5], [30, -5], [30, 15]]]
    """
    steps = np.where((scene.labels == _CIRCLE)[:, None, None], _ON_CIRCLE, _CORNERS)  # (N, 3, 2)
    offsets = np.trunc(steps * scene.halves[:, None, None]).astype(np.int64)
    pixels: np.ndarray = scene.centres[:, None] + offsets
    return pixels


def _seen_through(masks: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return x, y and visibility (N, 3, 3) of pixels (N, 3, 2), given the visible parts (N, H, W)."""
    rows, columns = pixels[..., 0], pixels[..., 1]  # (N, 3) each
    height, width = masks.shape[1:]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    bare = masks[np.arange(len(masks))[:, None], np.where(inside, rows, 0), np.where(inside, columns, 0)]
    visibility = np.where(inside, np.where(bare, VISIBLE, HIDDEN), UNKNOWN)
    places = np.stack([columns + 0.5, rows + 0.5, visibility], 2)  # the middles of pixels
    return np.where(inside[:, :, None], places, 0).astype(np.float32)
