"""Masks between their two sizes: the small square the head predicts, and its box in the picture."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.checks import check_number, check_pair_of_sides, check_whole
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.checks import as_boxes, as_indices, as_masks, as_real
from minimaskrcnn.errors import InputError

Weights = Callable[..., tuple[slice, np.ndarray]]
FARTHEST = 1e7  # pixels from the origin, for a corner of a box
AT_ONCE = 2**24  # pixels of true masks that are read as numbers together
MIN_EXTENT = 1e-3  # pixels; a box without extent is read as one this wide


def expand_boxes(boxes: np.ndarray, scale: float) -> np.ndarray:
    """Grow boxes about their centres.

    Parameters
    ----------
    boxes : (N, 4) float array, pixels
    scale : float, new side / old side

    Examples
    --------
    >>> expand_boxes(np.array([[2.0, 2.0, 4.0, 4.0]]), 2.0)
    array([[1., 1., 5., 5.]])
    """
    boxes = as_boxes("expand_boxes", boxes)
    scale = check_number("expand_boxes", scale, "scale", least=0)
    with np.errstate(over="ignore", invalid="ignore"):
        half = (boxes[:, 2:] - boxes[:, :2]) * boxes.dtype.type(0.5) * boxes.dtype.type(scale)
        centre = (boxes[:, 2:] + boxes[:, :2]) * boxes.dtype.type(0.5)
        return np.concatenate([centre - half, centre + half], axis=1)


def paste_masks(
    masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int], threshold: float | None = None
) -> np.ndarray | BoxMasks:
    """Resize each mask to its box and put it into an empty image.

    As torchvision does it: the mask gets a border of one zero cell so that it fades out at its edge, the box
    grows with it by (M + 2) / M and is truncated (toward zero) to whole pixels, both ends included; between
    the cells the values are bilinear. Only pixels within the image are computed.

    Parameters
    ----------
    masks : (D, M, M) float array, probabilities
    boxes : (D, 4) float array, pixels
    size : (height, width) of the image
    threshold : float, optional
        Return where the pasted probability is greater than this, kept in the boxes: little memory.

    Returns
    -------
    pasted : (D, height, width) array, dtype of masks, 0 outside the boxes; `BoxMasks` if a threshold is given

    Raises
    ------
    InputError
        If the masks are not square, or not one for each box.

    Examples
    --------
    >>> paste_masks(np.ones((1, 2, 2)), np.array([[1.0, 1.0, 3.0, 3.0]]), (4, 5)).round(1)
    array([[[0. , 0. , 0. , 0. , 0. ],
            [0. , 0.5, 0.7, 0.5, 0. ],
            [0. , 0.7, 1. , 0.7, 0. ],
            [0. , 0.5, 0.7, 0.5, 0. ]]])
    """
    masks, boxes, size, threshold = _checked("paste_masks", masks, boxes, size, threshold)
    M = masks.shape[1]
    corners = expand_boxes(boxes, (M + 2) / M).astype(np.int64)
    return _paste(masks, corners, size, threshold, _resize_weights)


def paste_masks_aligned(
    masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int], threshold: float | None = None
) -> np.ndarray | BoxMasks:
    """Read each mask at the centres of the image's pixels; the box is not rounded.

    The centre of pixel x, at x + 1/2, lies at cell ``(x + 1/2 - x1) / (x2 - x1) * M - 1/2`` of the mask;
    between the cells the value is bilinear, and it fades to 0 within one cell of the outermost. `paste_masks`
    moves each edge by up to a pixel, which is to small objects what RoIPool is to RoIAlign.

    Parameters and answer are those of `paste_masks`. Source: Detectron2's ``paste_masks_in_image``.

    Examples
    --------
    >>> paste_masks_aligned(np.ones((1, 2, 2)), np.array([[1.5, 1.0, 3.5, 3.0]]), (4, 5))[0, 1]
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    masks, boxes, size, threshold = _checked("paste_masks_aligned", masks, boxes, size, threshold)
    return _paste(masks, boxes, size, threshold, _sample_weights)


def _checked(
    name: str, masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int], threshold: float | None
) -> tuple[np.ndarray, np.ndarray, tuple[int, int], float | None]:
    """The arguments of `paste_masks`, in kinds to compute with."""
    masks, boxes = as_real(name, masks, "masks"), as_real(name, boxes, "boxes")
    if masks.ndim != 3 or not 0 < masks.shape[1] == masks.shape[2] or boxes.shape != (len(masks), 4):
        raise InputError(
            f"{name}: masks must be (D, M, M) and boxes (D, 4); got {masks.shape} and {boxes.shape}. "
            "Take the channel of each detection's label first."
        )
    _check_near(name, boxes)
    if threshold is not None:
        threshold = check_number(name, threshold, "threshold")
    return masks, boxes, check_pair_of_sides(name, size), threshold


def _check_near(name: str, boxes: np.ndarray) -> None:
    """Refuse boxes (N, 4) that are no numbers, or so far away that a mask of them would not end."""
    near = (np.abs(boxes) <= FARTHEST).all(axis=1)  # NaN is not
    if not near.all():
        row = int(near.argmin())
        raise InputError(
            f"{name}: boxes[{row}] is {boxes[row].tolist()}; every coordinate must be a number within "
            f"{FARTHEST:,.0f} pixels of the origin."
        )


