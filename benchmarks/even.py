"""One sampler for both sides: of the candidates, take evenly spaced ones instead of random ones.

candidate (j*n)//k of n, for j = 0..k-1
"""

from __future__ import annotations

import numpy as np


def even(count: int, wanted: int) -> np.ndarray:
    """Which of `count` candidates to take: `wanted` of them, evenly spaced."""
    return np.arange(wanted) * count // max(wanted, 1)


class EvenChoice:
    """Stands in for the Generator of `MaskRCNN.losses`, of which only ``choice`` is used."""

    def choice(self, candidates: np.ndarray, k: int, replace: bool) -> np.ndarray:
        """The k evenly spaced candidates, in order."""
        assert not replace
        return candidates[even(len(candidates), k)]
