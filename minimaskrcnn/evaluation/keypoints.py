"""Object keypoint similarity (OKS), which stands in for IoU where keypoints are compared.

    OKS = mean over the annotated keypoints i of exp(-d_i^2 / (2 s^2 k_i^2))

Here d_i is the distance of the two places of keypoint i, s^2 the area of the true object, and k_i twice the
standard deviation `sigmas[i]` of what annotators said. Two places that differ by no more than annotators do
count as nearly the same.
Source: cocodataset.org/#keypoints-eval; Ronchi & Perona 2017, "Benchmarking and error diagnosis".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Poses:
    """Keypoints, and what else the comparison needs of their objects.

    Attributes
    ----------
    keypoints : (N, K, 3) array
    boxes : (N, 4) array
    areas : (N,) array, pixels
    """

    keypoints: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> Poses:
        """Return the poses that an array of indices or of bools chooses."""
        return Poses(self.keypoints[chosen], self.boxes[chosen], self.areas[chosen])

    def annotated(self) -> np.ndarray:
        """Tell which keypoints are annotated, (N, K) bool."""
        annotated: np.ndarray = self.keypoints[..., 2] > 0
        return annotated


def extents(keypoints: np.ndarray) -> np.ndarray:
    """Return the area of the upright rectangle around the keypoints of each object, (N,) float64."""
    places = keypoints[..., :2].astype(np.float64)  # (N, K, 2)
    if not places.size:
        return np.zeros(len(places))
    areas: np.ndarray = (places.max(1) - places.min(1)).prod(-1)
    return areas


def oks_matrix(found: np.ndarray, true: Poses, sigmas: np.ndarray) -> np.ndarray:
    """Return the similarity of each detection with each true object.

    An object without annotated keypoints is compared by how far the keypoints leave a box of three times its
    sides, so that what lies around it is excused.

    Parameters
    ----------
    found : (D, K, 3) array
    true : Poses of G objects
    sigmas : (K,) float64 array

    Returns
    -------
    (D, G) float64 array in [0, 1]

    Examples
    --------
    >>> point, box = np.array([[[5.0, 5.0, 2.0]]]), np.array([[0.0, 0.0, 10.0, 10.0]])
    >>> oks_matrix(point + [1.0, 0.0, 0.0], Poses(point, box, np.array([100.0])), np.array([0.05])).round(3)
    array([[0.607]])
    """
    similarity = np.zeros((len(found), len(true.keypoints)))
    places = found[..., :2].astype(np.float64)  # (D, K, 2)
    for g, known in enumerate(true.annotated()):
        if known.any():
            away = places - true.keypoints[g, :, :2].astype(np.float64)
        else:
            x1, y1, x2, y2 = true.boxes[g].astype(np.float64)
            low, high = np.array([2 * x1 - x2, 2 * y1 - y2]), np.array([2 * x2 - x1, 2 * y2 - y1])
            away = np.maximum(0, low - places) + np.maximum(0, places - high)
            known = np.ones(len(known), bool)
        spread = 2 * (2 * sigmas) ** 2 * (true.areas[g] + np.spacing(1))  # (K,)
        error = (away**2).sum(-1) / spread  # (D, K)
        similarity[:, g] = np.exp(-error[:, known]).mean(1)
    return similarity
