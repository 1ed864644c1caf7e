"""A pool of fresh processes that ends with its parent, so that no process is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor]:
    """Make an executor of `workers` fresh processes, each of which reads the environment when it starts.

    The environment sets the number of threads for the matrix products of a process (OPENBLAS_NUM_THREADS).
    """
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_depend_on_the_parent)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _depend_on_the_parent() -> None:
    """Leave Ctrl-C to the parent, and end as soon as the parent has ended, whatever the reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # returns as soon as that process is gone, killed or not
        os._exit(1)
