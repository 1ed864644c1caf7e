"""Features of regions of interest: a fixed grid of values for every box, whatever its size.

The boxes are plain arrays: no gradient flows into their coordinates, and the type says so.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_flag, check_number, check_whole, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels.roi_rules import ROI_POOL, ROI_WARP, RoIRule
from minimaskrcnn.ops.checks import check_array, check_feature_map, pair

Pair = int | tuple[int, int]
Boxes = np.ndarray | list[np.ndarray] | tuple[np.ndarray, ...]

FARTHEST_CELL = 2**16
"""A box may reach this many cells from the origin: float32 still tells its samples apart there."""

LONGEST_CELLS, LONGEST_SIDES = 2048, 32
"""A box may be 2,048 cells long, or 32 sides of its map, whichever is more: what is read has that size."""

MOST_SAMPLES = 256
"""The largest `sampling_ratio`: samples per bin and direction."""

MOST_BINS = 4096
"""The largest side of `output_size`."""


class RoIAlign(Function):
    """The op of `roi_align`."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        rois: np.ndarray,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> np.ndarray:
        """Hand the arrays to the kernel, and keep what its backward needs."""
        ctx.save(rois=rois, shape=x.shape, sampling=(spatial_scale, sampling_ratio, aligned))
        return kernels.active().roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the cells that were read, with the same weights."""
        return kernels.active().roi_align_backward(grad, ctx.rois, ctx.shape, *ctx.sampling)


class RoIPool(Function):
    """The op of `roi_pool`."""

    @staticmethod
    def forward(
        ctx: Context, x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float
    ) -> np.ndarray:
        """Hand the arrays to the kernel, and keep what its backward needs."""
        out, argmax = kernels.active().roi_pool(x, rois, output_size, spatial_scale)
        ctx.save(rois=rois, shape=x.shape, argmax=argmax)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the cell that was the largest of its bin."""
        return kernels.active().roi_pool_backward(grad, ctx.rois, ctx.argmax, ctx.shape)


class RoIFeatures(Function):
    """The op of `roi_features`: any member of the family."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        rois: np.ndarray,
        output_size: tuple[int, int],
        spatial_scale: float,
        rule: RoIRule,
    ) -> np.ndarray:
        """Hand the arrays to the kernel, and keep what its backward needs."""
        out, argmax = kernels.active().roi_features(x, rois, output_size, spatial_scale, rule)
        ctx.save(rois=rois, shape=x.shape, argmax=argmax, spatial_scale=spatial_scale, rule=rule)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the cells that were read, or to the one that was the largest."""
        return kernels.active().roi_features_backward(
            grad, ctx.rois, ctx.argmax, ctx.shape, ctx.spatial_scale, ctx.rule
        )