def _paste(
    masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int], threshold: float | None, weights: Weights
) -> np.ndarray | BoxMasks:
    """Lay each patch into a picture of its own, or keep where it passes the threshold."""
    patches = _patches(masks, boxes, size, weights)
    if threshold is not None:
        cut = [(patch > threshold, (columns.start, rows.start)) for rows, columns, patch in patches]
        corners = np.array([corner for _, corner in cut], np.int64).reshape(-1, 2)  # (D, x y)
        return BoxMasks([crop for crop, _ in cut], corners, size)
    pasted = np.zeros((len(masks), *size), masks.dtype)
    for image, (rows, columns, patch) in zip(pasted, patches, strict=True):
        image[rows, columns] = patch
    return pasted


def _patches(
    masks: np.ndarray, boxes: np.ndarray, size: tuple[int, int], weights: Weights
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Read each mask bilinearly along both axes; `weights` says which cells a pixel lies between.

    Yields the rows and the columns of the picture that a mask covers, and its values there.
    """
    M = masks.shape[1]
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        rows, weight_y = weights(M, y1, y2, size[0], masks.dtype)
        columns, weight_x = weights(M, x1, x2, size[1], masks.dtype)
        with np.errstate(invalid="ignore"):
            patch = weight_y @ mask @ weight_x.T  # (rows, M) (M, M) (M, columns)
        yield rows, columns, patch


def _sample_weights(M: int, low: float, high: float, side: int, dtype: np.dtype) -> tuple[slice, np.ndarray]:
    """One axis of a reading at pixel centres: the pixels within reach of the box, and their weights.

    A cell's weight falls off linearly with the pixel's distance from the cell's centre.
    """
    extent = max(float(high) - float(low), MIN_EXTENT)
    reach = extent / (2 * M)  # half a cell: from there on every weight is 0
    start, stop = (int(np.clip(edge, 0, side)) for edge in (low - reach, np.ceil(high + reach)))
    position = (np.arange(start, stop) + 0.5 - low) * (M / extent) - 0.5
    distance = np.abs(position[:, None] - np.arange(M))
    return slice(start, stop), np.maximum(1 - distance, 0).astype(dtype)


def _resize_weights(M: int, first: int, last: int, side: int, dtype: np.dtype) -> tuple[slice, np.ndarray]:
    """One axis of the resize of M cells (and a zero on either end) to the pixels first..last.

    Returns the pixels within the image, and for each the weights (pixels, M) of the cells it lies between:
    pixel i has its centre at cell ``(i + 1/2) * (M + 2) / pixels - 1/2``, and a cell's weight falls off
    linearly.
    """
    pixels = max(last - first + 1, 1)
    visible = np.arange(max(first, 0), min(last + 1, side))
    position = (visible - first + 0.5) * ((M + 2) / pixels) - 0.5
    distance = np.abs(np.clip(position, 0, M + 1)[:, None] - np.arange(1, M + 1))
    start = min(max(first, 0), side)
    return slice(start, start + len(visible)), np.maximum(1 - distance, 0).astype(dtype)


def mask_targets(
    gt_masks: np.ndarray | BoxMasks, boxes: np.ndarray, matched: np.ndarray, size: int
) -> np.ndarray:
    """Return what the mask head should answer for each RoI: its object's mask, cut out and resized.

    This is RoIAlign of the 0/1 mask with as many samples per bin as fit. The targets are soft: a bin on the
    outline has the share of its samples that lie in the object. (Torchvision's ``project_masks_on_boxes``.)

    Parameters
    ----------
    gt_masks : (G, H, W) bool, an array or `BoxMasks`
    boxes : (K, 4) float array, the rois in pixels of the masks
    matched : (K,) int array, the row of gt_masks for each roi
    size : int, side of the target

    Returns
    -------
    targets : (K, size, size) in [0, 1], dtype of boxes

    Examples
    --------
    >>> mask = np.zeros((1, 8, 8), bool); mask[0, :, 4:] = True
    >>> mask_targets(mask, np.array([[0.0, 0.0, 8.0, 8.0]]), np.array([0]), 2)
    array([[[0.125, 1.   ],
            [0.125, 1.   ]]])
    """
    boxes = as_boxes("mask_targets", boxes)
    if not isinstance(gt_masks, BoxMasks):
        gt_masks = as_masks("mask_targets", gt_masks, "gt_masks")
    matched = as_indices("mask_targets", matched, "matched", len(boxes), len(gt_masks))
    size = check_whole("mask_targets", size, "size", 1, 4096)
    _check_near("mask_targets", boxes)
    objects = np.unique(matched)
    targets = np.zeros((len(boxes), size, size), boxes.dtype)
    at_once = max(1, AT_ONCE // max(1, math.prod(gt_masks.shape[1:])))
    for first in range(0, len(objects), at_once):
        chosen = objects[first : first + at_once]
        mine = np.flatnonzero(np.isin(matched, chosen))
        row = np.searchsorted(chosen, matched[mine])
        rois = np.concatenate([row[:, None].astype(boxes.dtype), boxes[mine]], axis=1)  # (k, 5)
        features = np.asarray(gt_masks[chosen])[:, None].astype(boxes.dtype)  # (g, 1, H, W)
        targets[mine] = kernels.active().roi_align(features, rois, (size, size), 1.0, -1, False)[:, 0]
    return targets
