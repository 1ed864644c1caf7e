"""What training minimises: the terms by name, what they were taken over, and the one that both stages share.

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
    """The losses of one batch; as a mapping, its terms.

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
        """The terms and counts of both."""
        return Losses(self.terms | other.terms, self.counts | other.counts)


def box_loss(deltas: Tensor, wanted: np.ndarray, sampled: int) -> Tensor:
    """Smooth L1 between deltas (n, 4) of objects and what is wanted of them, summed, per sampled box.

    Parameters
    ----------
    deltas : (n, 4) Tensor, of the objects among the sampled boxes
    wanted : (n, 4) array, of the same dtype
    sampled : int, sampled boxes, background and all
    """
    return ops.smooth_l1_loss(deltas, wanted, beta=BETA, reduction="sum") / max(1, sampled)
