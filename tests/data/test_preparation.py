"""Named steps of preparation: in order, to three channels, made once."""

import numpy as np
import pytest

from minimaskrcnn.data import prepare, register_preparation
from minimaskrcnn.data.preparation import PREPARATIONS, steps_left
from minimaskrcnn.errors import InputError


def test_no_steps_leave_a_picture_as_it_is(rng):
    picture = rng.random((3, 4, 5), np.float32)
    assert prepare(picture, ()) is picture
    np.testing.assert_array_equal(prepare(picture[:1], ()), np.repeat(picture[:1], 3, axis=0))


def test_steps_are_made_in_their_order(rng):
    picture = rng.random((3, 4, 5), np.float32)
    grey = prepare(picture, ("grey",))
    np.testing.assert_allclose(grey, np.broadcast_to(picture.mean(0), (3, 4, 5)), rtol=1e-6)
    stretched = prepare(picture, ("grey", "stretch_contrast"))
    assert (stretched.dtype, stretched.min(), stretched.max()) == (np.float32, 0, 1)
    assert (stretched[0] == stretched[2]).all()
    assert (prepare(picture, ("stretch_contrast", "grey")) != stretched).any()


def test_a_step_of_ones_own_has_a_name(rng, monkeypatch):
    monkeypatch.setattr("minimaskrcnn.data.preparation.PREPARATIONS", dict(PREPARATIONS))
    register_preparation("negative", lambda image: 1 - image)
    picture = rng.random((3, 4, 5), np.float32)
    np.testing.assert_array_equal(prepare(picture, ("negative",)), 1 - picture)
    with pytest.raises(InputError, match="'negative' exists already"):
        register_preparation("negative", lambda image: image)
    with pytest.raises(InputError, match="'sharpen' is not known; choose among grey, stretch_contrast, neg"):
        prepare(picture, ("sharpen",))


def test_what_is_done_is_not_done_again():
    assert steps_left(("grey",), ()) == ("grey",)
    assert steps_left(("grey",), ("grey",)) == ()
    assert steps_left((), ("grey",)) == ()  # taken as they are
    for done in (("stretch_contrast",), ("grey", "stretch_contrast")):
        with pytest.raises(InputError, match="open the data set with prepare="):
            steps_left(("grey",), done)
