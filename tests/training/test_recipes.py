"""A recipe holds every number that a result depends on, and refuses values that make no sense."""

import json
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from minimaskrcnn import weights
from minimaskrcnn.data import HorizontalFlip, Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model
from minimaskrcnn.models import configure
from minimaskrcnn.training import AUGMENTATIONS, RECIPES, Recipe, register_augmentation
from minimaskrcnn.training.augmentation import augmentation
from minimaskrcnn.training.optimization import make_optimizer, make_schedule
from tests.training.conftest import make_trainer

PLAIN = Recipe(steps=900, batch_size=1, lr=1.0)


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "steps": (0, -1, 1.5, True, "4", 10**20),
        "batch_size": (0, 10**18, None),
        "lr": (0, -1, float("nan"), float("inf"), "fast", True),
        "optimizer": ("adagrad", 1, ["sgd"]),
        "momentum": (-0.1, 1.0),
        "betas": ((0.9,), (0.9, 1.0), 0.9, ("a", "b")),
        "weight_decay": (-1e-9, float("nan")),
        "clip_norm": (0, -1, float("nan")),
        "schedule": ("never", None),
        "warmup": (-5, 0.5),
        "augment": (("spin",), "horizontal_flip", (1,)),
        "freeze": ("backbone", (1,), {}),
        "max_dets": (0, -5),
        "evaluate_every": (0, 1.0),
        "checkpoint_every": (0, []),
        "early_stop": (-1, None),
    }.items(),
)
def test_every_setting_has_a_type_and_a_range(name, values):
    for value in values:
        with pytest.raises(InputError, match=rf"^{name}: expected .*; got .*\.$") as caught:
            replace(PLAIN, **{name: value})
        assert len(str(caught.value)) < 300


def test_every_setting_of_training_has_a_range_and_a_meaning():
    for own in fields(Recipe):
        assert own.name in ("model", "predict") or {"kind", "meaning"} <= own.metadata.keys()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": {"preset": "nano"}}, "preset 'nano' is unknown"),
        ({"model": 3}, "a Config or a dictionary"),
        ({"predict": 3}, "predict: expected a mapping"),
        ({"predict": {"scor_thresh": 0.1}}, "no model setting 'scor_thresh'; did you mean"),
        ({"predict": {"min_size": -1}}, "min_size: expected a whole number"),
    ],
)
def test_settings_of_the_model_are_checked_too(change, says):
    with pytest.raises(InputError, match=says):
        replace(PLAIN, **change)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name):
    again = Recipe(**json.loads(json.dumps(asdict(RECIPES[name]))))
    assert json.dumps(asdict(again)) == json.dumps(asdict(RECIPES[name]))


def test_the_optimiser_has_the_numbers_of_the_recipe():
    model = make_trainer(None).model
    adam = make_optimizer(replace(PLAIN, betas=(0.5, 0.75), weight_decay=0.25), model)
    assert adam.betas == (0.5, 0.75)
    assert {0.0, 0.25} == set(adam.decay)
    sgd = make_optimizer(replace(PLAIN, optimizer="sgd", momentum=0.5), model)
    assert sgd.momentum == 0.5


def test_step_schedule_drops_twice():
    lr = make_schedule(replace(PLAIN, schedule="steps", warmup=10))
    assert [lr(s) for s in (0, 100, 700, 850)] == pytest.approx([0.1, 1.0, 0.1, 0.01])


def test_cosine_schedule_rises_and_falls_to_a_hundredth():
    lr = make_schedule(replace(PLAIN, warmup=10))
    assert [lr(s) for s in (0, 9, 455, 900)] == pytest.approx([0.1, 1.0, 0.505, 0.01], abs=1e-3)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_augmentation_keeps_targets_valid(name):
    rng = np.random.default_rng(0)
    for index in range(4):
        image, target = augmentation((name,))(*Shapes("train")[index], rng)
        target.validate(image.shape, 4)


def test_no_names_are_no_augmentation():
    assert augmentation(()) is None


def test_an_augmentation_of_ones_own_has_a_name(monkeypatch):
    monkeypatch.setattr("minimaskrcnn.training.augmentation.AUGMENTATIONS", dict(AUGMENTATIONS))
    with pytest.raises(InputError, match="exists already"):
        register_augmentation("horizontal_flip", HorizontalFlip(1.0))
    monkeypatch.undo()
    register_augmentation("always_flip", HorizontalFlip(1.0))
    try:
        recipe = replace(PLAIN, augment=("always_flip",))
        image, target = Shapes("train")[0]
        flipped, _ = augmentation(recipe.augment)(image, target, np.random.default_rng(0))
        np.testing.assert_array_equal(flipped, image[..., ::-1])
    finally:
        del AUGMENTATIONS["always_flip"]


# The recipes' models as version 0.1 would have written them.
MODELS_OF_0_1 = {
    "shapes": {"preset": "mini", "anchor_sizes": (20, 32, 48), "image_size": (128, 256)},
    "nuclei": {
        "preset": "mini",
        "anchor_sizes": (16, 32, 64, 128),
        "extra_level": True,
        "image_size": (512, 512),
        "proposals": (400, 300),
        "samples": (256, 256),
        "detections_per_img": 150,
    },
    "coco": {
        "preset": "mini",
        "anchor_sizes": (24, 56, 128),
        "image_size": (256, 384),
        "proposals": (500, 300),
    },
}


@pytest.mark.parametrize("name", RECIPES)
def test_the_models_are_those_of_version_0_1(name):
    assert RECIPES[name].model == configure(MODELS_OF_0_1[name])
    assert replace(RECIPES[name], model=MODELS_OF_0_1[name]) == RECIPES[name]


def test_the_settings_of_prediction_are_those_of_version_0_1():
    closer = {
        "image_size": (640, 640),
        "proposals": (400, 1000),
        "score_thresh": 0.01,
        "detections_per_img": 300,
    }
    nuclei = RECIPES["nuclei"]
    assert nuclei.model.changed(**nuclei.predict) == nuclei.model.changed(**closer)
    bundled, _ = load_model(weights.path("nuclei"))
    assert bundled.config == nuclei.model.changed(num_classes=2, **closer)
