"""Pasting in two ways: on whole pixels as torchvision does, and where the mask head's training says."""

import numpy as np

from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.masks import mask_targets, paste_masks, paste_masks_aligned
from minimaskrcnn.models import mini, paste


def disc(height, width, y, x, radius):
    rows, columns = np.ogrid[:height, :width]
    return (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 < radius**2


def test_rounded_is_paste_masks_of_the_boxes_in_the_original(rng):
    probs, boxes = rng.random((2, 28, 28)), np.array([[10, 20, 40, 44], [3.3, 2.1, 20, 30.0]])
    answer = paste.rounded(probs, boxes, (60, 80), (30, 40), 0.5)
    wanted = paste_masks(probs, resize_boxes(boxes, (60, 80), (30, 40)), (30, 40), 0.5)
    np.testing.assert_array_equal(answer, wanted)


def test_unrounded_moves_by_half_a_pixel_of_the_resized_picture(rng):
    probs, boxes = rng.random((1, 28, 28)), np.array([[10, 20, 40, 44.0]])
    answer = paste.unrounded(probs, boxes, (60, 80), (30, 40))
    np.testing.assert_array_equal(answer, paste_masks_aligned(probs, (boxes + 0.5) / 2, (30, 40)))


def test_a_perfect_mask_head_comes_closest_with_unrounded():
    """Targets of discs as a head would answer them, from boxes a little larger than the discs."""
    ious = {name: [] for name in ("rounded", "unrounded")}
    for k in range(40):
        y, x, radius = 20 + 0.23 * k, 24 + 0.37 * k, 5 + 0.1 * k
        truth = disc(64, 64, y, x, radius)
        box = np.array([[x - radius - 2, y - radius - 2, x + radius + 2, y + radius + 2]])
        probs = mask_targets(truth[None], box, np.array([0]), 28)
        for name, values in ious.items():
            mask = getattr(paste, name)(probs, box, (64, 64), (64, 64), 0.5)[0]
            values.append((mask & truth).sum() / (mask | truth).sum())
    assert np.mean(ious["unrounded"]) > 0.97
    assert np.mean(ious["unrounded"]) > np.mean(ious["rounded"]) + 0.03


def test_the_small_models_paste_unrounded():
    assert mini(2).paste is paste.unrounded
