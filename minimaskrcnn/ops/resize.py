"""interpolate: make a feature map larger or smaller, by the nearest cell or bilinearly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import MOST_CELLS, check_choice, check_flag, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.checks import check_feature_map, pair


class ResizeNearest(Function):
    """The op of `interpolate` in the mode "nearest"."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, size: tuple[int, int], step: tuple[float, float]) -> np.ndarray:
        """Let each cell read the nearest one."""
        ctx.save(shape=x.shape, step=step)
        return kernels.active().resize_nearest(x, size, step)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the cell that was read."""
        return kernels.active().resize_nearest_backward(grad, ctx.shape, ctx.step)


class ResizeBilinear(Function):
    """The op of `interpolate` in the mode "bilinear"."""

    @staticmethod
    def forward(
        ctx: Context, x: np.ndarray, size: tuple[int, int], step: tuple[float, float], align_corners: bool
    ) -> np.ndarray:
        """Let each cell read the four around its place, weighed by their nearness."""
        ctx.save(shape=x.shape, step=step, align_corners=align_corners)
        return kernels.active().resize_bilinear(x, size, step, align_corners)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the four cells that were read, with the same weights."""
        return kernels.active().resize_bilinear_backward(grad, ctx.shape, ctx.step, ctx.align_corners)


def interpolate(
    x: Tensor,
    size: int | tuple[int, int] | None = None,
    scale_factor: float | tuple[float, float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Resize the last two axes.

    With ``step`` input cells per output cell, output cell i reads the input at

    * nearest: cell floor(i * step);
    * bilinear: (i + 0.5) * step - 0.5, cell centres at whole numbers, clamped to the map;
    * bilinear with align_corners: i * (in - 1) / (out - 1), so that the corner cells coincide.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    size : int or (height, width) of the output; this or scale_factor, not both
    scale_factor : float or (y, x); the output side is floor(side * scale_factor)
    mode : "nearest" or "bilinear"
    align_corners : bool, for "bilinear" only; None means False
    recompute_scale_factor : bool
        With a scale_factor, step is 1 / scale_factor, but 1 where the size stays the same and, for "nearest",
        1/2 where it doubles; True makes it in / out, as it is with a size.

    Returns
    -------
    Tensor (N, C, OH, OW)

    Raises
    ------
    InputError
        If the mode is unknown, both or neither of size and scale_factor are given, or a side would be 0.

    Examples
    --------
    >>> interpolate(Tensor([[[[1.0, 2.0]]]]), scale_factor=2).data[0, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """
    check_feature_map("interpolate", x)
    check_choice("interpolate", mode, "mode", ("nearest", "bilinear"))
    if mode == "nearest" and align_corners is not None:
        raise InputError(
            "interpolate: align_corners belongs to mode='bilinear'. Leave it out with 'nearest'."
        )
    corners = align_corners is not None and check_flag("interpolate", align_corners, "align_corners")
    if recompute_scale_factor is not None:
        check_flag("interpolate", recompute_scale_factor, "recompute_scale_factor")
    if 0 in x.shape[2:]:
        raise InputError(f"interpolate: x {x.shape} has no cells to read.")
    out, step = _size_and_step(x.shape[2:], size, scale_factor, recompute_scale_factor, mode)
    if mode == "nearest":
        return ResizeNearest.apply(x, out, step)
    return ResizeBilinear.apply(x, out, step, corners)


def _size_and_step(
    sides: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool | None, mode: str
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Output size (h, w), and input cells per output cell (y, x)."""
    if (size is None) == (scale_factor is None):
        raise InputError("interpolate: give either size or scale_factor.")
    if size is not None:
        if recompute:
            raise InputError(
                "interpolate: recompute_scale_factor belongs to scale_factor; leave it out with size."
            )
        out = pair("interpolate", size, "size", 1)
        return out, _ratios(sides, out)
    factors = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor, scale_factor)
    if len(factors) != 2 or not all(isinstance(f, int | float) and 0 < f < math.inf for f in factors):
        raise InputError(
            f"interpolate: scale_factor must be a number > 0 or a pair (y, x); got {describe(scale_factor)}."
        )
    out = tuple(math.floor(side * f) for side, f in zip(sides, factors, strict=True))
    if max(out) > MOST_CELLS:
        raise InputError(
            f"interpolate: scale_factor {scale_factor} makes a side of more than {MOST_CELLS:,} cells."
        )
    if min(out) < 1:
        raise InputError(f"interpolate: scale_factor {scale_factor} leaves nothing of a map of {sides}.")
    if recompute:
        return out, _ratios(sides, out)
    # As in torch, an axis that keeps its size is copied and (for "nearest") one that doubles repeats each
    # cell, even if the factor is not quite 1 or 2.
    whole = (1, 2) if mode == "nearest" else (1,)
    return out, tuple(
        side / o if o in [side * k for k in whole] else 1 / f
        for side, o, f in zip(sides, out, factors, strict=True)
    )


def _ratios(sides: tuple[int, ...], out: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(side / o for side, o in zip(sides, out, strict=True))
