"""Windows of a map as the rows of matrices.

*Columns* (im2col): each window's KH*KW cells are copied into a row of their own. One matrix, but each cell of
the map is copied KH*KW times. Best where windows are few.

*Strips*, with a third of the copying: for each output row only the KH input rows it needs, column by column:

    strip[n, oy, x, ky, :] = input[n, oy*SY + offset_y + ky*DY, x + offset_x, :]     (0 outside the map)

The window of output (oy, ox) is then one unbroken run: KW columns from x = ox*SX on. Neighbouring windows
share columns, and the rows of a matrix may not share memory; but windows m apart share none if m*SX >= KW. So
the strip is read as m matrices (*phases*), phase p holding windows p, p + m, p + 2m, ... as its rows.
The zeros that end one output row also begin the next.

*Cells*: the windows of a 1x1 convolution are the cells of the map themselves, and nothing is copied at all.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.layout import copy_cells
from minimaskrcnn.kernels.fast.engine.memory import Workspace

Pair = tuple[int, int]


class Windows(NamedTuple):
    """Where the windows of a correlation lie: cell k of window o is at o*stride + offset + k*dilation."""

    kernel: Pair
    stride: Pair
    offset: Pair
    dilation: Pair
    out_shape: tuple[int, int, int, int]  # (N, OH, OW, O)

    @property
    def in_runs(self) -> bool:
        """Whether they are read from strips; a window is then stored column by column, else row by row."""
        N, OH, OW, O = self.out_shape
        neighbours = self.dilation[1] == 1 and self.kernel[1] > 1
        return neighbours and N * OH * OW >= tuning.MANY_WINDOWS * O

    def are_cells_of(self, x: np.ndarray) -> bool:
        """Whether the windows are the cells of x (N, H, W, C), one by one."""
        return self[:4] == ((1, 1), (1, 1), (0, 0), (1, 1)) and self.out_shape[1:3] == x.shape[1:3]


class Part(NamedTuple):
    """Some output rows of some images."""

    images: slice
    rows: slice


class Strip(NamedTuple):
    """The windows of a part of the output, as matrices."""

    pitch: int  # windows in one output row; those from OW on are not asked for
    phases: list[np.ndarray]  # phase p holds windows p, p + m, p + 2m, ... as (windows, cells*C)


def parts(x: np.ndarray, windows: Windows) -> list[Part]:
    """Cut an output (N, OH, OW, O) into parts whose strips fit the cache: whole images, or rows of one image.

    The cut follows from the shapes alone, whatever the number of cores: sums over parts are always the same.
    """
    (N, OH, OW, O), (KH, KW), C = windows.out_shape, windows.kernel, x.shape[3]
    copied = KH * C if windows.in_runs else KH * KW * C
    budget = max(tuning.STRIP_BYTES, 2 * KH * KW * C * O * x.itemsize)  # each product reads all filters again
    rows = budget // max(1, OW * (copied + O) * x.itemsize)
    if N * OH * OW * O * KH * KW * C > tuning.SHARED_WORK:
        rows = min(rows, -(-N * OH // 2))
    images = max(1, rows // max(1, OH))
    if windows.are_cells_of(x) and not x.flags.c_contiguous:
        images = 1  # only within one image are such cells evenly spaced, as the rows of a matrix must be
    bands = -(-OH // max(1, rows))
    if images == 1 and bands > 1:  # an even number: else one core of two waits while the other does the last
        bands += N * bands % 2
    tops = [OH * band // max(1, bands) for band in range(bands + 1)]
    return [
        Part(slice(n, min(n + images, N)), slice(top, bottom))
        for n in range(0, N, images)
        for top, bottom in pairwise(tops)
    ]


def windows_of_part(w: Workspace, x: np.ndarray, windows: Windows, part: Part) -> Strip:
    """Collect a part's windows of x (N, H, W, C), in memory of the workspace where they are copied."""
    if windows.are_cells_of(x):
        N, H, W, C = x[part].shape
        return Strip(W, [x[part].reshape(N * H * W, C)])
    return _strip(w, x, windows, part) if windows.in_runs else _columns(w, x, windows, part)


