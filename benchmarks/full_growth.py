"""Measure how the time of one prediction grows with the area of the picture and the number of detections.

Straight lines are expected, `time = fixed + slope * size`, because every layer does the same work for each
cell, and the mask head does the same work for each detection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.full_sides import OURS, picture
from benchmarks.rows import Table
from benchmarks.timing import in_turn
from minimaskrcnn.viz.style import BLUE, VERMILLION, new_figure

AREAS = ((240, 320), (360, 480), (480, 640), (600, 800), (800, 1066), (960, 1280))
COUNTS = (25, 50, 100, 200, 400)
DETECTIONS = 100  # limit, as in torchvision; with these weights even 400 have a score above 0.05


@dataclass(frozen=True)
class Curve:
    """Seconds of each side at each size."""

    name: str
    axis: str
    sizes: Sequence[float]
    seconds: Mapping[str, Sequence[float]]

    def line(self, side: str) -> tuple[float, float, float]:
        """Return slope and fixed part of a straight line, and the share of the variance that it explains."""
        slope, fixed = np.polyfit(self.sizes, self.seconds[side], 1)
        rest = np.var(np.array(self.seconds[side]) - np.polyval((slope, fixed), self.sizes))
        return float(slope), float(fixed), float(1 - rest / np.var(self.seconds[side]))


def by_area(sides: Mapping[str, Any], rounds: int) -> Curve:
    """Predict pictures of the same shape and several sizes, with 100 detections each."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for height, width in AREAS:
        image = picture(height, width)
        for side in sides.values():
            side.resize_to(height)
        _time(sides, image, rounds, seconds)
    areas = [height * width / 1e6 for height, width in AREAS]
    return Curve("time against the area of the picture", "megapixels", areas, seconds)


def by_detections(sides: Mapping[str, Any], rounds: int) -> Curve:
    """Predict one picture of 480x640 with higher and higher limits on the number of detections."""
    image = picture(480, 640)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    counts = []
    for wanted in COUNTS:
        for side in sides.values():
            side.resize_to(480)
            side.limit(wanted)
        counts.append(len(sides[OURS].predict(image)["boxes"]))
        _time(sides, image, rounds, seconds)
    for side in sides.values():
        side.limit(DETECTIONS)
    return Curve("time against the number of detections, 480x640", "detections", counts, seconds)


def _time(sides: Mapping[str, Any], image: np.ndarray, rounds: int, into: dict[str, list[float]]) -> None:
    def work(side: Any) -> Callable[[], object]:
        return lambda: side.predict(image)

    times = in_turn({name: work(side) for name, side in sides.items()}, rounds)
    for name in sides:
        into[name].append(times.median(name))


def figure(curves: Sequence[Curve]) -> Figure:
    """Draw a panel for each curve, with the straight lines that fit best."""
    drawn = new_figure(9, 3.6)
    for ax, curve in zip(drawn.subplots(1, len(curves), squeeze=False)[0], curves, strict=True):
        for (side, seconds), (colour, marker) in zip(
            curve.seconds.items(), ((BLUE, "o"), (VERMILLION, "s")), strict=False
        ):
            slope, fixed, explained = curve.line(side)
            ends = np.array([0, max(curve.sizes)])
            ax.plot(curve.sizes, seconds, marker, color=colour, label=f"{side}, $R^2$ = {explained:.3f}")
            ax.plot(ends, fixed + slope * ends, color=colour, linewidth=1)
        ax.set_title(curve.name, fontsize=10)
        ax.set_xlabel(curve.axis)
        ax.set_ylabel("seconds")
        ax.set_ylim(bottom=0)
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    return drawn


def table(curves: Sequence[Curve]) -> Table:
    """Tabulate the straight lines."""
    found = Table(
        "How the time of a prediction grows", ("against", "side", "straight line", "R^2", "seconds")
    )
    for curve in curves:
        for side, seconds in curve.seconds.items():
            slope, fixed, explained = curve.line(side)
            points = ", ".join(f"{size:.3g}: {s:.2f}" for size, s in zip(curve.sizes, seconds, strict=True))
            line = f"{fixed:.2f} s + {slope:.3g} s * {curve.axis}"
            found.lines.append((curve.axis, side, line, f"{explained:.4f}", points))
    return found
