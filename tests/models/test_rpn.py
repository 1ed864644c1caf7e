"""The region proposal network by itself."""

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini

IMAGE = np.full((3, 64, 64), 0.5, np.float32)
TARGET = Target(np.array([[8.0, 8.0, 40.0, 40.0]], np.float32), np.array([1]), np.zeros((1, 64, 64), bool))


@pytest.fixture
def given(rng):
    """An RPN and what it takes: batch, pyramid, targets."""
    model = mini(4, image_size=(64, 64), rng=rng)
    batch, targets = model.transform([IMAGE], [TARGET])
    return model.rpn, (batch, model.backbone(Tensor(batch.images)), targets)


def test_targets_without_a_generator_are_refused_in_one_sentence(given):
    rpn, arguments = given
    with pytest.raises(InputError, match=r"^rpn: targets came without rng, .*; pass rng=.*\.$"):
        rpn(*arguments)


def test_targets_with_a_generator_give_the_two_losses(given, rng):
    rpn, arguments = given
    proposals, losses = rpn(*arguments, rng)
    assert len(proposals) == 1
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg"}
    assert rpn(*arguments[:2])[1] == {}
