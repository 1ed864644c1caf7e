"""Numbers that the text of the notebooks claims, where no cell beside them prints the number."""

import numpy as np
import pytest

from minimaskrcnn import data, weights
from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.nms import batched_nms
from minimaskrcnn.io import load_model
from minimaskrcnn.models.paste import unrounded


@pytest.fixture(scope="module")
def model():
    return load_model(weights.path("shapes"))[0]


def test_nms_of_the_rpn_decides_in_training_too(model):
    """06: No gradient flows through it. Yet training depends on it."""
    with no_grad():
        batch, _ = model.transform([data.Shapes("val")[3][0]], None, model.dtype)
        output = model.rpn(batch, model.backbone(Tensor(batch.images)).pyramid)
        model.rpn.train()
        [stages] = model.rpn.propose(output, batch.sizes)
        model.rpn.eval()
    assert np.sum(stages.fates.fate == Fate.SUPPRESSED) > 50
    kept = stages.selection.kept
    for level in np.unique(stages.levels):
        boxes = stages.clipped[kept[stages.levels[kept] == level]]
        assert (box_iou(boxes, boxes) - np.eye(len(boxes))).max() <= 0.7 + 1e-6


def test_a_mask_ends_with_its_box_give_or_take_a_pixel(model):
    """08: the pasted mask fades out over half a cell, so that a few pixels lie beyond the box."""
    beyond = []  # of each mask: how far the centre of its outermost pixel lies outside the box
    for index in range(8):
        found = model.predict([data.Shapes("val")[index][0]])[0]
        for box, score, mask in zip(found.boxes, found.scores, np.asarray(found.masks), strict=True):
            if score >= 0.5 and mask.any():
                y, x = np.argwhere(mask).T + 0.5  # centres of the pixels
                beyond.append(max(box[0] - x.min(), box[1] - y.min(), x.max() - box[2], y.max() - box[3]))
    assert len(beyond) > 15
    assert 0 < max(beyond) < 1


def test_mask_targets_are_read_half_a_pixel_too_far_down_and_right():
    """07 and `models/paste.py`: so the mask that was learnt is pasted half a pixel further down and right."""
    mask = np.zeros((1, 28, 28), bool)
    mask[0, 10:, 14:] = True
    box = np.array([[0.0, 0.0, 28.0, 28.0]], np.float32)
    target = mask_targets(mask, box, np.array([0]), 28)[0]
    assert target[20, 13] == 0.5  # column 13 is empty, and reads half of column 14
    assert target[9, 20] == 0.5
    pasted = unrounded(target[None], box, (28, 28), (28, 28), None)[0]
    np.testing.assert_array_equal(pasted > 0.5, mask[0])


def test_a_low_threshold_loses_a_triangle_and_a_high_one_doubles_them(model):
    """06: between the two lies the number of objects."""
    image, target = data.Shapes("val")[83]
    trace = model.trace(image)
    sure = trace["candidate_score"] > 0.5
    candidates = [trace[name][sure] for name in ("candidate_box", "candidate_score", "candidate_label")]
    left = {threshold: batched_nms(*candidates, threshold) for threshold in (0.1, 0.3, 0.5, 0.9)}
    covered = {t: (box_iou(target.boxes, candidates[0][kept]) > 0.5).any(axis=1) for t, kept in left.items()}
    assert covered[0.1].sum() == 3
    assert covered[0.3].all()
    assert covered[0.5].all()
    assert len(left[0.3]) == len(left[0.5]) == len(target) == 4
    assert len(left[0.9]) > 10
