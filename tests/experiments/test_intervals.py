"""The arithmetic of intervals, against scipy.stats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from minimaskrcnn.experiments.intervals import Interval, mean_interval, paired_interval


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_students(values, confidence):
    if np.std(values) < 1e-9:
        return
    interval = mean_interval(values, confidence)
    low, high = stats.t.interval(confidence, len(values) - 1, np.mean(values), stats.sem(values))
    assert interval.mean == pytest.approx(np.mean(values))
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-9, abs=1e-9)
    assert interval.half == pytest.approx((high - low) / 2, rel=1e-9, abs=1e-9)


def test_pairs_are_the_paired_t_test():
    a, b = [0.31, 0.45, 0.38, 0.52], [0.24, 0.40, 0.33, 0.41]
    test = stats.ttest_rel(a, b)
    interval = paired_interval(a, b)
    expected = test.confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert test.pvalue < 0.05
    assert interval.excludes_zero


def test_pairing_drops_what_the_seeds_have_in_common():
    a, b = np.array([0.2, 0.5, 0.8]) + 0.05, np.array([0.2, 0.5, 0.801])
    assert paired_interval(a, b).excludes_zero
    assert mean_interval(a).low < mean_interval(b).high  # each by itself, they overlap


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([0.4])
    assert (interval.mean, interval.n, interval.known, interval.excludes_zero) == (0.4, 1, False, False)
    assert np.isnan(mean_interval([]).mean)


def test_a_missing_value_is_not_hidden():
    assert np.isnan(mean_interval([0.1, np.nan, 0.3]).mean)
    assert not mean_interval([0.1, np.nan, 0.3]).known


@pytest.mark.parametrize(("low", "high", "excludes"), [(0.1, 1, True), (-1, -0.1, True), (-1, 1, False)])
def test_whether_zero_is_inside(low, high, excludes):
    assert Interval((low + high) / 2, low, high, 3).excludes_zero is excludes
