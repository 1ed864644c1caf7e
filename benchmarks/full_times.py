"""Run one picture through both models in turn: measure the total time, and the time of each stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.full_ours import Ours
from benchmarks.full_sides import OURS, STAGES, TORCHVISION, Stopwatch, in_common, picture, truth_of
from benchmarks.full_theirs import Theirs
from benchmarks.rows import DisagreementError, Result, Table
from benchmarks.timing import PAUSE

if TYPE_CHECKING:
    from benchmarks.full_size import Case

Sides = dict[str, Ours | Theirs]
Work = Callable[[], object]
ALIKE = 0.9  # share of the detections that both models must have in common before anything is timed


def build() -> Sides:
    """Both models."""
    return {OURS: Ours(), TORCHVISION: Theirs()}


def compare(case: Case, sides: Sides, rounds: int) -> tuple[Result, Table]:
    """Return the medians of the total and of each stage; the ratio is the median of the rounds' ratios."""
    works, note = _works(case, sides)
    watches = {name: side.watched() for name, side in sides.items()}
    for work in works.values():
        work()
    whole: dict[str, list[float]] = {side: [] for side in works}
    stages: dict[str, list[dict[str, float]]] = {side: [] for side in works}
    for _ in range(rounds):
        for side, work in works.items():
            time.sleep(PAUSE)
            seconds, of_stages = _once(work, watches[side])
            whole[side].append(seconds)
            stages[side].append(of_stages)
    ratio = median(a / b for a, b in zip(whole[OURS], whole[TORCHVISION], strict=True))
    ours, theirs = median(whole[OURS]), median(whole[TORCHVISION])
    result = Result(case.name, TORCHVISION, ours, theirs, ratio, case.target, note=note)
    return result, _stage_table(case, whole, stages)


def _works(case: Case, sides: Sides) -> tuple[dict[str, Work], str]:
    """Return the work of each side, and a remark for the table."""
    image = picture(*case.size)
    for side in sides.values():
        side.resize_to(case.size[0])
    if case.training:
        truth = truth_of(*case.size)
        works = {name: side.training_step(image, truth) for name, side in sides.items()}
        return works, "SGD with momentum; batch norm keeps its statistics and is trained otherwise"
    ours, theirs = sides[OURS].predict(image), sides[TORCHVISION].predict(image)
    shared, most = in_common(ours, theirs), max(len(ours["boxes"]), len(theirs["boxes"]))
    note = f"{shared} of {most} detections are in common"
    if not most or shared < ALIKE * most:
        raise DisagreementError(f"{case.name}: only {note}")

    def predicting(side: Ours | Theirs) -> Work:
        return lambda: side.predict(image)

    return {name: predicting(side) for name, side in sides.items()}, note


def _once(work: Work, watch: Stopwatch) -> tuple[float, dict[str, float]]:
    """Return the seconds of one run and of its stages; in a training step, the rest is a stage too."""
    watch.seconds.clear()
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    stages = dict(watch.seconds)
    forward = sum(s for stage, s in stages.items() if ":" not in stage)
    return seconds, stages | {STAGES[-1]: seconds - forward}


def _stage_table(
    case: Case, whole: Mapping[str, list[float]], stages: Mapping[str, list[dict[str, float]]]
) -> Table:
    table = Table(f"Where the time goes: {case.name}, milliseconds", ("stage", OURS, TORCHVISION))
    for stage in STAGES:
        both = [median(seconds.get(stage, 0.0) for seconds in stages[side]) for side in (OURS, TORCHVISION)]
        if any(both):
            table.lines.append((stage, *(f"{1e3 * s:,.0f}" for s in both)))
    table.lines.append(("all", *(f"{1e3 * median(whole[side]):,.0f}" for side in (OURS, TORCHVISION))))
    return table
