"""Depthwise convolution: as many groups as channels, so a filter is one number per tap and channel.

    out              sum over taps of  cells of the tap * weights of the tap          (both per channel)
    weight gradient  for each tap      sum of  cells of the tap * grad
    input gradient   cells of the tap  +=  grad * weights of the tap

A product of matrices would have a single row of weights, and one product per channel. Here each tap is one
multiplication of whole rows, channels-last, on bands of rows that stay in the cache.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.memory import Workspace
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side, sum_side_by_side
from minimaskrcnn.kernels.fast.engine.strips import Pair

Band = tuple[int, slice]
"""An image of the batch, and rows of its output."""


def suits(inputs: int, outputs: int, groups: int) -> bool:
    """Whether each channel of x and of the output is a group of its own."""
    return groups > 1 and groups == inputs == outputs


def correlate(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    out: np.ndarray,
) -> None:
    """Fill out (N, OH, OW, C) from x (N, H, W, C) and weight (C, 1, KH, KW)."""
    taps, padded, kernel = _taps(weight), _padded(x, padding), weight.shape[2:]

    def fill(band: Band) -> None:
        image, rows = band
        target = out[image, rows]
        with Workspace() as w:
            term = w.array("term", target.shape, x.dtype)
            meetings = _of_taps(padded[image], kernel, stride, dilation, rows, out.shape[2])
            place, cells = next(meetings)
            np.multiply(cells, taps[place], out=target)
            for place, cells in meetings:
                target += np.multiply(cells, taps[place], out=term)
            if bias is not None:
                target += bias

    side_by_side(fill, _bands(out))


def window_products(
    x: np.ndarray, grad: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> np.ndarray:
    """The gradient of the weights (C, 1, KH, KW), from x (N, H, W, C) and grad (N, OH, OW, C)."""
    padded = _padded(x, padding)

    def add(total: np.ndarray, band: Band) -> None:
        image, rows = band
        source = grad[image, rows]
        with Workspace() as w:
            term = w.array("term", source.shape, x.dtype)
            for place, cells in _of_taps(padded[image], kernel, stride, dilation, rows, grad.shape[2]):
                total[place] += np.multiply(cells, source, out=term).sum((0, 1))

    total = sum_side_by_side(add, (*kernel, x.shape[3]), x.dtype, _bands(grad))
    return total.transpose(2, 0, 1)[:, None]  # (KH, KW, C) -> (C, 1, KH, KW)


def scatter(
    grad: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, out: np.ndarray
) -> None:
    """Adjoint of `correlate`: fill out (N, H, W, C) from grad (N, OH, OW, C)."""
    taps, kernel = _taps(weight), weight.shape[2:]
    (OH, OW), (H, W) = grad.shape[1:3], out.shape[1:3]

    def fill(image: int) -> None:
        with Workspace() as w:
            padded = w.array("map", (H + 2 * padding[0], W + 2 * padding[1], out.shape[3]), grad.dtype)
            padded[...] = 0
            term = w.array("term", grad.shape[1:], grad.dtype)
            for place, cells in _of_taps(padded, kernel, stride, dilation, slice(0, OH), OW):
                cells += np.multiply(grad[image], taps[place], out=term)
            out[image] = padded[padding[0] : padding[0] + H, padding[1] : padding[1] + W]

    side_by_side(fill, range(len(out)))


def _taps(weight: np.ndarray) -> np.ndarray:
    """The weights of each tap side by side: (C, 1, KH, KW) -> (KH, KW, C)."""
    return np.ascontiguousarray(weight[:, 0].transpose(1, 2, 0))


def _padded(x: np.ndarray, padding: Pair) -> np.ndarray:
    """X (N, H, W, C) in a frame of zeros."""
    (N, H, W, C), (top, left) = x.shape, padding
    out = np.empty((N, H + 2 * top, W + 2 * left, C), x.dtype)
    out[:, :top] = out[:, top + H :] = 0
    out[:, :, :left] = out[:, :, left + W :] = 0

    def copy(band: Band) -> None:
        image, rows = band
        out[image, top : top + H, left : left + W][rows] = x[image, rows]

    side_by_side(copy, _bands(x))
    return out


def _of_taps(
    padded: np.ndarray, kernel: Pair, stride: Pair, dilation: Pair, rows: slice, columns: int
) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
    """Each tap's place in the filter, and the cells (rows, columns, C) that it meets, as a view."""
    for y, x in np.ndindex(*kernel):
        top, left = rows.start * stride[0] + y * dilation[0], x * dilation[1]
        bottom = top + (rows.stop - rows.start - 1) * stride[0] + 1
        right = left + (columns - 1) * stride[1] + 1
        yield (y, x), padded[top : bottom : stride[0], left : right : stride[1]]


def _bands(out: np.ndarray) -> list[Band]:
    """Cut an output (N, OH, OW, C) into bands of rows that stay in a core's cache."""
    N, OH = out.shape[:2]
    rows = max(1, tuning.DEPTHWISE_BYTES // max(1, out[:1, :1].nbytes))
    tops = [*range(0, OH, rows), OH]
    return [(image, slice(*ends)) for image in range(N) for ends in pairwise(tops)]
