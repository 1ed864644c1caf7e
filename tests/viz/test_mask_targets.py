"""Targets are those that training would ask for; mini-masks say what the way there and back costs."""

import numpy as np
import pytest

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.masks import mask_targets as targets_of
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.viz import mask_targets


def test_each_pair_is_the_target_and_the_answer_of_one_detection(trace, target, class_names):
    ax = mask_targets.show_mask_targets(trace, target)
    nearest = box_iou(target.boxes, trace["boxes"]).argmax(0)
    wanted = targets_of(target.masks, trace["boxes"], nearest, 28)
    assert len(ax.images) == len(trace["boxes"]) == 3
    for image, goal, answer in zip(ax.images, wanted, trace["mask_probs"], strict=True):
        tile = image.get_array()
        np.testing.assert_allclose(tile[:, :28], goal)
        np.testing.assert_allclose(tile[:, -28:], answer)
    labels = [text.get_text() for text in ax.texts[:3]]
    apart = np.abs(wanted - trace["mask_probs"]).mean((1, 2))
    assert labels == [f"{class_names[k]}: {a:.2f} apart" for k, a in zip(trace["labels"], apart, strict=True)]


def test_tiles_do_not_overlap_and_lie_inside(trace, target):
    ax = mask_targets.show_mask_targets(trace, target)
    extents = np.array([image.get_extent() for image in ax.images])  # left, right, bottom, top
    assert (extents[:, 0] >= ax.get_xlim()[0]).all()
    assert (extents[:, 1] <= ax.get_xlim()[1]).all()
    for i, (l1, r1, b1, t1) in enumerate(extents):
        for l2, r2, b2, t2 in extents[:i]:
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1


def test_rois_are_numbered_beside_their_targets_and_objects_take_turns(trace, target):
    left, right = mask_targets.roi_targets_figure(trace, target, limit=6).axes
    numbers = [text.get_text() for text in left.texts if text.get_text().isdigit()]
    assert sorted(numbers) == [str(n) for n in range(1, 7)]
    tiles = [text.get_text() for text in right.texts[:6]]
    assert [name.split(",")[0] for name in tiles[:3]] != [tiles[0].split(",")[0]] * 3
    ious = [float(name.split()[-1]) for name in tiles]
    assert all(iou >= 0.5 for iou in ious)
    rois = trace["proposals"] / np.float32(0.8)
    best = box_iou(target.boxes, rois).max(0)
    assert f"{np.count_nonzero(best >= 0.5)} proposals of {len(rois)}" in left.get_label()
    assert ious[0] == pytest.approx(best.max(), abs=0.006)


def test_mini_masks_of_a_square_that_fills_its_box_cost_nothing():
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 4:32, 6:34] = True
    target = Target(np.array([[6, 4, 34, 32]], np.float32), np.array([2]), mask)
    minis, back = mask_targets.mini_masks(target, 28, "rounded")
    assert minis.shape == (1, 28, 28)
    assert (back & mask).sum() / (back | mask).sum() > 0.95


def test_mini_masks_show_their_own_ceiling(trace, target, class_names):
    ax = mask_targets.show_mini_masks(trace["input"], target, class_names)
    minis, back = mask_targets.mini_masks(target, 28, "rounded")
    iou = (back & target.masks).sum((1, 2)) / (back | target.masks).sum((1, 2))
    assert {text.get_text() for text in ax.texts[:3]} == {
        f"{class_names[label]}: {value:.3f}" for label, value in zip(target.labels, iou, strict=True)
    }
    assert ax.get_title() == "28x28 mini-masks"
    largest = target.masks.sum((1, 2)).argmax()
    np.testing.assert_array_equal(ax.images[0].get_array(), minis[largest])


def test_without_masks_or_objects_it_says_so(trace, target):
    bare = Target(target.boxes, target.labels, None)
    assert "no masks" in mask_targets.show_mini_masks(trace["input"], bare).get_label()
    far = Target(np.array([[0, 0, 2, 2]], np.float32), np.array([1]), np.ones((1, 120, 160), bool))
    assert "no sure detection" in mask_targets.show_mask_targets(trace, far).get_label()
    assert "nothing to ask for" in mask_targets.roi_targets_figure(trace, far).axes[1].get_label()
