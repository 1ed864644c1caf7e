"""Rows as runs would give them, with numbers made up by a generator, so that reports need no training."""

import numpy as np
import pytest

from minimaskrcnn.experiments.roi_lab import MEASURES, Plan, measured_steps

GAIN = {"roi_pool": 0.0, "roi_warp": 0.01, "roi_align": 0.07}


@pytest.fixture(scope="session")
def plan():
    return Plan("operators", seeds=(0, 1, 2), steps=7, pictures=5)


@pytest.fixture(scope="session")
def rows(plan):
    return [made_up(run) for run in plan.runs()]


def made_up(run):
    """A row of numbers: a level for the seed, a gain for the operator at large stride, a little noise."""
    rng = np.random.default_rng([run.seed, *run.choice.encode(), *run.variant.encode()])
    gain = GAIN.get(run.choice, 0.06) * (1.0 if run.variant == "stride16" else 0.2)
    level = 0.3 + 0.05 * run.seed + gain
    scores = {name: level + 0.003 * float(rng.standard_normal()) for name in MEASURES}
    curve = [
        {"step": step, "mask_AP": scores["mask_AP"] * step / run.steps, "box_AP": 0.1}
        for step in measured_steps(run)
    ]
    facts = {"curve": curve, "cpu_seconds": 30.0, "processor": "a processor", "date": "2026-01-02"}
    return {**run.settings(), **scores, **facts}