def _columns(w: Workspace, x: np.ndarray, windows: Windows, part: Part) -> Strip:
    (KH, KW), (SY, SX), (DY, DX) = windows.kernel, windows.stride, windows.dilation
    C, OW = x.shape[3], windows.out_shape[2]
    count, height = part.images.stop - part.images.start, part.rows.stop - part.rows.start
    first = part.rows.start * SY + windows.offset[0], windows.offset[1]
    if windows.kernel == (1, 1):
        columns = w.array("strip", (count, height, OW, C), x.dtype)
        copy_map(x[part.images], columns, first, windows.stride)
        return Strip(OW, [columns.reshape(count * height * OW, C)])
    # The cells that the windows reach, with zeros where they reach beyond the map ...
    side = ((height - 1) * SY + (KH - 1) * DY + 1, (OW - 1) * SX + (KW - 1) * DX + 1)
    cells = w.array("cells", (count, *side, C), x.dtype)
    copy_map(x[part.images], cells, first, (1, 1))
    # ... and for each window its KH*KW of them.
    n, y, x_, c = cells.strides
    shape, strides = (count, height, OW, KH, KW, C), (n, y * SY, x_ * SX, y * DY, x_ * DX, c)
    columns = w.array("strip", shape, x.dtype)
    columns[...] = np.ndarray(shape, x.dtype, cells, strides=strides)
    return Strip(OW, [columns.reshape(count * height * OW, KH * KW * C)])


def _strip(w: Workspace, x: np.ndarray, windows: Windows, part: Part) -> Strip:
    KH, KW = windows.kernel
    (SY, SX), (top, left), C = windows.stride, windows.offset, x.shape[3]
    count, height = part.images.stop - part.images.start, part.rows.stop - part.rows.start
    pitch, m = _pitch(KW, SX, left, windows.out_shape[2], x.shape[2]), -(-KW // SX)
    columns = count * height * pitch
    flat = w.array("strip", ((columns + m * SX) * KH * C,), x.dtype)
    flat[columns * KH * C :] = 0
    strip = flat[: columns * KH * C].reshape(count, height, pitch, KH, C)
    for ky in range(KH):
        first_y = part.rows.start * SY + top + ky * windows.dilation[0]
        copy_map(x[part.images], strip[:, :, :, ky], (first_y, left), (SY, 1))
    phases = []
    for p in range(min(m, columns // SX)):
        rows = -(-(columns // SX - p) // m)
        run = flat[p * SX * KH * C :][: rows * m * SX * KH * C].reshape(rows, m * SX * KH * C)
        phases.append(run[:, : KW * KH * C])
    return Strip(pitch // SX, phases)


@lru_cache(256)
def _pitch(KW: int, SX: int, offset: int, OW: int, W: int) -> int:
    """Columns of the strip for one output row: the zeros on its left are those on the right of the last."""
    span = (OW - 1) * SX + KW
    zeros_left = max(0, -offset)
    pitch = max(span - zeros_left, min(span, W - offset), (OW - 1) * SX + 1)
    return -(-pitch // SX) * SX


def copy_map(x: np.ndarray, out: np.ndarray, first: Pair, step: Pair) -> None:
    """Set out[n, i, j] = x[n, first_y + i*step_y, first_x + j*step_x], or 0 where that is outside the map."""
    (H, W, C), (height, width) = x.shape[1:], out.shape[1:3]
    top, bottom = _inside(first[0], step[0], H, height)
    left, right = _inside(first[1], step[1], W, width)
    if top:
        out[:, :top] = 0
    if bottom < height:
        out[:, bottom:] = 0
    if left:
        out[:, top:bottom, :left] = 0
    if right < width:
        out[:, top:bottom, right:] = 0
    y, x0 = first[0] + top * step[0], first[1] + left * step[1]
    cells = x[:, y :: step[0], x0 :: step[1]][:, : bottom - top, : right - left]
    inside = out[:, top:bottom, left:right]
    if C > tuning.FEW_CHANNELS:
        copy_cells(inside, cells)
    else:  # NumPy copies along the last axis: make that the columns
        for c in range(C):
            inside[..., c] = cells[..., c]


@lru_cache(4096)
def _inside(first: int, step: int, side: int, count: int) -> Pair:
    """Range of i in [0, count) for which 0 <= first + i*step < side."""
    low = min(max(-(first // step), 0), count)
    high = min(max(-((first - side) // step), low), count)
    return low, high
