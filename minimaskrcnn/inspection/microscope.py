"""The RoI microscope: one box on one feature map, and everything an RoI operator does with it.

    view = look(features, box, (2, 2), spatial_scale=1 / 16, rule=ROI_ALIGN)
    view.box                  # the box in cells, as it was given
    view.bins(0, 1)           # the bin in row 0, column 1: what the rule made of the box
    view.points(0, 1)         # where it reads the map
    view.output[0, 1]         # what it answers
    view.weights(0, 1)        # how much each cell has a say in that answer: the gradient

Positions are those of the operators themselves: the value of cell i stands at position i, so the cell covers
[i - 1/2, i + 1/2). A box edge at coordinate c (cell i covers [i, i + 1)) stands at c - 1/2. RoIAlign without
`aligned` reads at c instead: half a cell too far to the lower right.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.checks import check_number, describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels.fast.roi_geometry import axis_bins
from minimaskrcnn.kernels.reference.roi import axis_points
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_ALIGN_V2, ROI_POOL, ROI_WARP, RoIRule

RULES = {"RoIPool": ROI_POOL, "RoIWarp": ROI_WARP, "RoIAlign": ROI_ALIGN, "RoIAlign, aligned": ROI_ALIGN_V2}

# Numbers chosen so that the top left of 3x3 bins shows the article's step. RoIPool's bin is one cell, 0.8.
# Aligned RoIAlign reads between it and the 1.0 beside it, where the map has 0.6 * 0.8 + 0.4 * 1.0 = 0.88.
ARTICLE_FEATURES = np.array(
    [
        [0.1, 0.3, 0.2, 0.3, 0.3],
        [0.4, 0.8, 1.0, 0.7, 0.2],
        [0.1, 0.6, 0.5, 0.3, 0.1],
        [0.6, 0.2, 0.8, 0.2, 0.4],
        [0.9, 0.3, 0.3, 0.4, 0.5],
    ]
)
ARTICLE_BOX = (1.45, 1.35, 3.25, 3.15)


@dataclass(frozen=True)
class RoIView:
    """What one rule makes of one box.

    Attributes
    ----------
    rule : RoIRule
    features : (H, W) float64, one channel
    box : (4,) float64, x1 y1 x2 y2 in cells, cell i covering [i, i + 1)
    output : (OH, OW) float64
    """

    rule: RoIRule
    features: np.ndarray
    box: np.ndarray
    output: np.ndarray

    @property
    def own_box(self) -> np.ndarray:
        """The box in positions, (x1, y1, x2, y2), where the rule takes it to lie.

        Bilinear rules without `aligned` take coordinate c for position c, which is half a cell too far.
        """
        reads_at_c = self.rule.sampling_ratio is not None and not self.rule.aligned
        return self.box - (0 if reads_at_c else 0.5)

    def bins(self, row: int, column: int) -> np.ndarray:
        """One bin as (x1, y1, x2, y2): positions; for whole cells their outer edges."""
        x1, x2 = self._edges(0)[column]
        y1, y2 = self._edges(1)[row]
        return np.array([x1, y1, x2, y2]) - (0.5 if self.rule.sampling_ratio is None else 0)

    def points(self, row: int, column: int) -> np.ndarray:
        """Positions (S, 2) of (x, y) where one bin reads the map, row by row."""
        ys, xs = self._positions(1)[row], self._positions(0)[column]
        return np.array([(x, y) for y in ys for x in xs], np.float64).reshape(-1, 2)

    def weights(self, row: int, column: int) -> np.ndarray:
        """Weight (H, W) of each cell in one output value; of a maximum, the cells of the winner."""
        one = np.zeros_like(self.output)
        one[row, column] = 1
        return self.gradient(one)

    def gradient(self, grad: np.ndarray) -> np.ndarray:
        """Gradient (H, W) that flows back into the map when `grad` (OH, OW) arrives at the output."""
        x = Tensor(self.features[None, None], requires_grad=True)  # (1, 1, H, W)
        ops.roi_features(x, [self.box[None]], self.output.shape, 1.0, self.rule).backward(grad[None, None])
        assert x.grad is not None
        return x.grad[0, 0]

    def _edges(self, axis: int) -> np.ndarray:
        """First and last edge (bins, 2) along x (0) or y (1)."""
        sides = self.box[[axis, axis + 2]][None]  # (1, 2)
        first, last, _ = axis_bins(sides, 1.0, self.output.shape[1 - axis], self.rule)
        return np.stack([first[0], last[0]], axis=1)

    def _positions(self, axis: int) -> list[list[Any]]:
        bins, side = self.output.shape[1 - axis], self.features.shape[1 - axis]
        return axis_points(self.box[axis], self.box[axis + 2], 1.0, bins, side, self.rule)


def look(
    features: np.ndarray,
    box: np.ndarray,
    output_size: tuple[int, int],
    spatial_scale: float = 1.0,
    rule: RoIRule = ROI_ALIGN,
) -> RoIView:
    """Put one box on one channel under the microscope.

    Parameters
    ----------
    features : (H, W) float array
    box : (4,) x1 y1 x2 y2, pixels
    output_size : (OH, OW), bins
    spatial_scale : cells per pixel
    rule : RoIRule

    Examples
    --------
    >>> look(ARTICLE_FEATURES, ARTICLE_BOX, (3, 3), rule=ROI_POOL).output[0, 0].round(2)
    np.float64(0.8)
    >>> from dataclasses import replace
    >>> largest = replace(ROI_ALIGN_V2, reduce="max")
    >>> look(ARTICLE_FEATURES, ARTICLE_BOX, (3, 3), rule=largest).output[0, 0].round(2)
    np.float64(0.88)
    """
    values = as_real("look", features, "features").astype(np.float64)
    if values.ndim != 2 or not values.size:
        raise InputError(f"look: features must be one channel (H, W); got {describe(features)}.")
    corners = as_real("look", box, "box").astype(np.float64)
    if corners.shape != (4,):
        raise InputError(f"look: box must be x1, y1, x2, y2; got {describe(box)}.")
    cells = corners * check_number("look", spatial_scale, "spatial_scale", above=0)
    output = ops.roi_features(Tensor(values[None, None]), [cells[None]], output_size, 1.0, rule)
    return RoIView(rule, values, cells, output.data[0, 0])


def numerical_gradient(view: RoIView, grad: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """The same gradient (H, W) by moving one cell at a time: (f(x + h) - f(x - h)) / 2h."""
    answer = np.zeros_like(view.features)
    for cell in np.ndindex(*view.features.shape):
        moved = []
        for sign in (1, -1):
            changed = view.features.copy()
            changed[cell] += sign * step
            moved.append(look(changed, view.box, view.output.shape, rule=view.rule).output)
        answer[cell] = ((moved[0] - moved[1]) * grad).sum() / (2 * step)
    return answer
