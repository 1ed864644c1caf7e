"""The losses that training minimises: their terms by name, and the box loss that both stages share.

    L = L_objectness + L_rpn_box + L_class + L_box + L_mask

Source: Faster R-CNN, eq. 1; Mask R-CNN, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.coder import BETA


@dataclass(frozen=True, eq=False)
class Losses(Mapping[str, Tensor]):
    """The losses of one batch: a mapping from the name of each term to its value.

    Attributes
    ----------
    terms : dict from name to scalar Tensor
    counts : dict from name to int
        How many anchors and RoIs of the batch were sampled: `fg_anchors` and `fg_rois` stand for objects,
        `bg_anchors` and `bg_rois` for background.
    """

    terms: dict[str, Tensor]
    counts: dict[str, int]

    def __getitem__(self, name: str) -> Tensor:
        return self.terms[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __or__(self, other: Losses) -> Losses:
        """Join the terms and counts of two records."""
        return Losses(self.terms | other.terms, self.counts | other.counts)


def box_loss(deltas: Tensor, wanted: np.ndarray, sampled: int) -> Tensor:
    """Return the smooth L1 loss of the deltas, summed and divided by the number of sampled boxes.

    Parameters
    ----------
    deltas : (n, 4) Tensor
        Predictions for the sampled boxes that represent objects.
    wanted : (n, 4) array
        Their targets, of the same dtype.
    sampled : int
        Number of all sampled boxes, including background.
    """
    return ops.smooth_l1_loss(deltas, wanted, beta=BETA, reduction="sum") / max(1, sampled)
