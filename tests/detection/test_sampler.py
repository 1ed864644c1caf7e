"""Sampling: at most the fraction of positives, negatives fill the batch, ignored ones stay out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.detection.sampler import BalancedSampler


@given(st.lists(st.integers(-1, 3), max_size=40), st.integers(1, 20), st.sampled_from([0, 0.25, 0.5, 1]))
def test_numbers_and_labels(labels, batch, fraction):
    labels = np.array(labels, np.int64)
    positive, negative = BalancedSampler(batch, fraction)(labels, np.random.default_rng(0))
    assert len(positive) == min((labels >= 1).sum(), int(batch * fraction))
    assert len(negative) == min((labels == 0).sum(), batch - len(positive))
    assert (labels[positive] >= 1).all()
    assert (labels[negative] == 0).all()
    for chosen in (positive, negative):
        assert (np.diff(chosen) > 0).all()  # ascending, each at most once
        assert chosen.dtype == np.int64


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    labels = np.tile([0, 1], 100)
    first, again, other = (
        BalancedSampler(16, 0.5)(labels, np.random.default_rng(seed))[0].tolist() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_every_candidate_is_drawn_equally_often(rng):
    counts = np.zeros(8)
    for _ in range(2000):
        counts[BalancedSampler(2, 0)(np.zeros(8, int), rng)[1]] += 1
    assert np.abs(counts / 500 - 1).max() < 0.2  # 500 draws each; the deviation of a count is about 19
