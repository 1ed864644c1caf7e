"""Time several ways of doing the same work, in turn, so that a disturbance of the machine affects them all.

    A B C, A B C, A B C, ...     one sample of each per round; the ratio is the median of the rounds' ratios

A sample repeats short work until it lasts at least 5 ms. There is a pause before each sample, because the
thread pools of OpenBLAS and OpenMP keep spinning for some 25 ms after their last work, and would take the
cores from the next side. Then there is one run that is not timed, because the previous side has filled the
caches.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Work = Callable[[], object]

SAMPLE = 5e-3  # seconds, at least
PAUSE = 0.03  # seconds
LONG = 0.1  # seconds; work that lasts longer fills the caches quickly enough by itself


@dataclass(frozen=True)
class Times:
    """Seconds of each side in each round: ``seconds[side][round]``."""

    seconds: Mapping[str, list[float]]

    def __contains__(self, side: str) -> bool:
        return side in self.seconds

    def median(self, side: str) -> float:
        """Return the median time of a side, in seconds."""
        return median(self.seconds[side])

    def ratio(self, side: str, other: str) -> float:
        """Return the median, over the rounds, of one side's time divided by the other's."""
        pairs = zip(self.seconds[side], self.seconds[other], strict=True)
        return median(a / b for a, b in pairs)


def in_turn(sides: Mapping[str, Work], rounds: int) -> Times:
    """Time every side once per round."""
    lasts = {name: _first_runs(work) for name, work in sides.items()}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    gc.collect()
    for _ in range(rounds):
        for name, work in sides.items():
            time.sleep(PAUSE)
            if lasts[name] < LONG:
                work()
            seconds[name].append(_sample(work, max(1, round(SAMPLE / lasts[name] + 0.5))))
    return Times(seconds)


def _first_runs(work: Work) -> float:
    """Warm up, and return about how many seconds the work takes."""
    once = _sample(work, 1)
    return once if once >= LONG else max(_sample(work, 1), 1e-9)


def _sample(work: Work, loops: int) -> float:
    """Return the average seconds of one run."""
    start = time.perf_counter()
    for _ in range(loops):
        work()
    return (time.perf_counter() - start) / loops
