"""Convolution, one window and one filter at a time; its gradients, one window and one filter at a time.

Forward, a window and a filter make one number: their dot product. Backward, that number's gradient goes to
both: the window receives it times the filter, the filter times the window. A transposed convolution is the
same with the roles exchanged: one number stamps a whole filter onto the output.
"""

import numpy as np

from minimaskrcnn.kernels.contract import Pair, Shape
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
    """Dot product of every window with every filter of its group (a correlation: nothing is flipped).

        out[n, o, oy, ox] = bias[o] + sum over (c, ky, kx) of
            weight[o, c, ky, kx] * x[n, g*C/groups + c, oy*SY - PY + ky*DY, ox*SX - PX + kx*DX]

    where g is the group of o; cells outside the map are 0.
    """
    (N, O), (OH, OW) = (len(x), len(weight)), _out_size(x, weight, stride, padding, dilation)
    padded = _pad(x, padding)
    out = np.empty((N, O, OH, OW), x.dtype)
    for n, o, oy, ox in np.ndindex(N, O, OH, OW):
        window = padded[n][_window(o, oy, ox, weight.shape, stride, dilation, groups)]
        out[n, o, oy, ox] = (window * weight[o]).sum()
        if bias is not None:
            out[n, o, oy, ox] += bias[o]
    return out


def conv2d_input_grad(
    grad: np.ndarray,
    weight: np.ndarray,
    x_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Every window receives its gradient times the filter; cells in several windows add what they receive."""
    padded = _pad(np.zeros(x_shape, grad.dtype), padding)
    for n, o, oy, ox in np.ndindex(*grad.shape):
        window = padded[n][_window(o, oy, ox, weight.shape, stride, dilation, groups)]
        window += grad[n, o, oy, ox] * weight[o]
    return _crop(padded, padding, x_shape[2:])


def conv2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Every filter receives the sum over its windows of gradient times window."""
    padded = _pad(x, padding)
    dw = np.zeros(weight_shape, x.dtype)
    for n, o, oy, ox in np.ndindex(*grad.shape):
        window = padded[n][_window(o, oy, ox, weight_shape, stride, dilation, groups)]
        dw[o] += grad[n, o, oy, ox] * window
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
    """Every cell of x stamps its filter, scaled by its value, onto the output; stamps that overlap add.

    For every channel i of x in group g, then + bias:

        out[n, g*C_out/groups + c, iy*SY - PY + ky*DY, ix*SX - PX + kx*DX]
            += x[n, i, iy, ix] * weight[i, c, ky, kx]

    It is the adjoint of conv2d with the same weight: <conv2d(a), b> = <a, conv_transpose2d(b)>.
    """
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, output_padding, dilation, strict=True)
    OH, OW = (conv_transpose_output_size(*axis) for axis in sizes)
    padded = _pad(np.zeros((len(x), weight.shape[1] * groups, OH, OW), x.dtype), padding)
    for n, i, iy, ix in np.ndindex(*x.shape):
        window = padded[n][_window(i, iy, ix, weight.shape, stride, dilation, groups)]
        window += x[n, i, iy, ix] * weight[i]
    out = _crop(padded, padding, (OH, OW))
    return out if bias is None else out + bias[:, None, None]


def conv_transpose2d_input_grad(
    grad: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> np.ndarray:
    """Every cell of x receives the dot product of its filter with the gradient where it was stamped."""
    (N, C), (H, W) = (len(grad), len(weight)), _out_size(grad, weight, stride, padding, dilation)
    padded = _pad(grad, padding)
    dx = np.empty((N, C, H, W), grad.dtype)
    for n, i, iy, ix in np.ndindex(N, C, H, W):
        window = padded[n][_window(i, iy, ix, weight.shape, stride, dilation, groups)]
        dx[n, i, iy, ix] = (window * weight[i]).sum()
    return dx


def conv_transpose2d_weight_grad(
    grad: np.ndarray,
    x: np.ndarray,
    weight_shape: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> np.ndarray:
    """Every filter receives the sum over its stamps of the cell times the gradient under the stamp."""
    padded = _pad(grad, padding)
    dw = np.zeros(weight_shape, x.dtype)
    for n, i, iy, ix in np.ndindex(*x.shape):
        window = padded[n][_window(i, iy, ix, weight_shape, stride, dilation, groups)]
        dw[i] += x[n, i, iy, ix] * window
    return dw


def _window(
    filter_index: int,
    oy: int,
    ox: int,
    weight_shape: Shape,
    stride: Pair,
    dilation: Pair,
    groups: int,
) -> tuple[slice, slice, slice]:
    """Where window (oy, ox) of a filter lies in a padded map (C, H + 2 PY, W + 2 PX)."""
    filters, channels, KH, KW = weight_shape
    first = filter_index // (filters // groups) * channels
    top, left = oy * stride[0], ox * stride[1]
    return (
        slice(first, first + channels),
        slice(top, top + (KH - 1) * dilation[0] + 1, dilation[0]),
        slice(left, left + (KW - 1) * dilation[1] + 1, dilation[1]),
    )


def _out_size(x: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    OH, OW = (conv_output_size(*axis) for axis in sizes)
    return OH, OW


def _pad(x: np.ndarray, padding: Pair) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))


def _crop(padded: np.ndarray, padding: Pair, size: Shape) -> np.ndarray:
    return padded[:, :, padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]
