"""Signals around a training step: delay them until the step is complete, or turn them into Ctrl-C.

`held`          delays a signal until the end of the block
`as_interrupt`  raises KeyboardInterrupt for SIGTERM (timeout, Slurm, docker stop) and SIGHUP (a closed
                terminal), so that the run can write its state

Python delivers signals only to the main thread. In any other thread both do nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
Handler = Callable[[int, FrameType | None], None]


@contextmanager
def held() -> Iterator[None]:
    """Delay Ctrl-C, and the signals that end a process, until the end of the block."""
    waiting: list[int] = []
    try:
        with _handled((signal.SIGINT, *ENDING), lambda number, frame: waiting.append(number)):
            yield
    finally:
        for number in waiting[:1]:
            signal.raise_signal(number)


@contextmanager
def as_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt for the signals that would otherwise end this process at once."""
    with _handled(ENDING, _interrupt):
        yield


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def _handled(numbers: tuple[int, ...], handler: Handler) -> Iterator[None]:
    """Install `handler` inside the block; a signal that is ignored (nohup ignores SIGHUP) stays ignored."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in numbers}
    for number, previous in before.items():
        if previous not in (signal.SIG_IGN, None):
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            if previous not in (signal.SIG_IGN, None):
                signal.signal(number, previous)
