"""Convolution as matrix products with the windows of a map; its gradients are convolutions again.

With everything channels-last and each window a row of KH*KW*C numbers (engine/strips.py):

    out              windows @ weights
    weight gradient  windows.T @ grad
    input gradient   input cells with the same remainder modulo the stride are reached by the same taps, so
                     their gradient is a stride-1 correlation of grad with those taps, flipped

Where every channel is a group of its own, there is no matrix to multiply by (engine/depthwise.py).

A map is cut into parts that stay in the cache and are worked on side by side (engine/parallel.py). Wide 3x3
filters take fewer multiplications than their windows have cells (engine/winograd.py).

This is the edition for speed; `kernels.plain.conv` computes the same and is the one to learn from.
"""

from math import gcd, prod

import numpy as np

from minimaskrcnn.kernels.blas import matmul
from minimaskrcnn.kernels.fast.engine import depthwise, tuning, winograd
from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last
from minimaskrcnn.kernels.fast.engine.memory import Workspace
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side, sum_side_by_side
from minimaskrcnn.kernels.fast.engine.strips import Pair, Part, Strip, Windows, parts, windows_of_part
from minimaskrcnn.kernels.geometry import conv_output_size, conv_transpose_output_size

__all__ = [
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv_transpose2d",
    "conv_transpose2d_input_grad",
    "conv_transpose2d_weight_grad",
]


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Correlate each window with each filter; see `minimaskrcnn.kernels.reference.conv.conv2d`."""
    O, _, KH, KW = weight.shape
    out_size = (
        conv_output_size(x.shape[2], KH, stride[0], padding[0], dilation[0]),
        conv_output_size(x.shape[3], KW, stride[1], padding[1], dilation[1]),
    )
    windows = _windows((KH, KW), stride, padding, dilation, (len(x), *out_size, O // groups))
    x = _cells(x, windows)
    out = np.empty((len(x), *out_size, O), x.dtype)
    if depthwise.suits(x.shape[3], O, groups):
        depthwise.correlate(x, weight, bias, stride, padding, dilation, out)
        return channels_first(out)
    for ins, outs in _groups(x.shape[3], O, groups):
        cells, filters = x[..., ins], weight[outs]
        to = None if bias is None else bias[outs], windows, out[..., outs]
        with Workspace() as w:
            if winograd.suits(cells, windows):
                winograd.correlate(cells, winograd.filter_values(w, filters.swapaxes(0, 1)), *to)
            else:
                _correlate(cells, _filters(w, filters, windows), *to)
    return channels_first(out)


def conv2d_input_grad(
    grad: np.ndarray,
    weight: np.ndarray,
    x_shape: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Gradient with respect to x; see `minimaskrcnn.kernels.reference.conv.conv2d_input_grad`."""
    N, C, H, W = x_shape
    grad = channels_last(grad)
    dx = np.empty((N, H, W, C), grad.dtype)
    if depthwise.suits(C, len(weight), groups):
        depthwise.scatter(grad, weight, stride, padding, dilation, dx)
        return channels_first(dx)
    for ins, outs in _groups(C, len(weight), groups):
        _scatter(grad[..., outs], weight[outs], None, stride, padding, dilation, dx[..., ins])
    return channels_first(dx)


def conv2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Gradient with respect to weight; see `minimaskrcnn.kernels.reference.conv.conv2d_weight_grad`."""
    O, _, KH, KW = weight_shape
    windows = _windows((KH, KW), stride, padding, dilation, (len(x), *grad.shape[2:], O // groups))
    x, grad = _cells(x, windows), channels_last(grad)
    if depthwise.suits(x.shape[3], O, groups):
        return depthwise.window_products(x, grad, (KH, KW), stride, padding, dilation)
    dw = np.empty(weight_shape, x.dtype)
    for ins, outs in _groups(x.shape[3], O, groups):
        cells, grads = x[..., ins], grad[..., outs]
        products = winograd.window_products if winograd.suits_products(cells, windows) else _window_products
        taps = products(cells, grads, windows)  # (KH, KW, O, C)
        for y, x_ in np.ndindex(KH, KW):  # tap by tap: NumPy would copy runs of three numbers
            dw[outs, :, y, x_] = taps[y, x_]
    return dw


def conv_transpose2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Pair,
    padding: Pair,
    output_padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Apply the adjoint of conv2d; see `minimaskrcnn.kernels.reference.conv.conv_transpose2d`."""
    C, out_channels, KH, KW = weight.shape
    H, W = (
        conv_transpose_output_size(x.shape[2], KH, stride[0], padding[0], output_padding[0], dilation[0]),
        conv_transpose_output_size(x.shape[3], KW, stride[1], padding[1], output_padding[1], dilation[1]),
    )
    x = channels_last(x)
    out = np.empty((len(x), H, W, out_channels * groups), x.dtype)
    for outs, ins in _groups(out_channels * groups, C, groups):
        _scatter(
            x[..., ins],
            weight[ins],
            None if bias is None else bias[outs],
            stride,
            padding,
            dilation,
            out[..., outs],
        )
    return channels_first(out)


