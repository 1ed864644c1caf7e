"""Names of weights: a prefix of all of them is found, whatever the network below it is."""

import numpy as np
import pytest

from minimaskrcnn.io import load_model, save_weights
from minimaskrcnn.io.weight_names import common_prefix
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.presets import fasterrcnn_mobilenet_v3_large_320_fpn

MODELS = {
    "a small model": lambda rng: mini(3, rng=rng),
    "C4": lambda rng: mini_c4(3, rng=rng),
    "MobileNet": lambda rng: fasterrcnn_mobilenet_v3_large_320_fpn(rng=rng),
}
PREFIXES = ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.detector."]


@pytest.fixture(scope="module")
def states():
    return {name: make(np.random.default_rng(0)).state_dict() for name, make in MODELS.items()}


@pytest.mark.parametrize("prefix", ["", *PREFIXES])
@pytest.mark.parametrize("model", MODELS)
def test_the_prefix_is_what_all_names_begin_with(states, model, prefix):
    assert common_prefix(["n_averaged", *(prefix + name for name in states[model])]) == prefix


@pytest.mark.parametrize("first", ["features.0.0.weight", "features.0.weight", "conv1.weight"])
def test_a_classifier_may_have_one_too(first):
    assert common_prefix([f"module.{first}", "module.fc.bias"]) == "module."
    assert common_prefix([first, "fc.bias"]) == ""


def test_a_name_outside_of_the_prefix_forbids_it(states):
    names = ["criterion.weight", *(f"model.{name}" for name in states["MobileNet"])]
    assert common_prefix(names) == ""


@pytest.mark.parametrize("prefix", PREFIXES[:2])
def test_a_mobilenet_of_data_parallel_is_read(tmp_path, states, prefix):
    path = tmp_path / "a.pth"
    save_weights(path, {prefix + name: array for name, array in states["MobileNet"].items()}, {})
    model, _ = load_model(path, "fasterrcnn_mobilenet_v3_large_320_fpn")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, states["MobileNet"][name])
