"""The last step of a mask: from probabilities in a box of the resized picture to pixels of the original.

rounded    torchvision's: each edge of the box is moved to a whole pixel of the original picture
unrounded  the mask is read at every pixel's centre; exact for small objects too (the small models use it)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.masks import paste_masks, paste_masks_aligned
from minimaskrcnn.models.transform import Size

Paste = Callable[[np.ndarray, np.ndarray, Size, Size, float | None], np.ndarray]

TARGET_SHIFT = 0.5
"""Pixels. Mask targets are cut out by RoIAlign with ``aligned=False``, which reads a mask half a pixel too
far down and right. So what the head has learnt belongs half a pixel further down and right."""


def rounded(
    probs: np.ndarray, boxes: np.ndarray, size: Size, original: Size, threshold: float | None = None
) -> np.ndarray:
    """Masks (D, h, w) of the original picture by `paste_masks`.

    Parameters
    ----------
    probs : (D, M, M) float array, of each detection's own class
    boxes : (D, 4) float array, pixels of the resized picture
    size, original : (h, w) of the resized picture and of the original
    threshold : float, optional
        Answer where the probability is greater, as bool.
    """
    return paste_masks(probs, resize_boxes(boxes, size, original), original, threshold)


def unrounded(
    probs: np.ndarray, boxes: np.ndarray, size: Size, original: Size, threshold: float | None = None
) -> np.ndarray:
    """Masks (D, h, w) of the original picture by `paste_masks_aligned`; parameters are those of `rounded`."""
    moved = boxes + boxes.dtype.type(TARGET_SHIFT)
    return paste_masks_aligned(probs, resize_boxes(moved, size, original), original, threshold)


RULES: dict[str, Paste] = {"rounded": rounded, "unrounded": unrounded}
