"""Whole models in float32: stages within 1e-4 of their largest value, the same detections in order.

Where the golden file recorded a float64 run, this says how much the precision costs; the cases were chosen so
that it changes no decision (the manifest's `margins`).
"""

import numpy as np
import pytest

from . import runners_models
from .test_parity import GOLDEN

CASES = [case for case in GOLDEN.cases if case.op.endswith("_eval")]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_stage_in_float32(case):
    got = runners_models.evaluation_in(case, np.dtype(np.float32))
    for key, want in case.wanted().items():
        if got[key].dtype.kind in "biu":
            np.testing.assert_array_equal(got[key], want, err_msg=key)
        else:
            assert got[key].dtype == np.float32, key
            assert np.abs(got[key] - want).max() <= 1e-4 * np.abs(want).max(), key
