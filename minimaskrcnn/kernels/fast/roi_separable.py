"""The RoI operators of few channels, as two small dense products per RoI: out = rows @ window @ columns.T.

With a single channel (the mask targets) a sparse matrix costs more to build than to use.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

import numpy as np

from minimaskrcnn.kernels.fast.roi_geometry import merged_weights, roi_points
from minimaskrcnn.kernels.roi_rules import RoIRule


def separable_mean(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> np.ndarray:
    """Mean over the points of each bin; see the reference edition for shapes and meaning."""
    H, W = x.shape[2:]
    points = roi_points(rois.astype(x.dtype), (H, W), output_size, spatial_scale, rule)
    (first_y, weight_y), (first_x, weight_x) = (merged_weights(axis) for axis in points)
    out = np.empty((len(rois), x.shape[1], *output_size), x.dtype)
    for k, image in enumerate(rois[:, 0].astype(int)):
        y_span, rows = _dense(first_y[k], weight_y[k], H)
        x_span, columns = _dense(first_x[k], weight_x[k], W)
        out[k] = rows @ x[image, :, y_span, x_span] @ columns.T  # (OH, h) (C, h, w) (w, OW)
    return out


def _dense(first: np.ndarray, weight: np.ndarray, side: int) -> tuple[slice, np.ndarray]:
    """The run of cells that one roi reads on one axis, and the weights (P, cells) of its bins there."""
    P, T = weight.shape
    start, stop = first.min(), first.max() + T
    dense = np.zeros((P, stop - start), weight.dtype)
    dense[np.arange(P)[:, None], first[:, None] - start + np.arange(T)] = weight
    return slice(start, min(stop, side)), dense[:, : side - start]
