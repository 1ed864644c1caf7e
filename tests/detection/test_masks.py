"""Pasting as torchvision does it, pixel by pixel; soft mask targets."""

import numpy as np
import pytest

from minimaskrcnn import kernels
from minimaskrcnn.detection.masks import expand_boxes, mask_targets, paste_masks, paste_masks_aligned
from minimaskrcnn.errors import InputError


def pasted_pixel(mask, box, y, x):
    """One pixel of the pasted image from the rules: border of zeros, grown box, truncation, bilinear."""
    M = len(mask)
    padded = np.pad(mask, 1)
    centre, half = (box[2:] + box[:2]) / 2, (box[2:] - box[:2]) / 2 * (M + 2) / M
    x1, y1, x2, y2 = (int(v) for v in [*(centre - half), *(centre + half)])  # int() truncates toward zero
    if not (x1 <= x <= x2 and y1 <= y <= y2):
        return 0.0
    value = 0.0
    for i, j in np.ndindex(M + 2, M + 2):
        sy = np.clip((y - y1 + 0.5) * (M + 2) / (y2 - y1 + 1) - 0.5, 0, M + 1)
        sx = np.clip((x - x1 + 0.5) * (M + 2) / (x2 - x1 + 1) - 0.5, 0, M + 1)
        value += padded[i, j] * max(0, 1 - abs(sy - i)) * max(0, 1 - abs(sx - j))
    return value


BOXES = {
    "inside": (2.2, 1.7, 9.4, 7.1),
    "over the top left corner": (-3.6, -2.4, 5.2, 4.9),  # truncation toward zero, not floor
    "over the bottom right corner": (7.0, 5.0, 20.0, 30.0),
    "smaller than a pixel": (4.2, 4.2, 4.6, 4.6),
    "larger than the image": (-20.0, -20.0, 40.0, 40.0),
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_every_pixel_follows_the_rules(box, rng):
    mask, box = rng.random((5, 5)), np.array(box)
    expected = [[pasted_pixel(mask, box, y, x) for x in range(12)] for y in range(9)]
    np.testing.assert_allclose(paste_masks(mask[None], box[None], (9, 12))[0], expected, atol=1e-12)


@pytest.mark.parametrize("box", [(-30, -30, -20, -20), (30, 3, 40, 6), (3, 30, 6, 40)])
def test_a_box_off_the_image_pastes_nothing(box):
    assert not paste_masks(np.ones((1, 4, 4)), np.array([box], np.float64), (9, 12)).any()


def sampled_pixel(mask, box, y, x):
    """The mask at a pixel's centre: bilinear between the cells, zero cells around them."""
    M, value = len(mask), 0.0
    u, v = ((c + 0.5 - low) / (high - low) * M - 0.5 for c, low, high in ((x, *box[::2]), (y, *box[1::2])))
    for i, j in np.ndindex(M, M):
        value += mask[i, j] * max(0, 1 - abs(v - i)) * max(0, 1 - abs(u - j))
    return value


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_aligned_every_pixel_is_the_mask_at_its_centre(box, rng):
    mask, box = rng.random((5, 5)), np.array(box)
    expected = [[sampled_pixel(mask, box, y, x) for x in range(12)] for y in range(9)]
    np.testing.assert_allclose(paste_masks_aligned(mask[None], box[None], (9, 12))[0], expected, atol=1e-12)


def test_aligned_a_mask_on_the_grid_is_copied_and_a_ramp_moves_with_its_box(rng):
    mask = rng.random((1, 4, 4))
    pasted = paste_masks_aligned(mask, np.array([[3.0, 2.0, 7.0, 6.0]]), (9, 12))
    np.testing.assert_array_equal(pasted[0, 2:6, 3:7], mask[0])
    assert pasted.sum() == pytest.approx(mask.sum())
    ramp = np.tile(np.arange(8.0), (8, 1))[None]
    here, there = (paste_masks_aligned(ramp, np.array([[x, 2, x + 8, 10]]), (12, 14))[0] for x in (3.0, 3.25))
    np.testing.assert_allclose(here[4, 5:9] - there[4, 5:9], 0.25)  # paste_masks would round the quarter away


def test_aligned_boxes_off_the_image_or_without_extent_paste_no_more_than_they_cover():
    boxes = np.array([(-30, -30, -20, -20), (30, 3, 40, 6), (3, 30, 6, 40), (4, 4, 4, 4)], np.float32)
    assert not paste_masks_aligned(np.ones((4, 4, 4), np.float32), boxes, (9, 12), threshold=0.5).any()
    with pytest.raises(InputError, match="paste_masks_aligned: masks must be"):
        paste_masks_aligned(np.ones((2, 4, 4)), boxes, (9, 12))


def test_nothing_is_thresholded_unless_asked(rng):
    masks, boxes = rng.random((3, 6, 6)).astype(np.float32), rng.uniform(0, 20, (3, 4)).astype(np.float32)
    boxes[:, 2:] += boxes[:, :2]
    soft = paste_masks(masks, boxes, (30, 40))
    assert soft.dtype == np.float32
    assert len(np.unique(soft)) > 10
    hard = paste_masks(masks, boxes, (30, 40), threshold=0.5)
    assert hard.dtype == bool
    np.testing.assert_array_equal(hard, soft > 0.5)


def test_no_detections():
    assert paste_masks(np.zeros((0, 28, 28), np.float32), np.zeros((0, 4), np.float32), (7, 9)).shape == (
        0,
        7,
        9,
    )


def test_masks_of_all_classes_are_refused():
    with pytest.raises(InputError, match=r"got \(2, 3, 28, 28\).*channel of each detection's label"):
        paste_masks(np.zeros((2, 3, 28, 28)), np.zeros((2, 4)), (7, 9))


def test_boxes_grow_about_their_centre_in_their_own_precision():
    box = np.array([[10, 20, 30, 60]], np.float32)
    assert expand_boxes(box, 1.5).tolist() == [[5, 10, 35, 70]]
    assert expand_boxes(box, 30 / 28).dtype == np.float32


@pytest.fixture(params=["fast", "plain", "reference"])
def edition(request):
    with kernels.use(request.param):
        yield


@pytest.mark.usefixtures("edition")
def test_targets_are_soft_on_the_outline():
    mask = np.zeros((2, 8, 8), bool)
    mask[1, :, 4:] = True
    rois = np.array([[0, 0, 8, 8], [4, 0, 8, 8]], np.float32)
    targets = mask_targets(mask, rois, np.array([1, 1]), 2)
    # Samples at 0.5 .. 3.5: the last lies half way to the mask's first column, so (0 + 0 + 0 + 1/2) / 4.
    np.testing.assert_array_equal(targets, [[[0.125, 1]] * 2, [[1, 1]] * 2])
    assert targets.dtype == np.float32


@pytest.mark.usefixtures("edition")
def test_each_roi_is_cut_from_the_mask_it_matched():
    masks = np.stack([np.zeros((6, 6), bool), np.ones((6, 6), bool)])
    targets = mask_targets(masks, np.array([[1.0, 1, 5, 5]] * 3), np.array([1, 0, 1]), 3)
    assert targets.mean(axis=(1, 2)).tolist() == [1, 0, 1]


@pytest.mark.usefixtures("edition")
def test_no_positive_rois_no_targets():
    assert mask_targets(np.ones((1, 6, 6), bool), np.zeros((0, 4)), np.zeros(0, int), 28).shape == (0, 28, 28)
