"""Which ground-truth box, if any, each anchor or proposal stands for."""

import numpy as np

from minimaskrcnn.checks import check_flag, check_number, describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.errors import InputError


class Matcher:
    """Match by IoU with two thresholds: at or above the high one a match, below the low one background.

    Between them (low included) a candidate is neither, and the loss leaves it out. The RPN also allows
    low-quality matches, so that every object has an anchor: each anchor that reaches some object's best IoU
    is matched too - with the object that *it* overlaps most, which need not be that one. (Ren et al. 2015,
    section 3.1.2.) An object that no candidate overlaps matches none (in torchvision 0.28: all).

    Parameters
    ----------
    high_threshold, low_threshold : IoU
    allow_low_quality_matches : bool

    Raises
    ------
    InputError
        If low_threshold exceeds high_threshold.

    Examples
    --------
    >>> matcher = Matcher(0.7, 0.3)
    >>> matcher(np.array([[0.9, 0.5, 0.1], [0.2, 0.6, 0.2]]))
    array([ 0, -2, -1])
    """

    BELOW = -1
    BETWEEN = -2

    def __init__(
        self, high_threshold: float, low_threshold: float, allow_low_quality_matches: bool = False
    ) -> None:
        high_threshold = check_number("Matcher", high_threshold, "high_threshold")
        low_threshold = check_number("Matcher", low_threshold, "low_threshold")
        if low_threshold > high_threshold:
            raise InputError(
                f"Matcher: low_threshold {low_threshold} exceeds high_threshold {high_threshold}; swap them."
            )
        self.high_threshold = high_threshold
        self.low_threshold = low_threshold
        self.allow_low_quality_matches = check_flag(
            "Matcher", allow_low_quality_matches, "allow_low_quality_matches"
        )

    def __call__(self, iou: np.ndarray) -> np.ndarray:
        """The index of the matching row for each column.

        Parameters
        ----------
        iou : (M, N) float array, M ground-truth boxes by N candidates

        Returns
        -------
        matched : (N,) int64, a row, or BELOW (-1), or BETWEEN (-2); all BELOW where M is 0
        """
        iou = as_real("Matcher", iou, "iou")
        if iou.ndim != 2:
            raise InputError(f"Matcher: iou must be (objects, candidates); got {describe(iou)}.")
        if not len(iou):
            return np.full(iou.shape[1], self.BELOW, np.int64)
        nearest = iou.argmax(axis=0)  # (N,)
        best = iou.max(axis=0)
        matched = nearest.astype(np.int64)
        matched[best < self.high_threshold] = self.BETWEEN
        matched[best < self.low_threshold] = self.BELOW
        if self.allow_low_quality_matches and iou.size:
            best_of_object = iou.max(axis=1, keepdims=True)  # (M, 1)
            tied = ((iou == best_of_object) & (iou > 0)).any(axis=0)
            matched[tied] = nearest[tied]
        return matched
