"""Boundary IoU: the overlap of two masks along their outlines only, where large masks are still told apart.

    boundary(M) = the pixels of M at most d from its outline;   d = ratio * image diagonal
    boundary IoU(A, B) = |boundary(A) & boundary(B)| / |boundary(A) | boundary(B)|

Mask IoU forgives a ragged outline when the inside is large; here the inside does not count.
Source: Cheng et al. 2021, "Boundary IoU: Improving object-centric image segmentation evaluation", eq. 2.
"""

import numpy as np
from scipy.ndimage import binary_erosion

from minimaskrcnn.checks import check_number, check_pair_of_sides
from minimaskrcnn.detection.checks import as_masks
from minimaskrcnn.errors import InputError

DILATION_RATIO = 0.02  # the paper's choice for COCO and LVIS


def boundary_width(height: int, width: int, dilation_ratio: float = DILATION_RATIO) -> int:
    """Return d in whole pixels, at least 1, for an image of height x width pixels.

    Examples
    --------
    >>> boundary_width(480, 640), boundary_width(128, 128)
    (16, 4)
    """
    height, width = check_pair_of_sides("boundary_width", (height, width), "the image's size", least=0)
    dilation_ratio = check_number("boundary_width", dilation_ratio, "dilation_ratio", 0, 1)
    return max(1, round(dilation_ratio * float(np.hypot(height, width))))


def mask_boundaries(masks: np.ndarray, dilation_ratio: float = DILATION_RATIO) -> np.ndarray:
    """Return what of each mask lies within d of its outline.

    A pixel belongs to the boundary if the (2d+1) x (2d+1) square around it leaves the mask; the image's edge
    counts as outline.

    Parameters
    ----------
    masks : (N, H, W) bool array
    dilation_ratio : float
        d as a part of the image's diagonal.

    Returns
    -------
    (N, H, W) bool array, each a subset of its mask
    """
    masks = as_masks("mask_boundaries", masks)
    _, H, W = masks.shape
    d = boundary_width(H, W, dilation_ratio)
    square = np.ones((1, 3, 3), bool)  # d erosions by 3x3 are one by (2d+1) x (2d+1), mask by mask
    return masks & ~binary_erosion(masks, square, iterations=d)


def boundary_iou(a: np.ndarray, b: np.ndarray, dilation_ratio: float = DILATION_RATIO) -> np.ndarray:
    """Return the boundary IoU of each mask of `a` with the mask of `b` at the same place, (N,) float64.

    Parameters
    ----------
    a, b : (N, H, W) bool arrays
    dilation_ratio : float
        As of `mask_boundaries`.

    Raises
    ------
    InputError
        If the shapes differ. Two empty masks have IoU 0.

    Examples
    --------
    >>> square = np.zeros((1, 50, 50), bool)
    >>> square[0, 10:30, 10:30] = True
    >>> boundary_iou(square, np.roll(square, 1, axis=2), dilation_ratio=0.03).round(2)
    array([0.6])
    """
    a, b = as_masks("boundary_iou", a, "a"), as_masks("boundary_iou", b, "b")
    if a.shape != b.shape:
        raise InputError(
            f"boundary_iou: masks have shapes {a.shape} and {b.shape}; pass two arrays (N, H, W) of matched "
            "masks in the same order."
        )
    edge_a, edge_b = mask_boundaries(a, dilation_ratio), mask_boundaries(b, dilation_ratio)
    common = (edge_a & edge_b).sum((1, 2))
    union = (edge_a | edge_b).sum((1, 2))
    return np.divide(common, union, out=np.zeros(len(a)), where=union > 0)
