"""The grid is whole, a seed's operators begin alike, and a run is the same whenever it is repeated."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn import weights
from minimaskrcnn.cli import roi_lab as command
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.experiments.lab_variants import CHOICES, NAMES, OPERATORS, SHAPES_BATCH, VARIANTS
from minimaskrcnn.experiments.roi_claims import CLAIMS, PAPER
from minimaskrcnn.experiments.roi_lab import (
    EXPERIMENTS,
    FACTS,
    MEASURES,
    Plan,
    Run,
    measure,
    measured_steps,
    perform,
    processor,
    recipe,
    trainer,
)
from minimaskrcnn.experiments.roi_notes import LIMITS, TITLES
from minimaskrcnn.io.opening import open_weights
from minimaskrcnn.models import configure, mini_stride16, roi_extractor
from minimaskrcnn.training import evaluate


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_grid_is_every_choice_in_every_variant_for_every_seed(name):
    experiment = EXPERIMENTS[name]
    runs = Plan(name, seeds=(4, 7), steps=10, pictures=3).runs()
    cells = len(experiment.choices) * len(experiment.variants)
    assert len(runs) == len(set(runs)) == len({run.name for run in runs}) == 2 * cells
    assert set(Counter(run.choice for run in runs).values()) == {2 * len(experiment.variants)}
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)  # a whole grid a seed
    assert {run.choice for run in runs} == set(experiment.choices) <= CHOICES.keys()
    assert set(experiment.variants) <= VARIANTS.keys()


def test_the_experiments_are_those_that_were_asked_for():
    operators, full = EXPERIMENTS["operators"], EXPERIMENTS["full"]
    assert operators.choices == ("roi_pool", "roi_warp", "roi_align")
    assert (operators.seeds, operators.steps, set(operators.variants)) == (10, 300, {"pyramid", "stride16"})
    assert (full.choices, full.seeds, full.steps) == (("roi_pool", "roi_align"), 3, 3000)
    assert EXPERIMENTS["masks"].choices == ("sigmoid", "softmax", "class_agnostic", "mlp")
    assert OPERATORS.keys() == roi_extractor.OPERATORS.keys()
    assert EXPERIMENTS.keys() == TITLES.keys() == LIMITS.keys() == CLAIMS.keys() == set(command.NAMES)
    assert CHOICES.keys() == NAMES.keys()


def test_every_claim_and_table_is_of_its_experiment():
    for name, experiment in EXPERIMENTS.items():
        for claim in CLAIMS[name]:
            for _, variant, choice, quantity in claim.terms:
                assert variant in experiment.variants
                assert choice in experiment.choices
                assert quantity in MEASURES
        for table in PAPER.get(name, ()):
            assert table.variant in experiment.variants


@pytest.mark.parametrize(
    "plan", [Plan("masks", (), 1, 1), Plan("masks", (0,), 0, 1), Plan("masks", (0,), 1, 0)]
)
def test_an_empty_plan_is_refused(plan):
    with pytest.raises(InputError, match="at least 1"):
        plan.runs()


def test_the_full_recipe_is_that_of_the_bundled_weights():
    with open_weights(weights.path("shapes")) as file:
        bundled = file.facts["recipe"]
    own = recipe(Run("roi_align", "full", 0, 3000, 100))
    model = bundled.pop("model")
    for name, value in bundled.items():
        if name != "evaluate_every":
            assert getattr(own, name) == value, name
    assert own.model == configure(model)


def test_measured_steps_end_with_the_last():
    assert list(measured_steps(Run("roi_pool", "full", 0, 1000, 1))) == [300, 600, 900, 1000]
    assert list(measured_steps(Run("roi_pool", "stride16", 0, 300, 1))) == [300]


def test_the_processor_has_a_name(monkeypatch):
    assert processor()
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    assert processor()


@pytest.mark.parametrize("name", ["operators", "masks"])
def test_all_choices_of_a_seed_begin_alike_and_see_the_same_pictures(name):
    steps, order, states = 6, [], []
    for run in Plan(name, (3,), steps, 1).runs():
        if run.variant != "pyramid":
            continue
        begun = trainer(run)
        states.append(begun.model.state_dict())
        pictures = [next(begun.loader)[1] for _ in range(steps)]
        order.append([target.image_id for batch in pictures for target in batch])
        begun.rng.random(1 + len(order))  # choices may draw different numbers in training
        assert begun.loader.epoch == 0
    assert sorted(order[0]) == list(range(steps * SHAPES_BATCH))
    assert order == [order[0]] * len(order)
    for state in states[1:]:
        shared = [part for part in state if name == "operators" or not part.startswith("roi_heads.mask_")]
        assert len(shared) > 50
        assert all(np.array_equal(state[part], states[0][part]) for part in shared)


def test_training_does_not_change_the_order_of_the_pictures():
    ids = {}
    for operator in ("roi_pool", "roi_align"):
        training = trainer(Run(operator, "stride16", 0, 3, 1))
        seen = ids[operator] = []
        draw = training.loader.__class__.__next__

        def watched(loader, draw=draw, seen=seen):
            images, targets = draw(loader)
            seen.extend(target.image_id for target in targets)
            return images, targets

        training.loader.__class__ = type("Watched", (training.loader.__class__,), {"__next__": watched})
        for _ in range(3):
            training.train_step()
    assert ids["roi_pool"] == ids["roi_align"]
    assert len(ids["roi_pool"]) == 3 * SHAPES_BATCH


def test_a_run_is_a_function_of_its_settings():
    run = pickle.loads(pickle.dumps(Run("roi_warp", "stride16", 1, 2, 2)))
    row, again = perform(run), perform(run)
    assert list(row) == [*run.settings(), *MEASURES, *FACTS]
    assert row["curve"] == [{"step": 2, "mask_AP": row["mask_AP"], "box_AP": row["box_AP"]}]
    for fact in FACTS[1:]:
        assert row.pop(fact)
        again.pop(fact)
    assert row == again
    other = perform(Run("roi_warp", "stride16", 2, 2, 2))
    assert any(other[name] != row[name] for name in MEASURES)


def test_measures_are_those_of_the_evaluators():
    model = mini_stride16(4, proposals=(20, 20), detections_per_img=5, rng=np.random.default_rng(1))
    pictures = Shapes("val", size=3)
    scores, expected = measure(model, Shapes("val"), 3), evaluate(model, pictures)
    for name in ("AP", "AP50", "AP75"):
        assert scores[f"box_{name}"] == expected.box[name]
        assert scores[f"mask_{name}"] == expected.mask[name]
    assert 0 <= scores["matched"] <= 1
    if scores["matched"] == 0:
        assert scores["boundary_iou"] is scores["centroid_offset"] is None
