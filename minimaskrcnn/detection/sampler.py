"""A balanced sample of candidates for the loss: without it the background would drown the objects."""

import numpy as np

from minimaskrcnn.checks import check_number, check_whole, describe
from minimaskrcnn.detection.checks import as_vector
from minimaskrcnn.errors import InputError


class BalancedSampler:
    """At most a fraction of positives, the rest of the batch filled with negatives, all drawn at random.

    Parameters
    ----------
    batch_size_per_image : int, candidates in an image's sample
    positive_fraction : float, the largest share of them that may be positive

    Examples
    --------
    >>> sampler = BalancedSampler(4, 0.5)
    >>> positive, negative = sampler(np.array([1, 0, 0, -1, 0, 0]), np.random.default_rng(0))
    >>> positive, len(negative)
    (array([0]), 3)
    """

    def __init__(self, batch_size_per_image: int, positive_fraction: float) -> None:
        self.batch_size_per_image = check_whole(
            "BalancedSampler", batch_size_per_image, "batch_size_per_image", least=0
        )
        self.positive_fraction = check_number("BalancedSampler", positive_fraction, "positive_fraction", 0, 1)

    def __call__(self, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Indices of the sampled positives and of the sampled negatives.

        Parameters
        ----------
        labels : (N,) array, >= 1 positive, 0 negative, negative numbers are left out
        rng : numpy.random.Generator; only its ``choice`` is used

        Returns
        -------
        positive, negative : (P,), (Q,) int64, ascending; P + Q <= batch_size_per_image
        """
        labels = as_vector("BalancedSampler", labels, "labels")
        if not callable(getattr(rng, "choice", None)):
            raise InputError(f"BalancedSampler: rng must be a Generator; got {describe(rng)}.")
        positive, negative = (
            np.flatnonzero(some).astype(np.int64, copy=False) for some in (labels >= 1, labels == 0)
        )
        num_positive = min(len(positive), int(self.batch_size_per_image * self.positive_fraction))
        num_negative = min(len(negative), self.batch_size_per_image - num_positive)
        return (
            np.sort(rng.choice(positive, num_positive, replace=False)),
            np.sort(rng.choice(negative, num_negative, replace=False)),
        )
