"""The region proposal network by itself."""

from itertools import pairwise

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models import mini

IMAGE = np.full((3, 64, 64), 0.5, np.float32)
TARGET = Target(np.array([[8.0, 8.0, 40.0, 40.0]], np.float32), np.array([1]), np.zeros((1, 64, 64), bool))


@pytest.fixture
def given(rng):
    """An RPN and what it takes: batch, pyramid, targets."""
    model = mini(4, image_size=(64, 64), rng=rng)
    batch, targets = model.transform([IMAGE], [TARGET])
    return model.rpn, batch, model.backbone(Tensor(batch.images)).pyramid, targets


def test_the_network_speaks_of_every_anchor(given):
    rpn, batch, pyramid, _ = given
    output = rpn(batch, pyramid)
    A = 3 * (16 * 16 + 8 * 8 + 4 * 4)
    assert output.anchors.shape == (A, 4)
    assert output.level_sizes == [3 * 256, 3 * 64, 3 * 16]
    assert output.objectness.shape == (1, A)
    assert output.deltas.shape == (1, A, 4)


def test_the_filters_narrow_down_in_their_order(given):
    rpn, batch, pyramid, _ = given
    [found] = rpn.propose(rpn(batch, pyramid), batch.sizes)
    chosen = found.selection
    chain = [chosen.top_k, chosen.large, chosen.confident, chosen.after_nms, chosen.kept]
    for before, after in pairwise(chain):
        assert np.isin(after, before).all()
    np.testing.assert_array_equal(found.proposals, found.clipped[chosen.kept])
    np.testing.assert_array_equal(found.levels, np.repeat([0, 1, 2], [3 * 256, 3 * 64, 3 * 16]))


def test_proposals_are_made_one_picture_at_a_time(given, monkeypatch):
    """A batch never holds the boxes of all its pictures at once."""
    rpn, batch, pyramid, _ = given
    twice = {name: Tensor(np.repeat(features.data, 2, 0)) for name, features in pyramid.items()}
    made = []
    monkeypatch.setattr(rpn, "propose_one", lambda *of_picture: made.append(of_picture))
    stages = rpn.propose(rpn(batch, twice), batch.sizes * 2)
    assert len(made) == 0
    next(stages)
    assert len(made) == 1


def test_the_losses_say_what_they_were_taken_over(given, rng):
    rpn, batch, pyramid, targets = given
    output = rpn(batch, pyramid)
    losses = rpn.losses(output.anchors, output.objectness, output.deltas, targets, rng)
    assert list(losses) == ["loss_objectness", "loss_rpn_box_reg"]
    labels, matched = rpn.assign_targets_to_anchors(output.anchors, targets[0].boxes)
    objects = min(np.count_nonzero(labels == 1), rpn.sampler.batch_size_per_image // 2)
    assert objects > 0
    background = rpn.sampler.batch_size_per_image - objects
    assert losses.counts == {"fg_anchors": objects, "bg_anchors": background}
    assert (matched == 0).all()
