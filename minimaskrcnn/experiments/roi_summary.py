"""Compute intervals from the rows: for each operator, and for its difference from RoIPool seed by seed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minimaskrcnn.experiments.intervals import Interval, mean_interval, paired_interval
from minimaskrcnn.experiments.roi_lab import BASELINE, MEASURES
from minimaskrcnn.files import atomic_write

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Summary:
    """The results of all seeds together.

    Attributes
    ----------
    level : {(variant, operator, measure): Interval}
        The measure itself.
    gain : the same keys without `BASELINE`
        The measure minus that of RoIPool, seed by seed.
    """

    level: dict[tuple[str, str, str], Interval]
    gain: dict[tuple[str, str, str], Interval]


def summarise(rows: Rows) -> Summary:
    """Compute the mean and interval over seeds for every cell of the grid."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for row in sorted(rows, key=lambda row: row["seed"]):
        for measure in MEASURES:
            value = row[measure]
            key = (row["variant"], row["operator"], measure)
            values.setdefault(key, []).append(float("nan") if value is None else value)
    level = {key: mean_interval(own) for key, own in values.items()}
    gain = {
        (variant, operator, measure): paired_interval(own, values[variant, BASELINE, measure])
        for (variant, operator, measure), own in values.items()
        if operator != BASELINE
    }
    return Summary(level, gain)


def write_runs(path: Path, rows: Rows) -> Path:
    """Write the rows as CSV, one line per run: settings, measures, cost, date.

    AP and IoU lie in [0, 1]; the offset is in pixels. Every digit is kept, so that the summary can be
    computed again from the file.
    """
    return _write_csv(path, list(rows[0]), (row.values() for row in rows))


def write_summary(path: Path, summary: Summary) -> Path:
    """Write the intervals as CSV, one per line; `what` is "mean" or the difference from RoIPool by seed."""
    lines = [
        (what, *key, *(f"{x:.6g}" for x in (interval.mean, interval.low, interval.high)), interval.n)
        for what, intervals in (("mean", summary.level), (f"minus {BASELINE}", summary.gain))
        for key, interval in intervals.items()
    ]
    header = ["what", "variant", "operator", "measure", "mean", "low", "high", "n"]
    return _write_csv(path, header, lines)


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Iterable[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return atomic_write(path, lambda stream: stream.write(text.getvalue().encode()))
