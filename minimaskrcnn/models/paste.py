"""The last step of a mask: from probabilities in a box of the resized picture to pixels of the original.

rounded    torchvision's rule: each edge of the box is moved to a whole pixel of the original picture
unrounded  the mask is read at the centre of every pixel, which is exact for small objects too (the small
           models use this rule)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.masks import paste_masks, paste_masks_aligned
from minimaskrcnn.models.transform import Size

Paste = Callable[[np.ndarray, np.ndarray, Size, Size, float | None], np.ndarray | BoxMasks]

TARGET_SHIFT = 0.5
"""Shift of a predicted mask, in pixels. Mask targets are cut out by RoIAlign with ``aligned=False``, which
reads a mask half a pixel too far down and to the right. So the masks that the head has learnt belong half a
pixel further down and to the right."""


def rounded(
    probs: np.ndarray, boxes: np.ndarray, size: Size, original: Size, threshold: float | None = None
) -> np.ndarray | BoxMasks:
    """Paste masks into the original picture with `paste_masks`; returns (D, h, w).

    Parameters
    ----------
    probs : (D, M, M) float array
        Mask probabilities for the class of each detection.
    boxes : (D, 4) float array
        Boxes in pixels of the resized picture.
    size, original : (h, w)
        Sizes of the resized picture and of the original one.
    threshold : float, optional
        If given, return `BoxMasks`, true where the probability is greater.
    """
    return paste_masks(probs, resize_boxes(boxes, size, original), original, threshold)


def unrounded(
    probs: np.ndarray, boxes: np.ndarray, size: Size, original: Size, threshold: float | None = None
) -> np.ndarray | BoxMasks:
    """Paste masks with `paste_masks_aligned`; takes and returns the same as `rounded`."""
    moved = boxes + boxes.dtype.type(TARGET_SHIFT)
    return paste_masks_aligned(probs, resize_boxes(moved, size, original), original, threshold)


RULES: dict[str, Paste] = {"rounded": rounded, "unrounded": unrounded}
