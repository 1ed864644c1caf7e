"""A trainer on small pictures of which a step takes a few hundredths of a second."""

from dataclasses import replace

import pytest

from minimaskrcnn.data import Shapes
from minimaskrcnn.models.presets import MINI
from minimaskrcnn.training import RECIPES, Trainer

SMALL = MINI.changed(
    num_classes=4, anchor_sizes=(20, 32, 48), image_size=(64, 64), proposals=(20, 20), samples=(16, 8)
)
SHORT = replace(
    RECIPES["shapes"],
    steps=4,
    batch_size=1,
    warmup=2,
    augment=("horizontal_flip",),
    model=SMALL,
    checkpoint_every=2,
    evaluate_every=100,
)


def make_trainer(folder, recipe=SHORT, seed=0, **more):
    """A trainer of 16 shapes, from a seed."""
    return Trainer.from_recipe(recipe, Shapes("train", size=16), folder, seed=seed, **more)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The folder of a run of four steps with two evaluations, which no test may change."""
    folder = tmp_path_factory.mktemp("whole")
    make_trainer(folder, replace(SHORT, evaluate_every=2), validation=Shapes("val", size=2)).run()
    return folder


@pytest.fixture(scope="session")
def begun(tmp_path_factory):
    """The folder of a run that was stopped after one step, which no test may change."""
    folder = tmp_path_factory.mktemp("begun")
    make_trainer(folder).run(stop_at=1)
    return folder
