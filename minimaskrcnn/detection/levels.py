"""Which pyramid level a roi is pooled from: large boxes from coarse maps, small boxes from fine ones.

level = floor(k0 + log2(sqrt(w*h) / s0)),  clamped to the levels there are: Lin et al. 2017, equation 1.
"""

import numpy as np

from minimaskrcnn.checks import check_number, check_whole
from minimaskrcnn.detection.checks import as_boxes


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
        self.k_min = check_whole("LevelMapper", k_min, "k_min", 0, 30)
        self.k_max = check_whole("LevelMapper", k_max, "k_max", self.k_min, 30)
        self.canonical_scale = check_number("LevelMapper", canonical_scale, "canonical_scale", above=0)
        self.canonical_level = check_whole("LevelMapper", canonical_level, "canonical_level", -30, 60)
        self.eps = check_number("LevelMapper", eps, "eps", 0, 1)

    def __call__(self, boxes: np.ndarray) -> np.ndarray:
        """Level index, 0 for the finest, of each box.

        Parameters
        ----------
        boxes : (K, 4) float array, pixels

        Returns
        -------
        level : (K,) int64 in [0, k_max - k_min]; 0 for a box without area
        """
        boxes = as_boxes("LevelMapper", boxes)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            sides = boxes[:, 2:] - boxes[:, :2]
            area = np.maximum(sides[:, 0] * sides[:, 1], 0)
            octave = np.log2(np.sqrt(area) / self.canonical_scale)
        level = np.floor(self.canonical_level + octave + boxes.dtype.type(self.eps))
        level = np.nan_to_num(level, nan=self.k_min)  # a box that is not a number goes to the finest map
        return np.clip(level, self.k_min, self.k_max).astype(np.int64) - self.k_min