def conv_transpose2d_input_grad(
    grad: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Gradient with respect to x: the convolution that conv_transpose2d is the adjoint of."""
    return conv2d(grad, weight, None, stride, padding, dilation, groups)


def conv_transpose2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: tuple[int, ...],
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Gradient with respect to weight: that of the convolution, with x and grad in each other's place."""
    return conv2d_weight_grad(x, grad, weight_shape, stride, padding, dilation, groups)


def _windows(
    kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out_shape: tuple[int, int, int, int]
) -> Windows:
    return Windows(kernel, stride, (-padding[0], -padding[1]), dilation, out_shape)


def _cells(x: np.ndarray, windows: Windows) -> np.ndarray:
    """Return x (N, C, H, W) as (N, H, W, C), contiguous if that pays: if its cells are read twice or more."""
    cells = x.transpose(0, 2, 3, 1)
    if windows.are_cells_of(cells):
        read_once = prod(x.shape[1:]) >= tuning.LARGE_IMAGE
    else:
        overlap = windows.in_runs and windows.kernel[0] >= 2 * windows.stride[0]
        read_once = not overlap or x.shape[1] <= tuning.FEW_CHANNELS or winograd.suits(cells, windows)
    return cells if read_once else channels_last(x)


def _groups(C: int, O: int, groups: int) -> list[tuple[slice, slice]]:
    """Channels of x and of out that belong together."""
    c, o = C // groups, O // groups
    return [(slice(g * c, (g + 1) * c), slice(g * o, (g + 1) * o)) for g in range(groups)]


def _filters(w: Workspace, weight: np.ndarray, windows: Windows) -> np.ndarray:
    """Return weight (O, C, KH, KW) as (cells*C, O), the cells of a filter in the order of a window.

    It is the transpose of a matrix of filters, which is quick to lay out and as quick to multiply. In the
    smallest products it is slower, and there the columns are laid out one after another.
    """
    order = (0, 3, 2, 1) if windows.in_runs else (0, 2, 3, 1)
    filters = _laid_out(w, weight.transpose(order)).reshape(len(weight), prod(weight.shape[1:])).T
    return filters if filters.size > tuning.SMALL_MATRIX else np.ascontiguousarray(filters)


def _stamps(w: Workspace, weight: np.ndarray, windows: Windows) -> np.ndarray:
    """Return weight (O, C, KH, KW), flipped, as (cells*O, C), the cells in the order of a window of grad."""
    order = (3, 2, 0, 1) if windows.in_runs else (2, 3, 0, 1)
    return _laid_out(w, weight[:, :, ::-1, ::-1].transpose(order)).reshape(-1, weight.shape[1])


def _laid_out(w: Workspace, weight: np.ndarray) -> np.ndarray:
    """Copy weight, in its own order of axes, into memory of the workspace."""
    filters = w.array("filters", weight.shape, weight.dtype)
    filters[...] = weight
    return filters


def _correlate(
    x: np.ndarray, matrix: np.ndarray, bias: np.ndarray | None, windows: Windows, out: np.ndarray
) -> None:
    """Fill out (N, OH, OW, ...) with windows of x (N, H, W, C) @ matrix (cells*C, O) + bias."""
    O, OW = matrix.shape[1], out.shape[2]
    if bias is not None:  # adding long lines is faster than adding short rows
        line = np.empty(out.shape[2:], x.dtype)
        line[...] = bias

    def fill(part: Part) -> None:
        target = out[part]
        with Workspace() as w:
            strip = windows_of_part(w, x, windows, part)
            in_place = strip.pitch == OW and target.flags.c_contiguous
            rows = target.reshape(-1, O) if in_place else _product_rows(w, strip, target.shape, O, x.dtype)
            for p, phase in enumerate(strip.phases):
                matmul(phase, matrix, out=rows[p :: len(strip.phases)])
            product = rows.reshape(*target.shape[:2], strip.pitch, *target.shape[3:])[:, :, :OW]
            if bias is not None:
                np.add(product, line, out=target)
            elif not in_place:
                target[...] = product

    side_by_side(fill, parts(x, windows))


def _window_products(x: np.ndarray, grad: np.ndarray, windows: Windows) -> np.ndarray:
    """Sum over windows of gradient x window: (KH, KW, O, C), from x (N, H, W, C) and grad (N, OH, OW, O)."""
    (KH, KW), OW, O, C = windows.kernel, *grad.shape[2:], x.shape[3]

    def add(total: np.ndarray, part: Part) -> None:
        source = grad[part]
        with Workspace() as w:
            strip = windows_of_part(w, x, windows, part)
            if strip.pitch == OW and source.flags.c_contiguous:
                rows = source.reshape(-1, O)
            else:  # windows that are not asked for get a gradient of 0
                rows = _product_rows(w, strip, source.shape, O, x.dtype)
                padded = rows.reshape(*source.shape[:2], strip.pitch, O)
                padded[:, :, :OW] = source
                padded[:, :, OW:] = 0
            term = w.array("term", total.shape, x.dtype)
            for p, phase in enumerate(strip.phases):
                total += matmul(rows[p :: len(strip.phases)].T, phase, out=term)

    total = sum_side_by_side(add, (O, KH * KW * C), x.dtype, parts(x, windows))
    if windows.in_runs:
        return total.reshape(O, KW, KH, C).transpose(2, 1, 0, 3)
    return total.reshape(O, KH, KW, C).transpose(1, 2, 0, 3)


def _product_rows(
    w: Workspace, strip: Strip, part_shape: tuple[int, ...], O: int, dtype: np.dtype
) -> np.ndarray:
    """Memory of the workspace with one row of O numbers for every window of the strip."""
    return w.array("product", (part_shape[0] * part_shape[1] * strip.pitch, O), dtype)


def _scatter(
    grad: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    out: np.ndarray,
) -> None:
    """Adjoint of `_correlate`: out (N, H, W, C) from grad (N, OH, OW, O), weight (O, C, KH, KW)."""
    KH, KW = weight.shape[2:]
    tiled = stride == (KH, KW) and padding == (0, 0) and dilation == (1, 1)
    if tiled and out.shape[1:3] == (grad.shape[1] * KH, grad.shape[2] * KW):
        _scatter_tiles(grad, weight, bias, out)
        return
    for y, x in np.ndindex(*stride):
        cells = out[:, y :: stride[0], x :: stride[1]]
        taps_y, offset_y, gap_y = _taps_that_reach(y, KH, stride[0], padding[0], dilation[0])
        taps_x, offset_x, gap_x = _taps_that_reach(x, KW, stride[1], padding[1], dilation[1])
        taps = weight[:, :, taps_y, taps_x]
        if 0 in taps.shape or 0 in cells.shape:
            cells[...] = 0 if bias is None else bias
            continue
        windows = Windows(taps.shape[2:], (1, 1), (offset_y, offset_x), (gap_y, gap_x), cells.shape)
        with Workspace() as w:
            if winograd.suits(grad, windows):
                values = winograd.filter_values(w, taps[:, :, ::-1, ::-1])
                winograd.correlate(grad, values, bias, windows, cells)
            else:
                _correlate(grad, _stamps(w, taps, windows), bias, windows, cells)


def _scatter_tiles(grad: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, out: np.ndarray) -> None:
    """Do the same where stamps lie side by side: a 1x1 correlation whose channels are the cells of a tile."""
    (N, OH, OW, O), (KH, KW), C = grad.shape, weight.shape[2:], out.shape[3]
    tiles = out.reshape(N, OH, KH, OW, KW, C).transpose(0, 1, 3, 2, 4, 5)  # (N, OH, OW, KH, KW, C)
    stamps = weight.transpose(0, 2, 3, 1).reshape(O, KH * KW * C)
    _correlate(grad, stamps, bias, Windows((1, 1), (1, 1), (0, 0), (1, 1), (N, OH, OW, KH * KW * C)), tiles)


def _taps_that_reach(
    residue: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[slice, int, int]:
    """Along one axis, the taps that read cells i = residue + stride*u, and the windows they read them from.

    Tap k of window o reads cell o*stride - padding + k*dilation; so cell i is read by window
    o = u + (residue + padding - k*dilation) / stride, for the k that make it whole. Those k are evenly
    spaced, and so are their o: a correlation over u with the taps flipped.

    Returns
    -------
    taps : slice of the kernel
    offset : o - u for the last of them, the first once flipped
    gap : distance between their o
    """
    common = gcd(stride, dilation)
    step, gap = stride // common, dilation // common
    whole = (k for k in range(min(step, kernel)) if (residue + padding - k * dilation) % stride == 0)
    first = next(whole, kernel)
    last = first + (kernel - 1 - first) // step * step
    return slice(first, kernel, step), (residue + padding - last * dilation) // stride, gap
