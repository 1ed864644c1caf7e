"""Pooling over windows: max_pool2d, avg_pool2d."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_flag
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels.geometry import pool_output_size
from minimaskrcnn.ops.checks import check_feature_map, pair

Pair = int | tuple[int, int]


class MaxPool2d(Function):
    """The op of `max_pool2d`."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
        ceil_mode: bool,
    ) -> np.ndarray:
        """Keep the largest cell of each window, and which one it was."""
        out, argmax = kernels.active().max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
        ctx.save(argmax=argmax, shape=x.shape)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Give each gradient to the cell that was the largest."""
        return kernels.active().max_pool2d_backward(grad, ctx.argmax, ctx.shape)


class AvgPool2d(Function):
    """The op of `avg_pool2d`."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        ceil_mode: bool,
        count_include_pad: bool,
    ) -> np.ndarray:
        """Take the mean of each window."""
        geometry = kernel, stride, padding, ceil_mode, count_include_pad
        ctx.save(shape=x.shape, geometry=geometry)
        return kernels.active().avg_pool2d(x, *geometry)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """Share each gradient among the cells of its window."""
        return kernels.active().avg_pool2d_backward(grad, ctx.shape, *ctx.geometry)


def max_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """The largest value under each window; of equal ones the first in row-major order gets the gradient.

    out[n, c, y, x] = max over (i, j) of
        x[n, c, y*stride - padding + i*dilation, x*stride - padding + j*dilation]

    Cells outside the map do not compete.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    kernel_size, stride, padding, dilation : int or (y, x), in cells; stride None means kernel_size
    ceil_mode : bool
        Round the output size up instead of down; a window that would begin beyond the map is left out.

    Returns
    -------
    Tensor (N, C, OH, OW)

    Raises
    ------
    InputError
        If the padding is more than half the kernel, or the window is larger than the padded map.

    Examples
    --------
    >>> max_pool2d(Tensor(np.arange(16.0).reshape(1, 1, 4, 4)), 2).data[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    check_feature_map("max_pool2d", x)
    kernel, step, margin = _window("max_pool2d", kernel_size, stride, padding)
    spacing = pair("max_pool2d", dilation, "dilation", 1)
    ceil_mode = check_flag("max_pool2d", ceil_mode, "ceil_mode")
    _check_fits("max_pool2d", x, kernel, step, margin, spacing, ceil_mode)
    return MaxPool2d.apply(x, kernel, step, margin, spacing, ceil_mode)


def avg_pool2d(
    x: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean under each window.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    kernel_size, stride, padding : int or (y, x), in cells; stride None means kernel_size
    ceil_mode : bool
        Round the output size up instead of down; a window that would begin beyond the map is left out.
    count_include_pad : bool
        Divide by the cells of the window that lie in the padded map; if False, only by those in the map.

    Returns
    -------
    Tensor (N, C, OH, OW)

    Raises
    ------
    InputError
        If the padding is more than half the kernel, or the window is larger than the padded map.
    """
    check_feature_map("avg_pool2d", x)
    kernel, step, margin = _window("avg_pool2d", kernel_size, stride, padding)
    ceil_mode = check_flag("avg_pool2d", ceil_mode, "ceil_mode")
    count_include_pad = check_flag("avg_pool2d", count_include_pad, "count_include_pad")
    _check_fits("avg_pool2d", x, kernel, step, margin, (1, 1), ceil_mode)
    return AvgPool2d.apply(x, kernel, step, margin, ceil_mode, count_include_pad)


def _window(op: str, kernel_size: Pair, stride: Pair | None, padding: Pair) -> tuple[tuple[int, int], ...]:
    """Kernel, stride and padding as pairs."""
    kernel = pair(op, kernel_size, "kernel_size", 1)
    step = kernel if stride is None else pair(op, stride, "stride", 1)
    around = pair(op, padding, "padding", 0)
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        raise InputError(f"{op}: padding {around} must be at most half the kernel {kernel}.")
    return kernel, step, around


def _check_fits(
    op: str,
    x: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    ceil_mode: bool,
) -> None:
    axes = zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    if any(pool_output_size(*axis, ceil_mode) < 1 for axis in axes):
        raise InputError(
            f"{op}: no window of {kernel} with dilation {dilation} fits x {x.shape} with padding {padding}. "
            "Use a smaller window."
        )
