"""A row of the table: one piece of work, done here and by a peer, and the ratio of the times.

    row = Row("nms, 1,000 boxes", sides, {"torchvision": 1.5}, loops)
    results = measure(row, rounds=7)        # one Result for each peer

`sides()` builds the inputs and returns the work to time: ours, and that of each installed peer. Every side
returns its results as arrays, which must agree before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from benchmarks.timing import Work, in_turn
from minimaskrcnn import kernels

OURS = "ours"


class DisagreementError(Exception):
    """Two sides do not do the same work, so a comparison of their times would mean nothing."""


@dataclass(frozen=True)
class Loops:
    """The same work at a size that readable loops can do.

    Attributes
    ----------
    size : a description of the smaller size
    work : builds the work to time, which runs on both editions of the kernels
    """

    size: str
    work: Callable[[], Work]


@dataclass(frozen=True)
class Row:
    """One piece of work.

    Attributes
    ----------
    name : its name in the table
    sides : builds the work to time, by name: "ours", and each installed peer
    targets : for each peer, the highest ratio of our time to its time; None if there is no target
    loops : how the reference edition is timed, if the work uses the kernels
    tolerance : allowed difference between results, relative to the largest value
    """

    name: str
    sides: Callable[[], Mapping[str, Work]]
    targets: Mapping[str, float | None]
    loops: Loops | None = None
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Result:
    """The measurement against one peer. Ratios are ours / theirs, or None if there is none.

    Attributes
    ----------
    ours, theirs : seconds, or bytes if unit is "MB"; None if not measured
    loops : time of the reference edition / time of the fast one, at the size named by `loops_size`
    product : our time / time of the equal matrix product
    worst : the largest ratio of a single layer, with its limit, where the ratio is a mean over layers
    """

    name: str
    peer: str
    ours: float | None
    theirs: float | None = None
    ratio: float | None = None
    target: float | None = None
    loops: float | None = None
    loops_size: str = ""
    product: float | None = None
    worst: float | None = None
    worst_target: float | None = None
    note: str = ""
    unit: str = "ms"

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is no target, or if its peer is missing."""
        if self.ratio is None or self.target is None:
            return None
        worst_is_well = self.worst is None or self.worst_target is None or self.worst <= self.worst_target
        return self.ratio <= self.target and worst_is_well


@dataclass
class Table:
    """Details that do not fit into the main table: a heading, the names of the columns, lines of text."""

    title: str
    columns: Sequence[str]
    lines: list[Sequence[str]] = field(default_factory=list)


class Job(NamedTuple):
    """Something to measure: its name, and `run(rounds)`, which returns lines of the table and details."""

    name: str
    run: Callable[[int], tuple[list[Result], list[Table]]]


def job(row: Row) -> Job:
    """Make a job of a row."""
    return Job(row.name, lambda rounds: (measure(row, rounds), []))


def measure(row: Row, rounds: int) -> list[Result]:
    """Time a row against each of its peers."""
    sides = row.sides()
    require_agreement(row.name, sides, row.tolerance)
    times = in_turn(sides, rounds)
    slower = loops_over_fast(row.loops, rounds) if row.loops else None
    return [
        Result(
            row.name,
            peer,
            ours=times.median(OURS),
            theirs=times.median(peer) if peer in times else None,
            ratio=times.ratio(OURS, peer) if peer in times else None,
            target=target,
            loops=slower,
            loops_size=row.loops.size if row.loops else "",
        )
        for peer, target in row.targets.items()
    ]


def loops_over_fast(loops: Loops, rounds: int) -> float:
    """Return the time of the reference edition divided by that of the fast edition."""
    work = loops.work()

    def on_loops() -> object:
        with kernels.use("reference"):
            return work()

    return in_turn({"loops": on_loops, "fast": work}, min(rounds, 3)).ratio("loops", "fast")


def require_agreement(name: str, sides: Mapping[str, Work], tolerance: float) -> None:
    """Check that all sides return the same results, to a tolerance relative to the largest value.

    Raises
    ------
    DisagreementError
        If they do not; it names the work, the peer and the difference.
    """
    ours = [np.asarray(a) for a in sides[OURS]()]
    for peer in set(sides) - {OURS}:
        theirs = [np.asarray(a) for a in sides[peer]()]
        for a, b in zip(ours, theirs, strict=True):
            off = np.inf if a.shape != b.shape else _difference(a, b)
            if not off <= (0 if a.dtype.kind == "i" else tolerance):
                raise DisagreementError(f"{name}: ours and {peer} do not do the same work ({off:.1e} apart)")


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest difference divided by the largest value."""
    return float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), np.finfo(np.float32).tiny))
