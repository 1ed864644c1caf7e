"""Windows of a map as rows of a matrix, with a third of the copying of im2col.

im2col copies the KH*KW cells of each window into a row of their own. A *strip* copies, for each output row,
only the KH input rows it needs, column by column:

    strip[n, oy, x, ky, :] = input[n, oy*SY + offset_y + ky*DY, x + offset_x, :]     (0 outside the map)

The window of output (oy, ox) is then one unbroken run: KW columns from x = ox*SX on. Neighbouring windows
share columns, and the rows of a matrix may not share memory; but windows m apart share none if m*SX >= KW. So
the strip is read as m matrices (*phases*), phase p holding windows p, p + m, p + 2m, ... as its rows.

The zeros that end one output row also begin the next. When dilation parts the columns of a window there is no
run; each cell of the window is then copied by itself, and windows are one column wide: im2col after all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minimaskrcnn.kernels.fast.layout import scratch

Pair = tuple[int, int]

STRIP_BYTES = 4 << 20
"""Size of one strip: small enough to stay in the outer cache, with rows enough for a good matrix product."""

FEW_CHANNELS = 4
"""Up to this number, channels are copied one by one, so that it does not matter how they lie in memory."""


@dataclass(frozen=True)
class Windows:
    """Where the windows of a correlation lie: cell k of window o is at o*stride + offset + k*dilation."""

    kernel: Pair
    stride: Pair
    offset: Pair
    dilation: Pair
    out_size: Pair

    @property
    def in_runs(self) -> bool:
        """Whether the cells of a window's row are neighbours."""
        return self.dilation[1] == 1 or self.kernel[1] == 1

    @property
    def are_cells(self) -> bool:
        """Whether each window is one cell, and the windows are neighbours (a 1x1 convolution)."""
        return self.kernel == (1, 1) and self.stride == (1, 1) and self.offset == (0, 0)

    def weight_matrix(self, weight: np.ndarray) -> np.ndarray:
        """Return weight (O, C, KH, KW) as (cells*C, O), the cells of a window in the order of the strip."""
        order = (3, 2, 1, 0) if self.in_runs else (2, 3, 1, 0)  # (cells, cells, C, O)
        return np.ascontiguousarray(weight.transpose(order)).reshape(-1, len(weight))

    def weight_from_matrix(self, matrix: np.ndarray) -> np.ndarray:
        """Undo `weight_matrix`: (cells*C, O) -> (O, C, KH, KW)."""
        (KH, KW), O = self.kernel, matrix.shape[1]
        if self.in_runs:
            return matrix.reshape(KW, KH, -1, O).transpose(3, 2, 1, 0)
        return matrix.reshape(KH, KW, -1, O).transpose(3, 2, 0, 1)


@dataclass(frozen=True)
class Strip:
    """Some output rows of some images, and their windows as matrices."""

    images: slice
    rows: slice
    pitch: int  # windows in one output row; those from OW on are not asked for
    phases: list[np.ndarray]  # phase p holds windows p, p + m, p + 2m, ... as (windows, cells*C)


