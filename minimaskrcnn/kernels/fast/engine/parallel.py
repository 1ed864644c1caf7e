"""Pieces of one kernel, side by side on the cores that the matrix products may use.

NumPy lets go of the interpreter's lock while it copies, adds or multiplies, so that plain threads share such
work. A piece is one matrix product *and* the copies around it, done while they are in a core's own cache; the
BLAS would share the product alone. While pieces run, the BLAS is told to keep to one thread.

The caller starts at once and takes piece after piece; a thread that wakes up late finds fewer left, or none.
So the caller never waits for a helper that a busy machine has not started. Pieces and the order of sums
follow from shapes alone: which thread computes a piece, and how many cores there are, does not change a bit
of the result.

The number of threads is the BLAS's own (OPENBLAS_NUM_THREADS, `--threads`). Where NumPy is built on a BLAS
whose threads cannot be set from here, pieces run one after another and the BLAS shares each product. They do
so too where no thread can be started: in a browser, or once Python has begun to end.

A forked child begins without helpers. A process that is forked while another of its threads multiplies may
hang in the BLAS, as it may with NumPy alone; `multiprocessing` should use "spawn".
"""

import ctypes
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def side_by_side(task: Callable[[Piece], Result], pieces: Iterable[Piece]) -> list[Result]:
    """Return [task(piece) for piece in pieces], computed on several cores.

    Parameters
    ----------
    task : function of one piece; what it writes to, no other piece may write to or read
    pieces : their number and size should follow from shapes alone

    Examples
    --------
    >>> side_by_side(lambda n: n * n, range(4))
    [0, 1, 4, 9]
    """
    blas = _openblas()
    threads = 1 if blas is None else blas.get_threads()
    if blas is None or threads == 1:
        return [task(piece) for piece in pieces]
    blas.set_threads(1)
    _state.blas_threads = threads
    try:
        return _shared(task, deque(enumerate(pieces)), threads)
    finally:
        blas.set_threads(threads)
        _state.blas_threads = None


def sum_side_by_side(
    add: Callable[[np.ndarray, Piece], object],
    shape: tuple[int, ...],
    dtype: np.dtype,
    pieces: Sequence[Piece],
) -> np.ndarray:
    """Sum over pieces of what `add(total, piece)` adds to a total of the given shape."""

    def total_of(some_pieces: Sequence[Piece]) -> np.ndarray:
        total = np.zeros(shape, dtype)
        for piece in some_pieces:
            add(total, piece)
        return total

    totals = min(tuning.TOTALS, len(pieces)) or 1
    first, *others = side_by_side(total_of, [pieces[i :: tuning.TOTALS] for i in range(totals)])
    for total in others:
        first += total
    return first


def _shared(task: Callable[[Piece], Result], todo: deque[tuple[int, Piece]], threads: int) -> list[Result]:
    results: list[Any] = [None] * len(todo)

    def work() -> None:
        while todo:
            try:
                index, piece = todo.popleft()
            except IndexError:  # another thread took the last one
                return
            results[index] = task(piece)

    helping = _started(work, min(threads, len(todo)) - 1)
    try:
        work()
    finally:
        todo.clear()
        for help_ in helping:
            if not help_.cancel():  # it has begun: let it finish its piece
                help_.result()
    return results


def _started(work: Callable[[], None], count: int) -> list[Future[None]]:
    """Up to `count` helpers at work; fewer, or none, where Python starts no thread or takes no more work."""
    helping: list[Future[None]] = []
    try:
        while len(helping) < count:
            helping.append(_helper(len(helping)).start(work))
    except (RuntimeError, ProcessLookupError):  # no new thread, no new work, or a helper has ended already
        pass  # the caller does what is left
    return helping


class _OpenBLAS(NamedTuple):
    get_threads: Callable[[], int]
    set_threads: Callable[[int], None]


@cache
def _openblas() -> _OpenBLAS | None:
    """How to read and set the number of threads of the OpenBLAS inside NumPy; None if there is none.

    Wheels of NumPy carry an OpenBLAS whose names have a prefix, and a suffix where its integers have 64 bits.
    The module that multiplies matrices is linked to it, so they are found through that module.
    """
    try:
        library = ctypes.CDLL(sys.modules["numpy._core._multiarray_umath"].__file__)
    except OSError:  # it is no shared library
        return None
    for prefix in ("scipy_", ""):
        for suffix in ("64_", ""):
            names = [f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set")]
            if all(hasattr(library, name) for name in names):
                get, set_ = (getattr(library, name) for name in names)
                get.restype, set_.restype, set_.argtypes = ctypes.c_int, None, [ctypes.c_int]
                return _OpenBLAS(get, set_)
    return None


class _Helper:
    """A thread that waits for work until Python ends, and begins it on another core than the caller's.

    Linux may wake a thread on the core of the one that woke it, though others are idle, and moves it only
    when it next looks: after some milliseconds, in which the two would share one core.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="minimaskrcnn")
        self._thread = self._pool.submit(threading.get_native_id).result()

    def start(self, work: Callable[[], None]) -> Future[None]:
        cores = _cores()
        if len(cores) > 1:
            os.sched_setaffinity(self._thread, cores - {_this_core()})
        # A copy of the caller's context, so that np.errstate holds here too.
        return self._pool.submit(copy_context().run, self._run, work, cores)

    def _run(self, work: Callable[[], None], cores: set[int]) -> None:
        if len(cores) > 1:  # it has begun elsewhere, and from now on may go where it likes
            os.sched_setaffinity(0, cores)
        work()


class _State:
    """What is shared by all threads of a process, and set right in a forked child.

    Attributes
    ----------
    helpers : threads started so far: one fewer than the largest number of threads the BLAS ever had
    growing : held while a helper is added
    blas_threads : what the BLAS has lent while pieces run, else None
    """

    def __init__(self) -> None:
        self.helpers: list[_Helper] = []
        self.growing = threading.Lock()
        self.blas_threads: int | None = None


_state = _State()


def _helper(index: int) -> _Helper:
    """Helper number `index`, started when it is first asked for."""
    with _state.growing:
        if index == len(_state.helpers):
            _state.helpers.append(_Helper())
        return _state.helpers[index]


def _after_fork() -> None:
    """A forked child has none of its parent's threads, and owes its BLAS what the parent had borrowed."""
    global _state
    lent, _state = _state.blas_threads, _State()
    if lent is not None and (blas := _openblas()) is not None:
        blas.set_threads(lent)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _cores() -> set[int]:
    """The cores that this thread may use; none where the system does not let a thread choose."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _this_core() -> int:
    return _sched_getcpu()()


@cache
def _sched_getcpu() -> Callable[[], int]:
    return ctypes.PyDLL(None).sched_getcpu
