"""From judged detections to a curve of precision against recall, read at 101 places as COCO does.

Going down the list by score, after each detection ``precision = right / (right + wrong)`` and
``recall = right / objects``. Precision is then made to fall monotonically, and read where recall first
reaches 0, 0.01, ..., 1.
"""

from dataclasses import dataclass

import numpy as np

from minimaskrcnn.errors import InputError

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREA_RANGES = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
NOTHING = -1.0  # the value of a mean over no class: no object of that size anywhere


@dataclass(frozen=True)
class Curves:
    """Precision and recall for every setting; -1 where a class has no object of that size.

    Attributes
    ----------
    precision : (T, R, K, A, M) float64 array
        IoU threshold, recall 0 ... 1, class, size range, number of detections allowed.
    recall : (T, K, A, M) float64 array
        The greatest recall reached.
    labels : list of int
        The classes along axis K.
    max_dets : tuple of int
        The numbers along axis M.
    """

    precision: np.ndarray
    recall: np.ndarray
    labels: list[int]
    max_dets: tuple[int, ...]

    def at(
        self, iou: float = 0.5, label: int | None = None, area: str = "all"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return one precision-recall curve to draw: recalls (101,) and precisions (101,).

        Parameters
        ----------
        iou : float
            One of 0.50, 0.55, ..., 0.95.
        label : int, optional
            A class; by default the mean over the classes that have objects.
        area : "all", "small", "medium" or "large"
        """
        t = int(np.abs(IOU_THRESHOLDS - iou).argmin())
        if abs(IOU_THRESHOLDS[t] - iou) > 1e-6:
            raise InputError(f"Curves.at: iou is {iou}; expected one of 0.50, 0.55, ..., 0.95.")
        if area not in AREA_RANGES or (label is not None and label not in self.labels):
            raise InputError(
                f"Curves.at: area {area!r} or label {label} is unknown; areas are {list(AREA_RANGES)}, "
                f"labels {self.labels}."
            )
        curves = self.precision[t, :, :, list(AREA_RANGES).index(area), -1]  # (R, K)
        if label is not None:
            return RECALLS, curves[:, self.labels.index(label)]
        known = curves[:, curves[0] > NOTHING]
        return RECALLS, known.mean(1) if known.size else np.full(len(RECALLS), NOTHING)


def sample_curve(right: np.ndarray, wrong: np.ndarray, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the precision at the 101 recalls.

    Parameters
    ----------
    right, wrong : (T, D) bool arrays
        Detections of all pictures in order of falling score; neither right nor wrong: ignored.
    objects : int
        How many there were to find, at least 1.

    Returns
    -------
    precision : (T, R) float64 array
        0 at recalls that are never reached.
    recall : (T,) float64 array
        The greatest recall reached.

    Examples
    --------
    >>> right = np.array([[True, False, True]])
    >>> precision, recall = sample_curve(right, ~right, objects=2)
    >>> precision[0, [0, 50, 51, 100]].round(3), recall
    (array([1.   , 1.   , 0.667, 0.667]), array([1.]))
    """
    T, D = right.shape
    sampled = np.zeros((T, len(RECALLS)))
    if D == 0:
        return sampled, np.zeros(T)
    hits = right.cumsum(1)  # (T, D)
    recall = hits / objects
    precision = hits / (hits + wrong.cumsum(1) + np.spacing(1))
    # falling: the best precision at this recall or a greater one
    falling = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]  # (T, D)
    for t in range(T):
        first = np.searchsorted(recall[t], RECALLS)  # the first detection to reach each recall
        sampled[t, first < D] = falling[t, first[first < D]]
    return sampled, recall[:, -1]
