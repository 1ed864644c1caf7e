"""How much of one object another covers: ``IoU = intersection / union``, in float64, for boxes and for masks.

A crowd region stands for many objects at once, so a detection inside it is compared with itself alone:
``intersection / area of the detection``. Boxes are continuous, without the +1 of older conventions.

Masks are compared 64 pixels at a time: each is packed into machine words, the intersection is the number of
bits set in the bitwise `and`, and only words in which the true object has a pixel are looked at.
"""

import numpy as np

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


def pack_masks(masks: np.ndarray) -> np.ndarray:
    """Pack (N, H, W) bool masks into (N, words) uint64, one bit a pixel, the last word filled with zeros."""
    pixels = masks.reshape(len(masks), masks.shape[1] * masks.shape[2])  # (N, H*W)
    rows = np.zeros((len(masks), -(-pixels.shape[1] // 64)), np.uint64)  # (N, words)
    packed = np.packbits(pixels, axis=1)  # (N, bytes)
    rows.view(np.uint8)[:, : packed.shape[1]] = packed
    return rows


def mask_areas(packed: np.ndarray) -> np.ndarray:
    """Return the number of pixels of each packed mask, (N,) int64."""
    return np.bitwise_count(packed).sum(1, dtype=np.int64)


def mask_intersections(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the number of pixels each pair of packed masks has in common, (D, G) int64."""
    common = np.zeros((len(found), len(true)), np.int64)
    for g, words in enumerate(true):
        where = np.flatnonzero(words)
        common[:, g] = mask_areas(found[:, where] & words[where])
    return common
