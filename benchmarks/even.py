"""One sampler for both sides, which takes evenly spaced candidates instead of random ones.

candidate (j*n)//k of n, for j = 0..k-1
"""

from __future__ import annotations

import numpy as np


def even(count: int, wanted: int) -> np.ndarray:
    """Return the indices of `wanted` evenly spaced candidates out of `count`."""
    return np.arange(wanted) * count // max(wanted, 1)


class EvenChoice:
    """Replaces the Generator of `MaskRCNN.losses`, of which only ``choice`` is used."""

    def choice(self, candidates: np.ndarray, k: int, replace: bool) -> np.ndarray:
        """Return k evenly spaced candidates, in order."""
        assert not replace
        return candidates[even(len(candidates), k)]
