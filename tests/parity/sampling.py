"""What the recorded runs did instead of drawing at random: of n candidates keep k, evenly spaced.

candidate (j*n)//k for j = 0..k-1
"""

import numpy as np


class EvenChoice:
    """Stands in for a Generator wherever only ``choice`` is used, as in `BalancedSampler`."""

    def choice(self, candidates: np.ndarray, k: int, replace: bool) -> np.ndarray:
        """The k evenly spaced candidates, in order."""
        assert not replace
        return candidates[np.arange(k) * len(candidates) // max(k, 1)]


def chosen(indices: np.ndarray, count: int) -> np.ndarray:
    """Indices as a mask (count,) of int64, the form in which samples are recorded."""
    mask = np.zeros(count, np.int64)
    mask[indices] = 1
    return mask
