"""Who does the work: fresh processes that end with their parent, or the workers of a dask cluster.

with worker_pool(4) as executor: ...                      processes on this machine
with cluster("tcp://10.0.0.1:8786") as client: ...        on any machine
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from minimaskrcnn.errors import InputError

SECONDS = 10  # to wait for a scheduler
RETRIES = 3  # how often a cluster begins a task again whose worker has died


@contextmanager
def worker_pool(workers: int, begin: Callable[[], object] | None = None) -> Iterator[Executor]:
    """Make an executor of `workers` fresh processes, each of which reads the environment when it starts.

    The environment sets the number of threads for the matrix products of a process (OPENBLAS_NUM_THREADS).
    Each process calls `begin` first.
    """
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(begin,))
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """Cancel what has not begun, and wait for the rest."""
    if sys.version_info < (3, 11, 5):
        _end_though_the_pool_writes(pool)
    else:
        pool.shutdown(cancel_futures=True)


def _end_though_the_pool_writes(pool: ProcessPoolExecutor) -> None:
    """Do what Python itself does since 3.11.5 (CPython's issue 94777).

    If a worker has died, a thread of the pool may write a picture for ever into a pipe that nobody reads any
    more. Once the pipe is closed at this end too, it gives up. Newer versions close it themselves, and a
    handle that two threads close at once is not closed twice: one of them fails, and its workers stay.
    """
    inside: Any = pool
    manager, queue = inside._executor_manager_thread, inside._call_queue
    pool.shutdown(wait=False, cancel_futures=True)
    while manager is not None and manager.is_alive():
        if inside._broken and queue is not None:
            queue._reader.close()
        manager.join(0.1)


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """Open the `distributed.Client` of the dask scheduler at `address`.

    dask starts its workers with one thread for matrix products, unless their environment says otherwise.

    Raises
    ------
    InputError
        If dask.distributed is not installed, or no scheduler answers.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise InputError("--scheduler needs dask: pip install 'minimaskrcnn[cluster]'.") from error
    try:
        kind = _kind_of_server(distributed, address)
        if kind != "Scheduler":
            raise ValueError(f"a {kind.lower()} answers")
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"--scheduler {address}: no scheduler answers there; start one with `dask scheduler`, which "
            "prints its address."
        ) from error
    with client:
        yield client


def _kind_of_server(distributed: Any, address: str) -> str:
    """Ask who answers at an address, a "Scheduler" or a "Worker".

    A client would wait for ever where something else answers, such as the dashboard of a scheduler.
    """
    encryption = distributed.Security().get_connection_args("client")

    async def ask() -> str:
        async with distributed.rpc(address, timeout=SECONDS, connection_args=encryption) as server:
            return str((await server.identity())["type"])

    with ThreadPoolExecutor(1) as thread:  # in this one a notebook may run a loop of its own
        return thread.submit(asyncio.run, asyncio.wait_for(ask(), SECONDS)).result()


def _begin(begin: Callable[[], object] | None) -> None:
    """Leave Ctrl-C to the parent, and end as soon as the parent has ended, whatever the reason."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    if begin is not None:
        begin()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # returns as soon as that process is gone, killed or not
        os._exit(1)
