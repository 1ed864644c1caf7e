"""Maps are (N, C, H, W) by index and (N, H, W, C) in storage."""

import numpy as np
from numpy.typing import DTypeLike

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side


def channels_last(x: np.ndarray) -> np.ndarray:
    """Return x (N, C, H, W) as a contiguous (N, H, W, C) array: a view when it is stored so, else a copy."""
    cells = x.transpose(0, 2, 3, 1)
    if cells.flags.c_contiguous:
        return cells
    out = np.empty(cells.shape, x.dtype)
    if out.nbytes < tuning.SHARED_COPY_BYTES:
        copy_cells(out, cells)
        return out
    axis = 0 if len(x) > 1 else 1
    pieces = min(out.shape[axis], 2 * out.nbytes // tuning.SHARED_COPY_BYTES)
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
    cell do, they push each other out before the next cell needs their neighbours: take a few at a time.
    """
    channels = cells.shape[3]
    step = tuning.CHANNELS_PER_COPY if cells.strides[3] % 4096 == 0 else max(1, channels)
    for c in range(0, channels, step):
        out[..., c : c + step] = cells[..., c : c + step]
