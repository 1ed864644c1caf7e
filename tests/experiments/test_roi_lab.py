"""The grid is whole, a seed's operators begin alike, and a run is the same whenever it is repeated."""

import pickle
from collections import Counter

import numpy as np
import pytest

from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.experiments.roi_lab import (
    BATCH_SIZE,
    MEASURES,
    VARIANTS,
    Plan,
    RoIRun,
    measure,
    perform,
    trainer,
)
from minimaskrcnn.models import mini_stride16
from minimaskrcnn.models.presets import PRESETS
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.training import evaluate


def test_the_grid_is_every_operator_in_every_variant_for_every_seed():
    runs = Plan(seeds=(4, 7), steps=10, pictures=3).runs()
    assert len(runs) == len(set(runs)) == len({run.name for run in runs}) == 2 * 2 * 6
    assert set(Counter(run.operator for run in runs).values()) == {4}
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)  # a whole grid a seed
    assert set(VARIANTS.values()) <= PRESETS.keys()
    assert {run.operator for run in runs} == OPERATORS.keys()


@pytest.mark.parametrize("plan", [Plan(()), Plan((0,), steps=0), Plan((0,), pictures=0)])
def test_an_empty_plan_is_refused(plan):
    with pytest.raises(InputError, match="at least 1"):
        plan.runs()


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_operators_of_a_seed_begin_alike_and_see_the_same_pictures(variant):
    steps, order, states = 6, [], []
    for operator in OPERATORS:
        begun = trainer(RoIRun(operator, variant, 3, steps, 1))
        states.append(begun.model.state_dict())
        pictures = [next(begun.loader)[1] for _ in range(steps)]
        order.append([target.image_id for batch in pictures for target in batch])
        begun.rng.random(1 + len(order))  # operators may draw different numbers in training
        assert begun.loader.epoch == 0
    assert sorted(order[0]) == list(range(steps * BATCH_SIZE))
    assert order == [order[0]] * len(order)
    for state in states[1:]:
        assert all(np.array_equal(state[name], states[0][name]) for name in states[0])


def test_training_does_not_change_the_order_of_the_pictures():
    ids = {}
    for operator in ("roi_pool", "roi_align"):
        training = trainer(RoIRun(operator, "stride16", 0, 3, 1))
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
    assert len(ids["roi_pool"]) == 3 * BATCH_SIZE


def test_a_run_is_a_function_of_its_settings():
    run = pickle.loads(pickle.dumps(RoIRun("roi_warp", "stride16", 1, 2, 2)))
    row, again = perform(run), perform(run)
    assert list(row) == [*run.settings(), *MEASURES, "cpu_seconds", "date"]
    for fact in ("cpu_seconds", "date"):
        assert row.pop(fact)
        again.pop(fact)
    assert row == again
    other = perform(RoIRun("roi_warp", "stride16", 2, 2, 2))
    assert any(other[name] != row[name] for name in MEASURES)


def test_measures_are_those_of_the_evaluators():
    model = mini_stride16(4, proposals=(20, 20), detections_per_img=5, rng=np.random.default_rng(1))
    pictures = Shapes("val", size=3)
    scores, expected = measure(model, pictures), evaluate(model, pictures)
    for name in ("AP", "AP50", "AP75"):
        assert scores[f"box_{name}"] == expected.box[name]
        assert scores[f"mask_{name}"] == expected.mask[name]
    assert 0 <= scores["matched"] <= 1
    if scores["matched"] == 0:
        assert scores["boundary_iou"] is scores["centroid_offset"] is None
