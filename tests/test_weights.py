"""The bundled weights load, are small enough to ship, and their cards tell what made them."""

import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn import weights
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model
from minimaskrcnn.models.presets import configure
from minimaskrcnn.training import RECIPES, evaluate

FACTS = {"command", "seed", "steps", "minutes", "data", "date"}


@pytest.mark.parametrize("name", weights.NAMES)
def test_small_enough_to_ship(name):
    assert weights.path(name).stat().st_size <= 4.5e6


@pytest.mark.parametrize("name", weights.NAMES)
def test_the_card_agrees_with_the_file_and_the_recipe(name):
    _, facts = load_model(weights.path(name))
    card = weights.card(name)
    assert card.keys() >= FACTS
    assert (card["seed"], card["steps"]) == (facts["seed"], facts["step"])
    said = dict(pair.split("=") for pair in re.findall(r"--set (\S+)", card["command"]))
    assert card["steps"] == int(said.get("steps", RECIPES[name].steps))
    assert facts["recipe"]["lr"] == float(said.get("lr", RECIPES[name].lr))
    trained, planned = configure(facts["recipe"]["model"]), RECIPES[name].model
    assert trained == planned.changed(num_classes=trained.num_classes)  # the data set says how many


@pytest.mark.parametrize("name", weights.NAMES)
def test_the_file_is_the_one_that_the_card_describes(name):
    assert hashlib.sha256(weights.path(name).read_bytes()).hexdigest() == weights.card(name)["sha256"]


def test_the_weights_of_a_zipped_package_are_there_until_the_process_ends(tmp_path):
    package = Path(weights.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        for path in package.rglob("*.py"):
            archive.write(path, path.relative_to(package.parent))
        archive.write(weights.path("shapes"), "minimaskrcnn/weights/shapes.npz")
    code = (
        "from minimaskrcnn import weights; path = weights.path('shapes'); print(len(path.read_bytes()), path)"
    )
    ran = [sys.executable, "-S", "-c", code]
    environment = {"PYTHONPATH": str(tmp_path / "package.zip")}
    said = subprocess.run(
        ran, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    size, path = said.strip().split(" ", 1)
    assert int(size) == weights.path("shapes").stat().st_size
    assert not Path(path).exists()


def test_the_shapes_model_finds_shapes():
    model, _ = load_model(weights.path("shapes"))
    result = evaluate(model, Shapes("val"), indices=range(20))
    assert result.box["AP"] > 0.7
    assert result.mask["AP"] > 0.65


@pytest.mark.thorough
def test_the_shapes_card_states_what_the_weights_reach():
    model, _ = load_model(weights.path("shapes"))
    result, card = evaluate(model, Shapes("val")), weights.card("shapes")["validation"]
    assert result.box["AP"] == pytest.approx(card["box_AP"], abs=0.002)
    assert result.mask["AP"] == pytest.approx(card["mask_AP"], abs=0.002)


def test_weights_are_finite_float32():
    for name in weights.NAMES:
        model, _ = load_model(weights.path(name))
        for parameter in model.parameters():
            assert parameter.dtype == np.float32
            assert np.isfinite(parameter.data).all()


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError, match="shapes, nuclei"):
        weights.path("cats")
