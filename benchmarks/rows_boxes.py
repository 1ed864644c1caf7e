"""Rows for work on boxes: suppressing boxes that overlap, and pasting masks into a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.environment import available
from benchmarks.rows import OURS, Loops, Row
from benchmarks.timing import Work
from minimaskrcnn.detection.masks import paste_masks
from minimaskrcnn.detection.nms import nms

SIDE = 800  # pixels of the picture
IOU = 0.5
MASKS, MASK_SIDE = 100, 28


def boxes(count: int) -> np.ndarray:
    """Make boxes (count, 4) with sides from 16 to 256 pixels, anywhere in the picture."""
    rng = np.random.default_rng(2)
    size = np.exp(rng.uniform(np.log(16), np.log(256), (count, 2)))
    corner = rng.random((count, 2)) * (SIDE - size)
    return np.concatenate([corner, corner + size], 1).astype(np.float32)


def scores(count: int) -> np.ndarray:
    """Make scores (count,), no two of which are equal."""
    return np.random.default_rng(3).permutation(count).astype(np.float32) / count


def our_nms(count: int) -> Work:
    """Return the indices that NMS keeps."""
    all_boxes, all_scores = boxes(count), scores(count)
    return lambda: [nms(all_boxes, all_scores, IOU)]


def nms_sides(count: int) -> Mapping[str, Work]:
    """Ours and torchvision's."""
    sides = {OURS: our_nms(count)}
    if "torchvision" in available():
        import torch
        from torchvision.ops import nms as their_nms

        tensors = torch.from_numpy(boxes(count)), torch.from_numpy(scores(count))
        sides["torchvision"] = lambda: [their_nms(*tensors, IOU)]
    return sides


def paste_sides() -> Mapping[str, Work]:
    """Ours and torchvision's."""
    masks = np.random.default_rng(4).random((MASKS, MASK_SIDE, MASK_SIDE), np.float32)
    places = boxes(MASKS)
    sides: dict[str, Work] = {OURS: lambda: [paste_masks(masks, places, (SIDE, SIDE))]}
    if "torchvision" in available():
        import torch
        from torchvision.models.detection.roi_heads import paste_masks_in_image

        tensors = torch.from_numpy(masks)[:, None], torch.from_numpy(places)
        sides["torchvision"] = lambda: [paste_masks_in_image(*tensors, (SIDE, SIDE))[:, 0]]
    return sides


def nms_row(count: int, target: float) -> Row:
    """Make the row for NMS of `count` boxes."""
    return Row(
        f"nms, {count:,} boxes",
        lambda: nms_sides(count),
        {"torchvision": target},
        Loops("100 boxes", lambda: our_nms(100)),
    )


ROWS = (
    nms_row(1000, 1.5),
    nms_row(2000, 1.0),
    nms_row(5000, 1.0),
    Row(
        f"paste {MASKS} masks of {MASK_SIDE}x{MASK_SIDE} into {SIDE}x{SIDE}",
        paste_sides,
        {"torchvision": 0.6},
    ),
)
