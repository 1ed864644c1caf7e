"""Compute intervals from the rows: for each choice, and for its difference from the baseline seed by seed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minimaskrcnn.experiments.intervals import Interval, mean_interval, paired_interval
from minimaskrcnn.experiments.roi_lab import MEASURES
from minimaskrcnn.files import atomic_write

Rows = Sequence[Mapping[str, Any]]
WORDS = ("choice", "variant", "processor", "date")  # columns of text; the others are JSON


@dataclass(frozen=True)
class Summary:
    """The results of all seeds together.

    Attributes
    ----------
    baseline : str
        The choice that is subtracted.
    level : {(variant, choice, measure): Interval}
        The measure itself.
    gain : the same keys without the baseline's
        The measure minus that of the baseline, seed by seed.
    """

    baseline: str
    level: dict[tuple[str, str, str], Interval]
    gain: dict[tuple[str, str, str], Interval]


def summarise(rows: Rows, baseline: str) -> Summary:
    """Compute the mean and interval over seeds for every cell of the grid."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for row in sorted(rows, key=lambda row: row["seed"]):
        for measure in MEASURES:
            value = row[measure]
            key = (row["variant"], row["choice"], measure)
            values.setdefault(key, []).append(float("nan") if value is None else value)
    level = {key: mean_interval(own) for key, own in values.items()}
    gain = {
        (variant, choice, measure): paired_interval(own, values[variant, baseline, measure])
        for (variant, choice, measure), own in values.items()
        if choice != baseline
    }
    return Summary(baseline, level, gain)


def write_runs(path: Path, rows: Rows) -> Path:
    """Write the rows as CSV, one line per run: settings, measures, curve, cost, processor, date.

    AP and IoU lie in [0, 1]; the offset is in pixels. Every digit is kept, so that the summary can be
    computed again from the file. The curve is JSON in one cell.
    """
    lines = ([json.dumps(v) if isinstance(v, list) else v for v in row.values()] for row in rows)
    return _write_csv(path, list(rows[0]), lines)


def read_runs(path: str | Path) -> list[dict[str, Any]]:
    """Read the rows that `write_runs` wrote."""
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return [{key: _value(key, text) for key, text in line.items()} for line in csv.DictReader(stream)]


def _value(key: str, text: str) -> Any:
    if key in WORDS:
        return text
    return json.loads(text) if text else None


def write_summary(path: Path, summary: Summary) -> Path:
    """Write the intervals as CSV, one per line; `what` is "mean" or the difference from the baseline."""
    lines = [
        (what, *key, *(f"{x:.6g}" for x in (interval.mean, interval.low, interval.high)), interval.n)
        for what, intervals in (("mean", summary.level), (f"minus {summary.baseline}", summary.gain))
        for key, interval in intervals.items()
    ]
    header = ["what", "variant", "choice", "measure", "mean", "low", "high", "n"]
    return _write_csv(path, header, lines)


def _write_csv(path: Path, header: Sequence[str], lines: Iterable[Iterable[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return atomic_write(path, lambda stream: stream.write(text.getvalue().encode()))
