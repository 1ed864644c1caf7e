"""Boxes as corrections of other boxes: how far the centre moves, and the log of how much the sides grow.

    dx = wx * (gx - px) / pw        dw = ww * log(gw / pw)        (y and h alike)

for a ground-truth box g and a proposal p given by centre and sides: Girshick et al. 2014, equations 6-9.
The weights bring the four targets to about unit variance.
"""

import math

import numpy as np

from minimaskrcnn.checks import check_number, describe
from minimaskrcnn.detection.checks import as_boxes, as_real
from minimaskrcnn.errors import InputError

BETA = 1 / 9
"""Error in a delta where smooth L1 turns from quadratic to linear: torchvision's, in both stages."""


class BoxCoder:
    """Encode boxes relative to proposals, and decode predicted deltas back into boxes.

    Parameters
    ----------
    weights : (wx, wy, ww, wh); the RPN uses (1, 1, 1, 1), the box head (10, 10, 5, 5)
    bbox_xform_clip : upper limit of dw and dh after division by their weights, so that exp cannot overflow;
        the default lets a 16-pixel anchor grow to 1000 pixels

    Examples
    --------
    >>> coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    >>> proposal, gt = np.array([[0.0, 0.0, 10.0, 10.0]]), np.array([[5.0, 0.0, 15.0, 10.0]])
    >>> coder.encode(gt, proposal)
    array([[0.5, 0. , 0. , 0. ]])
    >>> coder.decode(coder.encode(gt, proposal), proposal)
    array([[[ 5.,  0., 15., 10.]]])
    """

    def __init__(
        self, weights: tuple[float, float, float, float], bbox_xform_clip: float = math.log(1000 / 16)
    ) -> None:
        if not isinstance(weights, tuple | list) or len(weights) != 4:
            raise InputError(f"BoxCoder: weights must be (wx, wy, ww, wh); got {describe(weights)}.")
        wx, wy, ww, wh = (check_number("BoxCoder", w, "each weight", 1e-6, 1e6) for w in weights)
        self.weights = wx, wy, ww, wh
        self.bbox_xform_clip = check_number("BoxCoder", bbox_xform_clip, "bbox_xform_clip")

    def encode(self, gt_boxes: np.ndarray, proposals: np.ndarray) -> np.ndarray:
        """The deltas that turn each proposal into its ground-truth box.

        Parameters
        ----------
        gt_boxes, proposals : (N, 4) float arrays, pixels, row i belongs with row i

        Returns
        -------
        deltas : (N, 4) (dx, dy, dw, dh), dtype of gt_boxes

        Raises
        ------
        InputError
            If the two differ in length, or a box has no area.
        """
        gt_boxes = as_boxes("BoxCoder.encode", gt_boxes, "gt_boxes")
        proposals = as_boxes("BoxCoder.encode", proposals, "proposals")
        if len(gt_boxes) != len(proposals):
            raise InputError(
                f"BoxCoder.encode: {len(gt_boxes)} gt_boxes for {len(proposals)} proposals; give each "
                "proposal the box it matched, gt_boxes[matched]."
            )
        weights = np.asarray(self.weights, gt_boxes.dtype)
        gt_centre, gt_size = _centre_and_size(gt_boxes)
        centre, size = _centre_and_size(proposals)
        _check_area("gt_boxes", gt_size)
        _check_area("proposals", size)
        deltas = np.concatenate([(gt_centre - centre) / size, np.log(gt_size / size)], axis=1)
        return weights * deltas

    def decode(self, deltas: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The boxes that predicted deltas stand for; not clipped to any image.

        Parameters
        ----------
        deltas : (N, 4*K) float array, (dx, dy, dw, dh) for each of K classes in turn
        boxes : (N, 4) float array, the anchors or proposals, pixels

        Returns
        -------
        decoded : (N, K, 4), dtype of deltas

        Raises
        ------
        InputError
            If the deltas do not come in fours, one row for each box.
        """
        deltas = as_real("BoxCoder.decode", deltas, "deltas")
        boxes = as_boxes("BoxCoder.decode", boxes)
        if deltas.ndim != 2 or deltas.shape[1] % 4 or len(deltas) != len(boxes):
            raise InputError(
                f"BoxCoder.decode: deltas must be (N, 4*K) with one row for each of {len(boxes)} boxes; got "
                f"{deltas.shape}."
            )
        centre, size = _centre_and_size(boxes.astype(deltas.dtype))
        centre, size = centre[:, None], size[:, None]  # (N, 1, 2)
        deltas = deltas.reshape(len(deltas), deltas.shape[1] // 4, 4) / np.asarray(self.weights, deltas.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            centre = deltas[..., :2] * size + centre  # (N, K, 2)
            half = np.exp(np.minimum(deltas[..., 2:], self.bbox_xform_clip)) * size / 2
            return np.concatenate([centre - half, centre + half], axis=-1)


def _centre_and_size(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(over="ignore", invalid="ignore"):
        size = boxes[:, 2:] - boxes[:, :2]  # (N, 2): w, h
        return boxes[:, :2] + size / 2, size


def _check_area(name: str, size: np.ndarray) -> None:
    """Both sides (N, 2) of each box are numbers above 0, whose logarithm exists."""
    sound = ((size > 0) & (size < np.inf)).all(axis=1)
    if not sound.all():
        row = int(np.argmin(sound))
        raise InputError(
            f"BoxCoder.encode: {name}[{row}] has the sides {size[row].tolist()}; they must be finite and > 0."
        )
