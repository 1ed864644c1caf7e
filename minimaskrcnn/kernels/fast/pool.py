"""Pooling in one pass for each offset in the window, not one for each window.

The cells at a fixed offset (ky, kx) of all windows form a strided view of the padded map; a running maximum,
or a sum, over these KH*KW views does all windows at once.

This is the edition for speed; `kernels.plain.pool` computes the same and is the one to learn from.
"""

from collections.abc import Iterator

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last
from minimaskrcnn.kernels.geometry import pool_output_size

__all__ = ["avg_pool2d", "avg_pool2d_backward", "max_pool2d", "max_pool2d_backward"]

Pair = tuple[int, int]


def max_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Largest value under each window, and where; see `minimaskrcnn.kernels.reference.pool.max_pool2d`."""
    OH, OW = _out_size(x, kernel, stride, padding, dilation, ceil_mode)
    x = channels_last(x)
    N, _, W, C = x.shape
    out = np.full((N, OH, OW, C), -np.inf, x.dtype)
    rows = np.arange(OH) * stride[0] - padding[0]  # top cell of each window
    cols = np.arange(OW) * stride[1] - padding[1]
    number = np.min_scalar_type(kernel[0] * kernel[1]).type  # offset (ky, kx) is number ky*KW + kx
    winner = np.empty(out.shape, number)
    top, left = _first_inside(rows, dilation[0]), _first_inside(cols, dilation[1])
    winner[...] = (top[:, None, None] * kernel[1] + left[:, None]).astype(number)
    for n, some in _cached_rows(x, OH, stride[0]):
        patch = _patch(x[n], rows[some], (OH, OW), kernel, stride, padding, dilation)
        best, best_number = out[n, some], winner[n, some]
        for tap, cells in enumerate(_offsets(patch[None], best.shape[:2], kernel, stride, dilation)):
            better = cells[0] > best  # strict: a tie keeps the first
            np.maximum(best_number, better.view(np.uint8) * number(tap), out=best_number)  # the latest won
            np.maximum(best, cells[0], out=best)
        if np.isnan(best).any():  # a NaN is better than nothing, and yet it wins: the last one does
            for tap, cells in enumerate(_offsets(patch[None], best.shape[:2], kernel, stride, dilation)):
                np.maximum(best_number, np.isnan(cells[0]) * number(tap), out=best_number)
    ky, kx = np.divmod(np.arange(kernel[0] * kernel[1], dtype=np.int64), kernel[1])
    argmax = (ky * dilation[0] * W + kx * dilation[1]).take(winner)  # from the window's first cell on
    argmax += (rows[:, None] * W + cols)[:, :, None]
    return channels_first(out), channels_first(argmax)


def max_pool2d_backward(grad: np.ndarray, argmax: np.ndarray, x_shape: tuple[int, ...]) -> np.ndarray:
    """Hand each window's gradient to its winner; a cell that won twice gets both."""
    N, C, H, W = x_shape
    grad, argmax = channels_last(grad), channels_last(argmax)
    cells = (np.arange(N)[:, None, None, None] * (H * W) + argmax) * C + np.arange(C)
    dx = np.bincount(cells.ravel().astype(np.intp, copy=False), grad.ravel(), minlength=N * H * W * C)
    return channels_first(dx.reshape(N, H, W, C).astype(grad.dtype))  # bincount answers in float64


def avg_pool2d(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool, count_include_pad: bool
) -> np.ndarray:
    """Mean under each window; see `minimaskrcnn.kernels.reference.pool.avg_pool2d`."""
    OH, OW = _out_size(x, kernel, stride, padding, (1, 1), ceil_mode)
    padded = _padded(channels_last(x), (OH, OW), kernel, stride, padding)
    out = np.zeros((len(x), OH, OW, x.shape[1]), x.dtype)
    for cells in _offsets(padded, (OH, OW), kernel, stride, (1, 1)):
        out += cells
    out /= _divisors(x.shape, (OH, OW), kernel, stride, padding, count_include_pad).astype(x.dtype)
    return channels_first(out)


