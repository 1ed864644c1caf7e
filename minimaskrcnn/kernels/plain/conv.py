"""Convolution as one product of matrices for each group: windows as rows, filters as columns.

    out = windows @ filters,    dwindows = dout @ filters.T,    dfilters = windows.T @ dout

`np.tensordot` makes the matrices: it multiplies over the axes that are named and keeps the others.
A transposed convolution is the gradient of a convolution with the roles exchanged.
"""

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape
from minimaskrcnn.kernels.geometry import conv_transpose_output_size
from minimaskrcnn.kernels.plain.windows import stamp, windows

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
    """Every window times every filter of its group.

    out[n, o, oy, ox] = bias[o] + sum over (c, ky, kx) of window[n, c, oy, ox, ky, kx] * weight[o, c, ky, kx]
    """
    view = windows(_pad(x, padding), weight.shape[2:], stride, dilation)  # (N, C, OH, OW, KH, KW)
    pieces = [
        np.tensordot(window, filters, ((1, 4, 5), (1, 2, 3)))  # (N, OH, OW, O/groups)
        for window, filters in zip(np.split(view, groups, 1), np.split(weight, groups), strict=True)
    ]
    out = np.concatenate(pieces, axis=3)  # (N, OH, OW, O)
    if bias is not None:
        out += bias
    return out.transpose(0, 3, 1, 2)  # (N, O, OH, OW)


def conv2d_input_grad(
    grad: np.ndarray,
    weight: np.ndarray,
    x_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Every window receives the filters times their gradients, and is stamped on dx.

    dwindow[n, c, oy, ox, ky, kx] = sum over o of grad[n, o, oy, ox] * weight[o, c, ky, kx]
    """
    padded = _pad(np.zeros(x_shape, grad.dtype), padding)
    pieces = (np.split(array, groups, axis) for array, axis in ((padded, 1), (grad, 1), (weight, 0)))
    for dx, dout, filters in zip(*pieces, strict=True):
        dwindow = np.tensordot(dout, filters, (1, 0))  # (N, OH, OW, C/groups, KH, KW)
        stamp(dx, dwindow.transpose(0, 3, 1, 2, 4, 5), stride, dilation)  # dx is a view of padded
    (PY, PX), (H, W) = padding, x_shape[2:]
    return padded[:, :, PY : PY + H, PX : PX + W]


def conv2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Every filter receives the windows times their gradients.

    dweight[o, c, ky, kx] = sum over (n, oy, ox) of grad[n, o, oy, ox] * window[n, c, oy, ox, ky, kx]
    """
    kernel = (weight_shape[2], weight_shape[3])
    (OH, OW), view = grad.shape[2:], windows(_pad(x, padding), kernel, stride, dilation)
    view = view[:, :, :OH, :OW]  # with an output padding more windows fit than there are
    pieces = [
        np.tensordot(dout, window, ((0, 2, 3), (0, 2, 3)))  # (O/groups, C/groups, KH, KW)
        for dout, window in zip(np.split(grad, groups, 1), np.split(view, groups, 1), strict=True)
    ]
    return np.concatenate(pieces)


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
    """Stamp every filter, scaled by a cell of x: what `conv2d_input_grad` does with a gradient."""
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, output_padding, dilation, strict=True)
    shape = (len(x), weight.shape[1] * groups, *(conv_transpose_output_size(*axis) for axis in sizes))
    out = conv2d_input_grad(x, weight, shape, stride, padding, dilation, groups)
    return out if bias is None else out + bias[:, None, None]


def conv_transpose2d_input_grad(
    grad: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Dot product of every filter with the gradient where it was stamped: a convolution."""
    return conv2d(grad, weight, None, stride, padding, dilation, groups)


def conv_transpose2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Sum over the stamps of a filter of x times the gradient under the stamp: the roles exchanged."""
    return conv2d_weight_grad(x, grad, weight_shape, stride, padding, dilation, groups)


def _pad(x: np.ndarray, padding: Pair) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
