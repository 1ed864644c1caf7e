"""Boxes (x1, y1, x2, y2) in continuous pixels: width is x2 - x1, and pixel (0, 0) covers [0, 1) x [0, 1).

Every function keeps the precision of the boxes it gets; integers and float16 are computed in float32.
"""

import numpy as np

from minimaskrcnn.checks import check_number, check_pair_of_sides
from minimaskrcnn.detection.checks import as_boxes, as_coordinates, as_masks


def box_area(boxes: np.ndarray) -> np.ndarray:
    """Width times height of each box.

    Parameters
    ----------
    boxes : (N, 4) float array, pixels

    Returns
    -------
    area : (N,), square pixels; a box reversed in one direction has a negative area, in both a positive one

    Examples
    --------
    >>> box_area(np.array([[0.0, 0.0, 2.0, 3.0]]))
    array([6.])
    """
    boxes = as_boxes("box_area", boxes)
    with np.errstate(over="ignore", invalid="ignore"):
        return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair of boxes.

    Parameters
    ----------
    a : (M, 4) float array, pixels
    b : (N, 4) float array, pixels

    Returns
    -------
    iou : (M, N) in [0, 1]; NaN (0/0) for two boxes without area, as in torchvision

    Examples
    --------
    >>> box_iou(np.array([[0.0, 0.0, 2.0, 2.0]]), np.array([[1.0, 0.0, 3.0, 2.0]])).round(3)
    array([[0.333]])
    """
    a, b = as_boxes("box_iou", a, "a"), as_boxes("box_iou", b, "b")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        intersection, union = _intersection_and_union(a, b)
        return intersection / union


def generalized_box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU less the share of the smallest enclosing box that neither box covers: it still falls as boxes part.

    giou = iou - (enclosing - union) / enclosing: Rezatofighi et al. 2019, algorithm 1.

    Parameters
    ----------
    a : (M, 4) float array, pixels
    b : (N, 4) float array, pixels

    Returns
    -------
    giou : (M, N) in (-1, 1]; NaN where a box without area meets itself

    Examples
    --------
    >>> generalized_box_iou(np.array([[0.0, 0.0, 1.0, 1.0]]), np.array([[3.0, 0.0, 4.0, 1.0]]))
    array([[-0.5]])
    """
    a, b = as_boxes("generalized_box_iou", a, "a"), as_boxes("generalized_box_iou", b, "b")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        intersection, union = _intersection_and_union(a, b)
        top_left = np.minimum(a[:, None, :2], b[:, :2])  # (M, N, 2)
        bottom_right = np.maximum(a[:, None, 2:], b[:, 2:])
        enclosing = np.maximum(bottom_right - top_left, 0).prod(axis=2)
        return intersection / union - (enclosing - union) / enclosing


def _intersection_and_union(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top_left = np.maximum(a[:, None, :2], b[:, :2])  # (M, N, 2)
    bottom_right = np.minimum(a[:, None, 2:], b[:, 2:])
    intersection = np.maximum(bottom_right - top_left, 0).prod(axis=2)
    return intersection, box_area(a)[:, None] + box_area(b) - intersection


def clip_boxes_to_image(boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Move every corner into the image, whose right edge is at x = width (not width - 1).

    Parameters
    ----------
    boxes : (..., 4) float array, pixels
    size : (height, width) of the image

    Returns
    -------
    clipped : (..., 4), a new array

    Examples
    --------
    >>> clip_boxes_to_image(np.array([[-3.0, 2.0, 99.0, 99.0]]), (40, 50))
    array([[ 0.,  2., 50., 40.]])
    """
    boxes = as_coordinates("clip_boxes_to_image", boxes)
    height, width = check_pair_of_sides("clip_boxes_to_image", size)
    return np.clip(boxes, 0, np.array([width, height, width, height], boxes.dtype))


def resize_boxes(boxes: np.ndarray, old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    """Scale boxes from the pixels of a picture to those of the same picture at another size.

    Parameters
    ----------
    boxes : (..., 4) float array, pixels of the picture of size `old`
    old, new : (height, width), pixels

    Returns
    -------
    (..., 4) array of the dtype of `boxes`
        Each coordinate times the ratio of the sides, which is taken in float32.

    Examples
    --------
    >>> resize_boxes(np.array([[2.0, 1.0, 6.0, 3.0]]), (4, 8), (8, 8))
    array([[2., 2., 6., 6.]])
    """
    boxes = as_coordinates("resize_boxes", boxes)
    old, new = (
        check_pair_of_sides("resize_boxes", old, "old"),
        check_pair_of_sides("resize_boxes", new, "new"),
    )
    ratio_y, ratio_x = (np.float32(n) / np.float32(o) for n, o in zip(new, old, strict=True))
    return boxes * np.array([ratio_x, ratio_y, ratio_x, ratio_y], boxes.dtype)


def remove_small_boxes(boxes: np.ndarray, min_size: float) -> np.ndarray:
    """Indices of the boxes with both sides at least min_size.

    Parameters
    ----------
    boxes : (N, 4) float array, pixels
    min_size : float, pixels

    Returns
    -------
    keep : (K,) int64, ascending

    Examples
    --------
    >>> remove_small_boxes(np.array([[0.0, 0.0, 5.0, 1.0], [0.0, 0.0, 5.0, 2.0]]), 2.0)
    array([1])
    """
    boxes = as_boxes("remove_small_boxes", boxes)
    min_size = check_number("remove_small_boxes", min_size, "min_size")
    with np.errstate(invalid="ignore", over="ignore"):
        sides = boxes[:, 2:] - boxes[:, :2]  # (N, 2)
    return np.flatnonzero((sides >= min_size).all(axis=1)).astype(np.int64, copy=False)


def boxes_from_masks(masks: np.ndarray) -> np.ndarray:
    """The smallest box around each mask; a mask of one pixel has a box of side 1.

    (torchvision's ``masks_to_boxes`` ends at the last pixel's index, so its boxes are one pixel smaller.)

    Parameters
    ----------
    masks : (N, H, W) bool array

    Returns
    -------
    boxes : (N, 4) float32, pixels; zeros for an empty mask

    Examples
    --------
    >>> mask = np.zeros((1, 5, 5), bool); mask[0, 1:3, 2] = True
    >>> boxes_from_masks(mask)
    array([[2., 1., 3., 3.]], dtype=float32)
    """
    masks = as_masks("boxes_from_masks", masks)
    if 0 in masks.shape[1:]:
        return np.zeros((len(masks), 4), np.float32)
    x1, x2 = _extent(np.any(masks, axis=1))
    y1, y2 = _extent(np.any(masks, axis=2))
    return np.stack([x1, y1, x2, y2], axis=1).astype(np.float32)


def _extent(occupied: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the occupied cells (N, side) of each row begin and end; 0 and 0 where there are none."""
    last = occupied.shape[1] - occupied[:, ::-1].argmax(axis=1)
    return occupied.argmax(axis=1), np.where(occupied.any(axis=1), last, 0)