def strips(x: np.ndarray, windows: Windows) -> Iterator[Strip]:
    """Yield the windows of x (N, H, W, C) strip by strip; a strip is valid until the next is asked for."""
    N, H, W, C = x.shape
    OH, OW = windows.out_size
    plan = _Plan.of(windows, W)
    bytes_a_row = max(1, plan.pitch * len(plan.taps) * C * x.itemsize)
    no_copy = windows.are_cells and (OH, OW) == (H, W) and x.flags.c_contiguous
    for images, rows in _blocks(N, OH, max(1, STRIP_BYTES // bytes_a_row)):
        if no_copy:
            yield Strip(images, rows, W, [x[images, rows].reshape(-1, C)])
        else:
            yield _fill(x, windows, plan, images, rows)


def _blocks(N: int, OH: int, rows: int) -> Iterator[tuple[slice, slice]]:
    """Cut N images of OH rows into pieces of at most `rows` rows: whole images, or some rows of one."""
    images = max(1, rows // max(1, OH))
    parts = max(1, -(-OH // rows))
    height = -(-OH // parts)
    for n in range(0, N, images):
        for top in range(0, OH, max(1, height)):
            yield slice(n, min(n + images, N)), slice(top, min(top + height, OH))


@dataclass(frozen=True)
class _Plan:
    """Layout of a strip along x."""

    taps: list[Pair]  # displacement (y, x) of each copy of the map
    column_step: int  # cells of the map from one column of the strip to the next
    window_step: int  # columns from one window to the next
    window_width: int  # columns of a window
    pitch: int  # columns of one output row

    @staticmethod
    def of(windows: Windows, W: int) -> "_Plan":
        (KH, KW), (DY, DX) = windows.kernel, windows.dilation
        SX, offset, OW = windows.stride[1], windows.offset[1], windows.out_size[1]
        if not windows.in_runs:
            taps = [(ky * DY, kx * DX) for ky in range(KH) for kx in range(KW)]
            return _Plan(taps, column_step=SX, window_step=1, window_width=1, pitch=OW)
        taps = [(ky * DY, 0) for ky in range(KH)]
        span = (OW - 1) * SX + KW
        zeros_left = max(0, -offset)
        pitch = max(span - zeros_left, min(span, W - offset), (OW - 1) * SX + 1)
        return _Plan(taps, column_step=1, window_step=SX, window_width=KW, pitch=-(-pitch // SX) * SX)


def _fill(x: np.ndarray, windows: Windows, plan: _Plan, images: slice, rows: slice) -> Strip:
    C = x.shape[3]
    count, height, T = images.stop - images.start, rows.stop - rows.start, len(plan.taps)
    m = -(-plan.window_width // plan.window_step)
    columns = count * height * plan.pitch
    tail = m * plan.window_step
    flat = scratch("strip", ((columns + tail) * T * C,), x.dtype)
    flat[columns * T * C :] = 0
    strip = flat[: columns * T * C].reshape(count, height, plan.pitch, T, C)
    for t, (dy, dx) in enumerate(plan.taps):
        first_y = rows.start * windows.stride[0] + windows.offset[0] + dy
        first, step = (first_y, windows.offset[1] + dx), (windows.stride[0], plan.column_step)
        _copy_map(x[images], strip[:, :, :, t], first, step)
    return Strip(images, rows, plan.pitch // plan.window_step, _phases(flat, columns, plan, m, T * C))


def _phases(flat: np.ndarray, columns: int, plan: _Plan, m: int, depth: int) -> list[np.ndarray]:
    """Read a strip as m matrices of windows that do not overlap."""
    total = columns // plan.window_step
    between = m * plan.window_step * depth
    matrices = []
    for p in range(min(m, total)):
        count = -(-(total - p) // m)
        start = p * plan.window_step * depth
        run = flat[start : start + count * between].reshape(count, between)
        matrices.append(run[:, : plan.window_width * depth])
    return matrices


def _copy_map(x: np.ndarray, out: np.ndarray, first: Pair, step: Pair) -> None:
    """Set out[n, i, j] = x[n, first_y + i*step_y, first_x + j*step_x], or 0 where that is outside the map."""
    top, bottom = _inside(first[0], step[0], x.shape[1], out.shape[1])
    left, right = _inside(first[1], step[1], x.shape[2], out.shape[2])
    out[:, :top] = 0
    out[:, bottom:] = 0
    out[:, top:bottom, :left] = 0
    out[:, top:bottom, right:] = 0
    y, x0 = first[0] + top * step[0], first[1] + left * step[1]
    cells = x[:, y :: step[0], x0 :: step[1]][:, : bottom - top, : right - left]
    if x.shape[3] > FEW_CHANNELS:
        out[:, top:bottom, left:right] = cells
    else:  # NumPy copies along the last axis: make that the columns
        for c in range(x.shape[3]):
            out[:, top:bottom, left:right, c] = cells[..., c]


def _inside(first: int, step: int, side: int, count: int) -> Pair:
    """Range of i in [0, count) for which 0 <= first + i*step < side."""
    low = min(max(-(first // step), 0), count)
    high = min(max(-((first - side) // step), low), count)
    return low, high
