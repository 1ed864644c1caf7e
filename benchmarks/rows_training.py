"""Rows for a whole training step of the small model and its twin: time and peak memory."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import check_twin, memory, small_model
from benchmarks.environment import available
from benchmarks.rows import OURS, Job, Result, Table
from benchmarks.timing import Work, in_turn

PEER = "torchvision"
NAME = "training step, small model, batch 4 at 128x128"


def sides() -> Mapping[str, Work]:
    """Return our training step, and the twin's with the same weights, pictures and samples."""
    images, targets = small_model.batch()
    model = small_model.load()
    steps = {OURS: small_model.training_step(model, images, targets)}
    if PEER in available():
        from benchmarks import twin

        other = twin.load_twin(model.config, model.state_dict())
        steps[PEER] = twin.training_step(other, images, targets, small_model.RECIPE.clip_norm)
    return steps


def time(rounds: int) -> tuple[list[Result], list[Table]]:
    """Time both, after a check that the twin agrees with our model."""
    known = PEER in available()
    agreement = check_twin.require_agreement() if known else ""
    times = in_turn(sides(), rounds)
    return [
        Result(
            NAME,
            PEER,
            ours=times.median(OURS),
            theirs=times.median(PEER) if known else None,
            ratio=times.ratio(OURS, PEER) if known else None,
            target=1.25,
            note=agreement,
        )
    ], []


def peak_memory(rounds: int) -> tuple[list[Result], list[Table]]:
    """Measure the peak memory of both in their own processes: above the baseline, and in total."""
    if not memory.STATUS.exists():
        return [
            Result(f"peak memory of a {NAME}", PEER, None, target=1.0, note="can be measured on Linux only")
        ], []
    peaks = memory.peaks((OURS, PEER) if PEER in available() else (OURS,))
    over = {side: peak.peak - peak.baseline for side, peak in peaks.items()}
    total = {side: peak.peak for side, peak in peaks.items()}
    return [_in_bytes("over the baseline", over), _in_bytes("in all", total)], []


def _in_bytes(what: str, sides: Mapping[str, int]) -> Result:
    theirs = sides.get(PEER)
    ratio = sides[OURS] / theirs if theirs else None
    return Result(f"peak memory of a {NAME}, {what}", PEER, sides[OURS], theirs, ratio, target=1.0, unit="MB")


JOBS = (Job(NAME, time), Job(f"peak memory of a {NAME}", peak_memory))
