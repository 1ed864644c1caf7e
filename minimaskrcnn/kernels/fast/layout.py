"""Memory: maps are (N, C, H, W) by index and (N, H, W, C) in storage; scratch space is kept and reused."""

import math
import threading

import numpy as np

_scratch = threading.local()


def channels_last(x: np.ndarray) -> np.ndarray:
    """Return x (N, C, H, W) as a contiguous (N, H, W, C) array: a view when it is stored so, else a copy."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def channels_first(x: np.ndarray) -> np.ndarray:
    """Return x (N, H, W, C) as an (N, C, H, W) view."""
    return x.transpose(0, 3, 1, 2)


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
