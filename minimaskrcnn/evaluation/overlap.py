"""How much of one object another covers: ``IoU = intersection / union``, in float64, for boxes and for masks.

A crowd region stands for many objects at once, so a detection inside it is compared with itself alone:
``intersection / area of the detection``. Boxes are continuous, without the +1 of older conventions.

Masks are compared where their windows overlap, and only there.
"""

import numpy as np

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.boxes import box_area


def iou_matrix(
    intersection: np.ndarray, found: np.ndarray, true: np.ndarray, crowd: np.ndarray
) -> np.ndarray:
    """Turn intersections into overlaps, with COCO's rule for crowds.

    Parameters
    ----------
    intersection : (D, G) array
    found, true : (D,) and (G,) arrays
        Areas of the detections and of the true objects.
    crowd : (G,) bool array

    Returns
    -------
    (D, G) float64 array; 0 where nothing intersects, whatever the areas.

    Examples
    --------
    >>> iou_matrix(np.array([[6.0, 6.0]]), np.array([8.0]), np.array([10.0, 10.0]), np.array([False, True]))
    array([[0.5 , 0.75]])
    """
    union = np.where(crowd, found[:, None], found[:, None] + true - intersection)  # (D, G)
    return np.divide(intersection, union, out=np.zeros(union.shape), where=intersection > 0)


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Return width times height, (N,) float64."""
    return box_area(boxes.astype(np.float64))


def box_intersections(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the common area of each pair of boxes, (D, G) float64."""
    found, true = found.astype(np.float64)[:, None], true.astype(np.float64)[None]  # (D, 1, 4), (1, G, 4)
    sides = np.minimum(found[..., 2:], true[..., 2:]) - np.maximum(found[..., :2], true[..., :2])  # (D, G, 2)
    return sides.clip(min=0).prod(-1)


def mask_intersections(found: BoxMasks, true: BoxMasks) -> np.ndarray:
    """Return the number of pixels each pair of masks has in common, (D, G) int64."""
    common = np.zeros((len(found), len(true)), np.int64)
    first = np.maximum(found.windows[:, None, :2], true.windows[:, :2])  # (D, G, x y)
    last = np.minimum(found.windows[:, None, 2:], true.windows[:, 2:])
    for d, g in np.argwhere((first < last).all(axis=-1)):
        a, b = (
            masks.crops[k][_within(masks.windows[k], first[d, g], last[d, g])]
            for masks, k in ((found, d), (true, g))
        )
        common[d, g] = np.count_nonzero(a & b)
    return common


def _within(window: np.ndarray, first: np.ndarray, last: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a crop that show the pixels from `first` to `last` (x, y) of the picture."""
    (x1, y1), (x2, y2) = first - window[:2], last - window[:2]
    return slice(y1, y2), slice(x1, x2)
