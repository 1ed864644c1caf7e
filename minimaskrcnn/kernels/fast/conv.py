"""Convolution as matrix products over strips of windows; its gradients are convolutions again.

With everything channels-last and each window a row of KH*KW*C numbers (strips.py):

    out              windows @ weights
    weight gradient  windows.T @ grad
    input gradient   input cells with the same remainder modulo the stride are reached by the same taps, so
                     their gradient is a stride-1 correlation of grad with those taps, flipped
"""

from math import gcd

import numpy as np

from minimaskrcnn.kernels.fast.layout import channels_first, channels_last, scratch
from minimaskrcnn.kernels.fast.strips import FEW_CHANNELS, Pair, Strip, Windows, strips
from minimaskrcnn.kernels.geometry import conv_output_size, conv_transpose_output_size


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
    windows = _windows((KH, KW), stride, padding, dilation, out_size)
    x = _cells(x)
    out = np.empty((len(x), *out_size, O), x.dtype)
    for ins, outs in _groups(x.shape[3], O, groups):
        _correlate(x[..., ins], weight[outs], None if bias is None else bias[outs], windows, out[..., outs])
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
    windows = _windows((KH, KW), stride, padding, dilation, grad.shape[2:])
    x, grad = _cells(x), channels_last(grad)
    dw = np.empty(weight_shape, x.dtype)
    for ins, outs in _groups(x.shape[3], O, groups):
        dw[outs] = _window_products(x[..., ins], grad[..., outs], windows)
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


def _windows(kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, out_size: Pair) -> Windows:
    return Windows(kernel, stride, (-padding[0], -padding[1]), dilation, (out_size[0], out_size[1]))


def _cells(x: np.ndarray) -> np.ndarray:
    """Return x (N, C, H, W) as (N, H, W, C), contiguous unless its few channels are copied one by one."""
    return x.transpose(0, 2, 3, 1) if x.shape[1] <= FEW_CHANNELS else channels_last(x)


def _groups(C: int, O: int, groups: int) -> list[tuple[slice, slice]]:
    """Channels of x and of out that belong together."""
    c, o = C // groups, O // groups
    return [(slice(g * c, (g + 1) * c), slice(g * o, (g + 1) * o)) for g in range(groups)]


def _correlate(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, windows: Windows, out: np.ndarray
) -> None:
    """Fill out (N, OH, OW, ...) with windows of x (N, H, W, C) @ weight (O, C, KH, KW) + bias."""
    matrix = windows.weight_matrix(weight)
    O, OW = len(weight), out.shape[2]
    for strip in strips(x, windows):
        part = out[strip.images, strip.rows]  # (images, rows, OW, ...), the last axes O in all
        in_place = strip.pitch == OW and part.flags.c_contiguous
        rows = part.reshape(-1, O) if in_place else _product_rows(strip, part.shape, O, x.dtype)
        for p, phase in enumerate(strip.phases):
            np.matmul(phase, matrix, out=rows[p :: len(strip.phases)])
        if bias is not None:
            lines = rows.reshape(-1, strip.pitch * O)  # adding to long lines is faster than to short rows
            lines += np.tile(bias, strip.pitch * O // len(bias))
        if not in_place:
            part[...] = rows.reshape(*part.shape[:2], strip.pitch, *part.shape[3:])[:, :, :OW]


def _window_products(x: np.ndarray, grad: np.ndarray, windows: Windows) -> np.ndarray:
    """Sum over windows of window x gradient: (O, C, KH, KW), from x (N, H, W, C) and grad (N, OH, OW, O)."""
    OW, O = grad.shape[2:]
    total = np.zeros((windows.kernel[0] * windows.kernel[1] * x.shape[3], O), x.dtype)
    term = np.empty_like(total)
    for strip in strips(x, windows):
        part = grad[strip.images, strip.rows]
        if strip.pitch == OW and part.flags.c_contiguous:
            rows = part.reshape(-1, O)
        else:  # windows that are not asked for get a gradient of 0
            rows = _product_rows(strip, part.shape, O, x.dtype)
            padded = rows.reshape(*part.shape[:2], strip.pitch, O)
            padded[:, :, :OW] = part
            padded[:, :, OW:] = 0
        for p, phase in enumerate(strip.phases):
            total += np.matmul(phase.T, rows[p :: len(strip.phases)], out=term)
    return windows.weight_from_matrix(total)


def _product_rows(strip: Strip, part_shape: tuple[int, ...], O: int, dtype: np.dtype) -> np.ndarray:
    """Scratch memory with one row of O numbers for every window of the strip."""
    return scratch("product", (part_shape[0] * part_shape[1] * strip.pitch, O), dtype)


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
        flipped = taps[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)  # (C, O, KH', KW')
        windows = Windows(
            kernel=flipped.shape[2:],
            stride=(1, 1),
            offset=(offset_y, offset_x),
            dilation=(gap_y, gap_x),
            out_size=cells.shape[1:3],
        )
        _correlate(grad, flipped, bias, windows, cells)


def _scatter_tiles(grad: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, out: np.ndarray) -> None:
    """Do the same where stamps lie side by side: a 1x1 correlation whose channels are the cells of a tile."""
    (N, OH, OW, O), (KH, KW), C = grad.shape, weight.shape[2:], out.shape[3]
    tiles = out.reshape(N, OH, KH, OW, KW, C).transpose(0, 1, 3, 2, 4, 5)  # (N, OH, OW, KH, KW, C)
    stamps = weight.transpose(2, 3, 1, 0).reshape(KH * KW * C, O, 1, 1)
    _correlate(grad, stamps, bias, Windows((1, 1), (1, 1), (0, 0), (1, 1), (OH, OW)), tiles)


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
