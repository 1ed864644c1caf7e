"""Depthwise convolution: as many groups as channels, so a filter is one number per tap and channel.

    out              sum over taps of  cells of the tap * weights of the tap          (both per channel)
    weight gradient  for each tap      sum of  cells of the tap * grad
    input gradient   cells of the tap  +=  grad * weights of the tap

A product of matrices would have a single row of weights, and one product per channel. `einsum` multiplies
and adds in one pass instead, and is fast where its innermost axis is long. With a stride of 1 that axis is a
whole row of the map, channels-last, since the cells that a tap meets lie side by side; the weights of the tap
are repeated to match. A cell of the output sums the same terms in the same order as the loop over taps; the
gradients sum the same terms in another order.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

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
    """Fill out (N, OH, OW, C), which is contiguous, from x (N, H, W, C) and weight (C, 1, KH, KW)."""
    runs = _runs(out, stride)
    taps, padded = _taps(weight, runs), _padded(x, padding)

    def fill(band: Band) -> None:
        image, rows = band
        cells = _windows(padded[image], runs, weight.shape[2:], stride, dilation, rows)
        target = out[image, rows]
        np.einsum("ijkyx,yxk->ijk", cells, taps, out=target.reshape(len(target), *runs))
        if bias is not None:
            target += bias

    side_by_side(fill, _bands(out))


def window_products(
    x: np.ndarray, grad: np.ndarray, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> np.ndarray:
    """The gradient of the weights (C, 1, KH, KW), from x (N, H, W, C) and grad (N, OH, OW, C)."""
    C, padded, grad = x.shape[3], _padded(x, padding), np.ascontiguousarray(grad)
    runs = _runs(grad, stride)

    def add(total: np.ndarray, band: Band) -> None:
        image, rows = band
        cells = _windows(padded[image], runs, kernel, stride, dilation, rows)
        source = grad[image, rows].reshape(len(cells), *runs)  # (rows, OW, C) -> (rows, number, length)
        total += np.einsum("ijkyx,ijk->yxk", cells, source)

    total = sum_side_by_side(add, (*kernel, runs.length), x.dtype, _bands(grad))
    of_channels: np.ndarray = total.reshape(*kernel, -1, C).sum(2)  # (KH, KW, length) -> (KH, KW, C)
    return of_channels.transpose(2, 0, 1)[:, None]  # (KH, KW, C) -> (C, 1, KH, KW)


def scatter(
    grad: np.ndarray, weight: np.ndarray, stride: Pair, padding: Pair, dilation: Pair, out: np.ndarray
) -> None:
    """Adjoint of `correlate`: fill out (N, H, W, C) from grad (N, OH, OW, C).

    With a stride of 1 that is a correlation with the filter turned round, in a wider frame.
    """
    kernel = weight.shape[2:]
    frame = [d * (k - 1) - p for d, k, p in zip(dilation, kernel, padding, strict=True)]
    if stride == (1, 1) and min(frame) >= 0:
        correlate(grad, weight[:, :, ::-1, ::-1], None, stride, (frame[0], frame[1]), dilation, out)
        return
    taps = _taps(weight, Runs(1, weight.shape[0]))
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


class Runs(NamedTuple):
    """How a row of cells (OW, C) is read: `number` runs of `length` numbers that lie side by side."""

    number: int
    length: int


def _runs(out: np.ndarray, stride: Pair) -> Runs:
    """A whole row at once, unless the columns that a tap meets lie apart, or a cell is long enough."""
    OW, C = out.shape[2:]
    return Runs(1, OW * C) if stride[1] == 1 and C < tuning.DEPTHWISE_RUN else Runs(OW, C)


def _taps(weight: np.ndarray, runs: Runs) -> np.ndarray:
    """The weights of each tap side by side, for a whole run: (C, 1, KH, KW) -> (KH, KW, length)."""
    taps = np.ascontiguousarray(weight[:, 0].transpose(1, 2, 0))  # (KH, KW, C)
    return np.tile(taps, runs.length // len(weight))


def _windows(
    padded: np.ndarray, runs: Runs, kernel: Pair, stride: Pair, dilation: Pair, rows: slice
) -> np.ndarray:
    """The cells (rows, number, length, KH, KW) that each tap meets in a map (H, W, C), as a view."""
    row, cell, number = padded.strides
    shape = (rows.stop - rows.start, *runs, *kernel)
    strides = (row * stride[0], cell * stride[1], number, row * dilation[0], cell * dilation[1])
    return as_strided(padded[rows.start * stride[0] :], shape, strides, writeable=False)


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
