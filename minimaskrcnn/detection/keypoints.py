"""Keypoints as cells of heat maps, one M x M map over the box for each kind of point, and back.

    target   cell (x, y) = floor((x - x1) * M / (x2 - x1)), likewise for y: one cell of M*M is right
    answer   the place of the largest value, after the map is resized bicubically to the pixels of the box

A cell stands for the point in its middle: c = d + 1/2 (Heckbert 1990). A keypoint is x, y in pixels and a
visibility, as in COCO: 0 not annotated, 1 annotated but hidden, 2 visible.
Source: He et al. 2017, "Mask R-CNN", section 5; the rounding is torchvision's.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn.checks import check_pair_of_sides, check_whole, describe
from minimaskrcnn.detection.checks import as_boxes, as_real
from minimaskrcnn.errors import InputError

CUBIC = -0.75
"""Keys' parameter of cubic interpolation, torch's choice."""


def as_keypoints(where: str, keypoints: object, count: int | None = None) -> np.ndarray:
    """Keypoints (N, K, 3) of real numbers: x, y, visibility; with `count`, of that many objects.

    Raises
    ------
    InputError
        If the array has another shape, or does not hold real numbers.
    """
    array = as_real(where, keypoints, "keypoints")
    if array.ndim != 3 or array.shape[2] != 3 or (count is not None and len(array) != count):
        rows = "N" if count is None else count
        raise InputError(
            f"{where}: keypoints must be ({rows}, K, 3): x, y, visibility; got {describe(keypoints)}."
        )
    return array


def keypoint_cells(keypoints: np.ndarray, boxes: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the cell of each keypoint in the heat map over its box.

    Parameters
    ----------
    keypoints : (N, K, 3) float array, pixels and visibility
    boxes : (N, 4) float array, pixels
    side : int, cells per side of a heat map

    Returns
    -------
    cells : (N, K) int64, row * side + column; 0 where there is none
    known : (N, K) bool, whether the keypoint is annotated and lies in its box, the edges included

    Examples
    --------
    >>> box = np.array([[0.0, 0.0, 8.0, 8.0]])
    >>> keypoint_cells(np.array([[[3.0, 1.0, 2.0], [9.0, 1.0, 2.0]]]), box, 4)
    (array([[1, 0]]), array([[ True, False]]))
    """
    where = "keypoint_cells"
    side = check_whole(where, side, "side", 1)
    boxes = as_boxes(where, boxes)
    keypoints = as_keypoints(where, keypoints, len(boxes)).astype(boxes.dtype, copy=False)
    corner, far = boxes[:, None, :2], boxes[:, None, 2:]  # (N, 1, 2) each
    place = keypoints[..., :2]  # (N, K, 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # a box without an area has no cells
        cell = np.floor((place - corner) * (side / (far - corner)))
    cell = np.where(place == far, side - 1, cell)  # the far edge belongs to the last cell
    known = ((cell >= 0) & (cell < side)).all(-1) & (keypoints[..., 2] > 0)
    column, row = np.where(known[..., None], cell, 0).astype(np.int64).transpose(2, 0, 1)
    return row * side + column, known


def locate_keypoints(heatmaps: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read the place and the value of the peak of each heat map.

    Parameters
    ----------
    heatmaps : (D, K, M, M) float array
    boxes : (D, 4) float array, pixels; a side below 1 counts as 1

    Returns
    -------
    keypoints : (D, K, 3) array, x and y in pixels and 1
    scores : (D, K) array, the values of the peaks; they are logits and can be compared within one map only
    """
    where = "locate_keypoints"
    heatmaps, boxes = as_real(where, heatmaps, "heatmaps"), as_boxes(where, boxes)
    if heatmaps.ndim != 4 or not all(heatmaps.shape[2:]) or len(heatmaps) != len(boxes):
        raise InputError(f"{where}: heatmaps must be ({len(boxes)}, K, M, M); got {describe(heatmaps)}.")
    D, K = heatmaps.shape[:2]
    keypoints, scores = np.ones((D, K, 3), heatmaps.dtype), np.empty((D, K), heatmaps.dtype)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1)  # (D, 2), width and height
    for d, (width, height) in enumerate(sides):
        columns, rows = int(np.ceil(width)), int(np.ceil(height))
        pixels = resize_bicubic(heatmaps[d], (rows, columns)).reshape(K, -1)  # (K, rows*columns)
        peak = pixels.argmax(1)
        y, x = np.divmod(peak, columns)
        keypoints[d, :, 0] = (x + 0.5) * (width / columns) + boxes[d, 0]
        keypoints[d, :, 1] = (y + 0.5) * (height / rows) + boxes[d, 1]
        scores[d] = pixels[np.arange(K), peak]
    return keypoints, scores


def resize_bicubic(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize maps (K, H, W) to (K, rows, columns) by cubic interpolation on both axes: ``R map C^T``."""
    rows, columns = check_pair_of_sides("resize_bicubic", size)
    maps = as_real("resize_bicubic", maps, "maps")
    R, C = (cubic_weights(*sides, maps.dtype) for sides in zip(maps.shape[1:], (rows, columns), strict=True))
    resized: np.ndarray = R @ maps @ C.T
    return resized


def cubic_weights(old: int, new: int, dtype: np.typing.DTypeLike = np.float64) -> np.ndarray:
    """Return the matrix (new, old) that resizes a row of `old` cells to `new` cells.

    New cell i reads four cells around p = (i + 1/2) * old / new - 1/2, beyond the edge the last cell again.
    A cell at the distance t has the weight, with a = `CUBIC`,

        (a + 2) t^3 - (a + 3) t^2 + 1         for t <= 1
        a t^3 - 5a t^2 + 8a t - 4a            for t <= 2

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing".

    Examples
    --------
    >>> cubic_weights(3, 3)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """
    half, step = np.array([0.5, old / new], dtype)
    place = (np.arange(new, dtype=dtype) + half) * step - half  # (new,)
    cells = np.floor(place)[:, None] + np.arange(-1, 3, dtype=dtype)  # (new, 4)
    t = abs(place[:, None] - cells)
    near = ((CUBIC + 2) * t - (CUBIC + 3)) * t * t + 1
    far = ((CUBIC * t - 5 * CUBIC) * t + 8 * CUBIC) * t - 4 * CUBIC
    weights = np.zeros((new, old), dtype)
    read = cells.clip(0, old - 1).astype(np.intp)
    np.add.at(weights, (np.arange(new)[:, None], read), np.where(t <= 1, near, far))
    return weights


def resize_keypoints(keypoints: np.ndarray, old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    """Scale keypoints (..., 3) from pixels of a picture of size `old` to those of size `new`, both (h, w).

    The ratios of the sides are taken in float32, as for boxes.

    Examples
    --------
    >>> resize_keypoints(np.array([[2.0, 1.0, 2.0]]), (4, 8), (8, 8))
    array([[2., 2., 2.]])
    """
    where = "resize_keypoints"
    array = as_real(where, keypoints, "keypoints")
    if not array.ndim or array.shape[-1] != 3:
        raise InputError(f"{where}: keypoints must end in 3: x, y, visibility; got {describe(keypoints)}.")
    old, new = check_pair_of_sides(where, old, "old"), check_pair_of_sides(where, new, "new")
    ratio_y, ratio_x = (np.float32(n) / np.float32(o) for n, o in zip(new, old, strict=True))
    scaled: np.ndarray = array * np.array([ratio_x, ratio_y, 1], array.dtype)
    return scaled