def roi_align(
    x: Tensor,
    boxes: Boxes,
    output_size: Pair,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """Mean of bilinear samples in each bin; no coordinate is ever rounded (He et al. 2017, section 3).

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    boxes : array (K, 5), or a list of arrays (K_n, 4)
        The index of the image in the batch, then x1, y1, x2, y2; or x1, y1, x2, y2 for each image n.
    output_size : int or (y, x), bins
    spatial_scale : cells of x for one unit of the boxes, 1/stride
    sampling_ratio : samples per bin and direction, at most 256; <= 0 chooses ceil(bin size) for each box
    aligned : bool
        True subtracts half a cell after scaling, so that coordinate 0.5 is the centre of cell 0. The detector
        uses False, which reads half a cell too far to the lower right, as the published weights expect.

    Returns
    -------
    Tensor (K, C, OH, OW)

    Raises
    ------
    InputError
        If boxes have another shape, name an image that is not in the batch, or lie far outside the map.

    Examples
    --------
    >>> ramp = Tensor(np.arange(25.0).reshape(1, 1, 5, 5))
    >>> roi_align(ramp, np.array([[0, 1, 1, 3, 3]]), 2, aligned=True).data[0, 0]
    array([[ 6.,  7.],
           [11., 12.]])
    """
    rois = _check("roi_align", x, boxes, spatial_scale)
    size = _bins("roi_align", output_size)
    samples = check_whole("roi_align", sampling_ratio, "sampling_ratio", most=MOST_SAMPLES)
    shifted = check_flag("roi_align", aligned, "aligned")
    return RoIAlign.apply(x, rois, size, float(spatial_scale), samples, shifted)


def roi_pool(x: Tensor, boxes: Boxes, output_size: Pair, spatial_scale: float = 1.0) -> Tensor:
    """Largest cell in each bin, box and bins rounded to whole cells (Girshick 2015); an empty bin is 0.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    boxes : array (K, 5), or a list of arrays (K_n, 4)
        The index of the image in the batch, then x1, y1, x2, y2; or x1, y1, x2, y2 for each image n.
    output_size : int or (y, x), bins
    spatial_scale : cells of x for one unit of the boxes, 1/stride

    Returns
    -------
    Tensor (K, C, OH, OW)

    Raises
    ------
    InputError
        If boxes have another shape, name an image that is not in the batch, or lie far outside the map.
    """
    rois = _check("roi_pool", x, boxes, spatial_scale)
    size = _bins("roi_pool", output_size)
    return RoIPool.apply(x, rois, size, float(spatial_scale))


def roi_warp(x: Tensor, boxes: Boxes, output_size: Pair, spatial_scale: float = 1.0) -> Tensor:
    """Mean of bilinear samples in each bin of a box rounded to whole cells (Dai et al. 2016).

    It is RoIAlign with only the box rounded; unlike in RoIPool, the end cell is not included. Arguments as
    for `roi_pool`; `roi_features` with the rule ROI_WARP_MAX takes the maximum.
    """
    return roi_features(x, boxes, output_size, spatial_scale, ROI_WARP)


def roi_features(x: Tensor, boxes: Boxes, output_size: Pair, spatial_scale: float, rule: RoIRule) -> Tensor:
    """Read features by any rule of the RoI family: each switch of `kernels.roi_rules.RoIRule` is set alone.

    A rule that is RoIAlign or RoIPool runs on the kernel of that name: whoever registers a `roi_align` of
    their own changes every detector that uses it.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    boxes : array (K, 5), or a list of arrays (K_n, 4)
        The index of the image in the batch, then x1, y1, x2, y2; or x1, y1, x2, y2 for each image n.
    output_size : int or (y, x), bins
    spatial_scale : cells of x for one unit of the boxes, 1/stride
    rule : RoIRule

    Returns
    -------
    Tensor (K, C, OH, OW)
    """
    rois = _check("roi_features", x, boxes, spatial_scale)
    if not isinstance(rule, RoIRule):
        raise InputError(f"roi_features: rule must be a RoIRule, such as roi_rules.ROI_ALIGN; got {rule!r}.")
    size = _bins("roi_features", output_size)
    scale = float(spatial_scale)
    if rule == ROI_POOL:
        return RoIPool.apply(x, rois, size, scale)
    if rule.is_align:
        return RoIAlign.apply(x, rois, size, scale, rule.sampling_ratio, rule.aligned)
    return RoIFeatures.apply(x, rois, size, scale, rule)


def _bins(op: str, output_size: Pair) -> tuple[int, int]:
    y, x = pair(op, output_size, "output_size", 1)
    if max(y, x) > MOST_BINS:
        raise InputError(f"{op}: output_size must be at most {MOST_BINS} bins per side; got {output_size}.")
    return y, x


def _check(op: str, x: Tensor, boxes: Boxes, spatial_scale: float) -> np.ndarray:
    """The boxes as an array (K, 5) of x's dtype."""
    check_feature_map(op, x)
    if 0 in x.shape[1:]:
        raise InputError(f"{op}: x {x.shape} has no cells to read.")
    rois = _with_index(op, boxes, x.shape[0]) if isinstance(boxes, list | tuple) else boxes
    check_array(op, rois, "boxes")
    if rois.ndim != 2 or rois.shape[1] != 5:
        fix = " Put the index of the image in front of each box." if rois.shape[1:] == (4,) else ""
        raise InputError(f"{op}: boxes must be (K, 5): batch index, x1, y1, x2, y2; got {rois.shape}.{fix}")
    check_number(op, spatial_scale, "spatial_scale (1/stride of the map)", above=0)
    if rois.dtype.kind not in "biuf":
        raise InputError(f"{op}: boxes must hold real numbers; got {describe(rois)}.")
    if rois.dtype.kind != "f" or rois.itemsize < 4:
        rois = rois.astype(np.float32)
    index = rois[:, 0]
    known = (index >= 0) & (index < x.shape[0]) & (index == np.floor(index))
    if not known.all():
        row = int(np.argmin(known))
        raise InputError(
            f"{op}: boxes[{row}] belongs to image {index[row]:g}, but the batch x {x.shape} has images "
            f"0 to {x.shape[0] - 1}."
        )
    _check_reach(op, rois[:, 1:] * spatial_scale, x.shape[2:])
    return rois.astype(x.dtype, copy=False)


def _check_reach(op: str, boxes: np.ndarray, size: tuple[int, ...]) -> None:
    """Boxes (K, 4) in cells must have a bounded size, with which what is read grows, and not lie too far."""
    limit = max(LONGEST_CELLS, LONGEST_SIDES * max(size))
    with np.errstate(invalid="ignore"):  # infinity less infinity
        short = (np.abs(boxes[:, 2:] - boxes[:, :2]) <= limit).all(axis=1)
    near = short & (np.abs(boxes) <= FARTHEST_CELL).all(axis=1)  # NaN is not
    if not near.all():
        row = int(np.argmin(near))
        raise InputError(
            f"{op}: boxes[{row}] is {boxes[row].tolist()} in cells of the map {size}; every coordinate must "
            f"be a number within {FARTHEST_CELL} cells of the origin, and a box at most {limit} cells long. "
            "Clip boxes to the picture first."
        )


def _with_index(op: str, boxes: list[np.ndarray] | tuple[np.ndarray, ...], images: int) -> np.ndarray:
    """Boxes (K_n, 4) of each image n as one array (sum K_n, 5), the index of the image in front."""
    if len(boxes) != images:
        raise InputError(f"{op}: boxes lists {len(boxes)} images, but the batch x has {images}.")
    for image, own in enumerate(boxes):
        check_array(op, own, f"boxes[{image}]")
        if own.ndim != 2 or own.shape[1] != 4:
            raise InputError(f"{op}: boxes[{image}] must be (K, 4): x1, y1, x2, y2; got {own.shape}.")
    index = np.repeat(np.arange(images), [len(own) for own in boxes])  # (K,)
    return np.column_stack([index, np.concatenate(boxes)])