def avg_pool2d_backward(
    grad: np.ndarray,
    x_shape: tuple[int, ...],
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool,
    count_include_pad: bool,
) -> np.ndarray:
    """Share each window's gradient equally among the cells that its mean counted."""
    (N, C, H, W), out_size = x_shape, (grad.shape[2], grad.shape[3])
    divisors = _divisors(x_shape, out_size, kernel, stride, padding, count_include_pad)
    share = channels_last(grad) / divisors.astype(grad.dtype)
    padded = np.zeros((N, *_padded_size((H, W), out_size, kernel, stride, padding), C), grad.dtype)
    for cells in _offsets(padded, out_size, kernel, stride, (1, 1)):
        cells += share
    return channels_first(padded[:, padding[0] : padding[0] + H, padding[1] : padding[1] + W])


def _out_size(
    x: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> Pair:
    return (
        pool_output_size(x.shape[2], kernel[0], stride[0], padding[0], dilation[0], ceil_mode),
        pool_output_size(x.shape[3], kernel[1], stride[1], padding[1], dilation[1], ceil_mode),
    )


def _padded_size(
    size: Pair, out_size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1)
) -> Pair:
    """Room for the map with its padding, and for every window."""
    H, W = (
        max(side + 2 * p, (count - 1) * s + (k - 1) * d + 1)
        for side, count, k, s, p, d in zip(size, out_size, kernel, stride, padding, dilation, strict=True)
    )
    return H, W


def _padded(x: np.ndarray, out_size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> np.ndarray:
    """Put x (N, H, W, C) amid zeros."""
    N, H, W, C = x.shape
    size = _padded_size((H, W), out_size, kernel, stride, padding)
    if size == (H, W):
        return x
    padded = np.zeros((N, *size, C), x.dtype)
    padded[:, padding[0] : padding[0] + H, padding[1] : padding[1] + W] = x
    return padded


def _cached_rows(x: np.ndarray, OH: int, stride: int) -> Iterator[tuple[int, slice]]:
    """Image by image, output rows whose cells in x (N, H, W, C) fit into the cache together."""
    step = max(1, tuning.POOL_BYTES // max(1, x[0, 0].nbytes * stride)) if len(x) else 1
    for n in range(len(x)):
        for top in range(0, OH, step):
            yield n, slice(top, min(top + step, OH))


def _patch(
    x: np.ndarray, rows: np.ndarray, out_size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> np.ndarray:
    """The cells of x (H, W, C) under the windows whose first rows are these, amid -inf."""
    first, last = rows[0], rows[-1] + (kernel[0] - 1) * dilation[0]
    low, high = max(first, 0), min(last + 1, len(x))
    height, width = (
        last + 1 - first,
        _padded_size(x.shape[:2], out_size, kernel, stride, padding, dilation)[1],
    )
    if (high - low, x.shape[1]) == (height, width):
        return x[low:high]
    patch = np.full((height, width, x.shape[2]), -np.inf, x.dtype)
    patch[low - first : high - first, padding[1] : padding[1] + x.shape[1]] = x[low:high]
    return patch


def _offsets(
    padded: np.ndarray, out_size: Pair, kernel: Pair, stride: Pair, dilation: Pair
) -> Iterator[np.ndarray]:
    """For each offset (ky, kx) in row-major order, that cell of every window: a view (N, OH, OW, C)."""
    for ky, kx in np.ndindex(*kernel):
        cells = padded[:, ky * dilation[0] :: stride[0], kx * dilation[1] :: stride[1]]
        yield cells[:, : out_size[0], : out_size[1]]


def _first_inside(starts: np.ndarray, dilation: int) -> np.ndarray:
    """Number of the first cell of each window that is not in the near padding."""
    return np.maximum(0, -(starts // dilation))


def _divisors(
    x_shape: tuple[int, ...],
    out_size: Pair,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool,
) -> np.ndarray:
    """Cells that each window's mean counts: (OH, OW, 1). Beyond the padding nothing counts."""
    counts = []
    for axis in (0, 1):
        side, margin = x_shape[2 + axis], padding[axis] if count_include_pad else 0
        start = np.arange(out_size[axis]) * stride[axis] - padding[axis]
        stop = start + kernel[axis]
        counts.append(np.minimum(stop, side + margin) - np.maximum(start, -margin))
    return np.outer(*counts)[:, :, None]
