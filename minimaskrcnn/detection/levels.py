"""Which pyramid level a roi is pooled from: large boxes from coarse maps, small boxes from fine ones.

level = floor(k0 + log2(sqrt(w*h) / s0)),  clamped to the levels there are: Lin et al. 2017, equation 1.
"""

import numpy as np


class LevelMapper:
    """Level of each box, counted from the finest map in use.

    Parameters
    ----------
    k_min, k_max : int, log2 of the strides of the finest and the coarsest map
    canonical_scale : s0, pixels; a box of this side goes to canonical_level
    canonical_level : k0
    eps : added before the floor, so that a box just short of a boundary by rounding is on it

    Examples
    --------
    >>> mapper = LevelMapper(2, 5)
    >>> mapper(np.array([[0.0, 0.0, 112.0, 112.0], [0.0, 0.0, 224.0, 224.0]]))
    array([1, 2])
    """

    def __init__(
        self,
        k_min: int,
        k_max: int,
        canonical_scale: float = 224,
        canonical_level: int = 4,
        eps: float = 1e-6,
    ) -> None:
        self.k_min, self.k_max = k_min, k_max
        self.canonical_scale, self.canonical_level = canonical_scale, canonical_level
        self.eps = eps

    def __call__(self, boxes: np.ndarray) -> np.ndarray:
        """Level index, 0 for the finest, of each box.

        Parameters
        ----------
        boxes : (K, 4) float array, pixels

        Returns
        -------
        level : (K,) int64 in [0, k_max - k_min]; 0 for a box without area
        """
        sides = boxes[:, 2:] - boxes[:, :2]
        with np.errstate(divide="ignore"):
            area = np.maximum(sides[:, 0] * sides[:, 1], 0)
            octave = np.log2(np.sqrt(area) / self.canonical_scale)
        level = np.floor(self.canonical_level + octave + boxes.dtype.type(self.eps))
        return np.clip(level, self.k_min, self.k_max).astype(np.int64) - self.k_min
