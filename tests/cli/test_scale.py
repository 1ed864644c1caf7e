"""--object-size and --image-size: the picture is resized, and a misfit is one sentence."""

import argparse
from types import SimpleNamespace

import numpy as np
import pytest

from minimaskrcnn import weights
from minimaskrcnn.cli import scale, sources
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini

from .conftest import one_sentence


@pytest.fixture
def model():
    return mini(2, image_size=(640, 640), anchor_sizes=(16, 32, 64), rng=np.random.default_rng(0))


def asked(object_size=None, image_size=None):
    return SimpleNamespace(object_size=object_size, image_size=image_size)


def test_objects_get_the_size_that_the_model_learnt(model):
    scale.rescale(model, {"object_size": 32}, asked(object_size=16))
    assert model.transform.resized_size((100, 50)) == (200, 100)
    assert model.transform.resized_size((1000, 700)) == (2000, 1400)  # whatever the picture's own sides


def test_the_shorter_side_gets_the_size_asked_for(model):
    scale.rescale(model, {}, asked(image_size=240))
    assert model.transform.resized_size((96, 96)) == (240, 240)
    assert model.transform.resized_size((100, 1000)) == (240, 2400)


def test_without_options_nothing_changes(model):
    before = model.transform
    scale.rescale(model, {"object_size": 32}, asked())
    assert model.transform == before


def test_weights_that_do_not_know_the_size_are_told_of_the_other_option(model):
    with pytest.raises(InputError, match="give --image-size"):
        scale.rescale(model, {"object_size": None}, asked(object_size=16))


@pytest.mark.parametrize("text", ["0", "-3", "nan", "inf", "many", "1e9"])
def test_only_lengths_are_taken(text):
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        scale.pixels(text)


@pytest.mark.parametrize("name", weights.NAMES)
def test_bundled_models_know_their_size(name):
    assert sources.open_weights(name)[1]["object_size"] == weights.card(name)["object_size"] > 30


@pytest.mark.parametrize(
    ("side", "word"), [(5, "smaller than the model's smallest"), (90, "larger than the model's largest")]
)
def test_a_misfit_is_said_once_and_a_fit_not_at_all(model, caplog, side, word):
    scale.warn_of_misfit(model, [np.full(4, side), np.full(20, side)])
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("24 of 24 detections are " + word)
    caplog.clear()
    scale.warn_of_misfit(model, [np.full(40, 30), np.full(20, side)])
    scale.warn_of_misfit(model, [np.full(3, side)])  # too few to say
    scale.warn_of_misfit(model, [])
    assert caplog.messages == []


def test_evaluate_says_it_too(run, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("minimaskrcnn.data.shapes._SIZES", {"train": 3, "val": 3})
    monkeypatch.setattr(scale, "SURE", 0.0)
    words = ("evaluate", "shapes", "--model", checkpoint, "-q")
    code, _, err = run(*words)
    assert (code, err) == (0, "")
    monkeypatch.setattr(scale, "shown_sides", lambda model, found, size: np.full(len(found), 1000))
    code, _, err = run(*words)
    assert (code, one_sentence(err)) == (0, True)
    assert "larger than the model's largest anchor" in err


def test_predict_shows_the_size_that_was_asked_for(run, checkpoint, picture, tmp_path, monkeypatch):
    monkeypatch.setattr("minimaskrcnn.viz.write_page", lambda *args, **named: [])  # the arrays are enough
    words = ("predict", picture, "--model", checkpoint, "-o", tmp_path / "o", "-q")
    sizes = []
    for option in ([], ["--image-size", 80]):
        assert run(*words, "--trace", *option)[0] == 0
        with np.load(tmp_path / "o" / "noise-trace.npz", allow_pickle=False) as arrays:
            sizes.append(next(arrays[name].shape for name in arrays.files if name.endswith("transformed")))
    assert sizes[1] == (3, 80, 120)
    assert sizes[0] != sizes[1]
    code, _, err = run(*words, "--object-size", 10)
    assert (code, one_sentence(err)) == (2, True)
    code, _, err = run(*words, "--image-size", 100000)
    assert (code, one_sentence(err)) == (2, True)
    assert "would be resized to" in err
