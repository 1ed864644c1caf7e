"""Memory: maps are (N, C, H, W) by index and (N, H, W, C) in storage; scratch space is kept and reused."""

import math
import threading

import numpy as np
from numpy.typing import DTypeLike

from minimaskrcnn.kernels.fast.parallel import side_by_side

LARGE = 1 << 20
"""From this number of bytes on, a map is copied in pieces on several cores."""

_scratch = threading.local()


def channels_last(x: np.ndarray) -> np.ndarray:
    """Return x (N, C, H, W) as a contiguous (N, H, W, C) array: a view when it is stored so, else a copy."""
    cells = x.transpose(0, 2, 3, 1)
    if cells.flags.c_contiguous:
        return cells
    out = np.empty(cells.shape, x.dtype)
    if out.nbytes < LARGE:
        copy_cells(out, cells)
        return out
    axis = 0 if len(x) > 1 else 1
    pieces = min(out.shape[axis], 2 * out.nbytes // LARGE)
    parts = zip(np.array_split(out, pieces, axis), np.array_split(cells, pieces, axis), strict=True)
    side_by_side(lambda part: copy_cells(*part), parts)
    return out


def channels_first(x: np.ndarray) -> np.ndarray:
    """Return x (N, H, W, C) as an (N, C, H, W) view."""
    return x.transpose(0, 3, 1, 2)


def stored_like(x: np.ndarray, shape: tuple[int, int, int, int], dtype: DTypeLike) -> np.ndarray:
    """New cells (N, H, W, C), stored channels first if the map x (N, C, H, W) is, else channels last."""
    N, H, W, C = shape
    if x.flags.c_contiguous:
        return np.empty((N, C, H, W), dtype).transpose(0, 2, 3, 1)
    return np.empty(shape, dtype)


def copy_cells(out: np.ndarray, cells: np.ndarray) -> None:
    """``out[...] = cells``, both (N, H, W, C), out channels-last and cells in any layout.

    Addresses a multiple of 4 KiB apart fall on the same few places of the first cache. When all channels of a
    cell do, they push each other out before the next cell needs their neighbours: take 8 at a time.
    """
    collide = cells.strides[3] % 4096 == 0
    for c in range(0, cells.shape[3], 8 if collide else max(1, cells.shape[3])):
        group = slice(c, c + 8) if collide else slice(None)
        out[..., group] = cells[..., group]


def scratch(name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uninitialised memory that the next call with the same name takes back: for use inside one kernel only.

    Fresh memory costs a page fault for every 4 KiB; touching the same block again costs nothing.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    buffer = getattr(_scratch, name, None)
    if buffer is None or buffer.size < size:
        buffer = np.empty(size, np.uint8)
        setattr(_scratch, name, buffer)
    return buffer[:size].view(dtype).reshape(shape)
