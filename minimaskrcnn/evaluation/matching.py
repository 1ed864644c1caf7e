"""Which detection found which object: COCO's greedy assignment for one picture and one class.

Detections choose in order of score. Each takes, of the true objects still free whose IoU reaches the
threshold, one that counts before one that is ignored, then the greatest IoU, then the last in the list. An
ignored object (a crowd, or of a size not asked for) turns its detection into neither right nor wrong; a
crowd can be taken any number of times.

All IoU thresholds and all size ranges are decided at once: axis A is the range, T the threshold, D the
detection, G the true object.
"""

import numpy as np


def match(
    iou: np.ndarray, ignored: np.ndarray, crowd: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Assign detections to true objects.

    Parameters
    ----------
    iou : (D, G) float64 array
        Rows in order of falling score.
    ignored : (A, G) bool array
        True objects that do not count in each size range; crowds never count.
    crowd : (G,) bool array
    thresholds : (T,) float64 array

    Returns
    -------
    winner : (A, T, D) int64 array
        Index of the object each detection took, or -1.
    excused : (A, T, D) bool array
        The object it took is an ignored one.
    """
    D, G = iou.shape
    A, T = len(ignored), len(thresholds)
    winner = np.full((A, T, D), -1)
    excused = np.zeros((A, T, D), bool)
    if G == 0:
        return winner, excused
    # A wish is a whole number, so that ties are decided exactly: the place of an IoU in its row (of equals
    # the last is greater), raised above all ignored objects for one that counts.
    place = iou.argsort(1, kind="stable").argsort(1)  # (D, G)
    wish = place + G * ~ignored[:, None]  # (A, D, G)
    free = np.ones((A, T, G), bool)
    for d in np.flatnonzero(iou.max(1) >= thresholds.min()):
        eligible = free & (iou[d] >= thresholds[:, None])  # (A, T, G)
        wishes = np.where(eligible, wish[:, None, d], -1)  # (A, T, G)
        a, t = np.nonzero(eligible.any(-1))
        g = wishes.argmax(-1)[a, t]
        winner[a, t, d] = g
        excused[a, t, d] = ignored[a, g]
        free[a, t, g] = crowd[g]
    return winner, excused
