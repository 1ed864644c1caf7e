"""Scratch memory that is used again: fresh memory costs a page fault for every 4 KiB, touched memory nothing.

    with Workspace() as w:
        rows = w.array("rows", (100, 64), np.float32)   # uninitialised, this block's alone
        ...
    # rows must not be used any more

*Lifetime.* An array belongs to the block that asked for it, until the block ends; then the next block of the
same thread may get the same memory. A block within a block, and a second array of the same name, get memory
of their own. So nobody needs to know who else is using what.
"""

import math
import threading
from collections import defaultdict
from types import TracebackType

import numpy as np
from numpy.typing import DTypeLike


class _Free(threading.local):
    """The buffers of this thread that no block holds, by name."""

    def __init__(self) -> None:
        self.buffers: defaultdict[str, list[np.ndarray]] = defaultdict(list)


_free = _Free()


class Workspace:
    """The arrays of one block; see the module for how long they live."""

    def __init__(self) -> None:
        self._taken: list[tuple[str, np.ndarray]] = []

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, buffer in self._taken:
            _free.buffers[name].append(buffer)

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Uninitialised memory until the block ends. Use one name for arrays of about the same size."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        free = _free.buffers[name]
        buffer = free.pop() if free else np.empty(size, np.uint8)
        if buffer.size < size:
            buffer = np.empty(size, np.uint8)
        self._taken.append((name, buffer))
        return buffer[:size].view(dtype).reshape(shape)
