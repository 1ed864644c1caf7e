"""Measure how cost grows: the time of four kernels against the size of their input, and the power that fits.

A power p means that twice the size takes 2**p times as long. It is fitted to the larger half of the sizes,
where the fixed cost of a call is negligible.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from benchmarks import rows_boxes, rows_conv, rows_roi
from benchmarks.layers import Layer
from benchmarks.report import milliseconds
from benchmarks.rows import OURS, Table
from benchmarks.timing import Times, Work, in_turn
from minimaskrcnn import kernels
from minimaskrcnn.viz.style import BLUE, GREY, VERMILLION, new_figure

LOOPS = "loops"
ENOUGH = 0.3  # seconds; if the loops take longer, they are not timed at the next size
LOOKS = {OURS: (BLUE, "o", "fast kernels"), LOOPS: (GREY, "s", "readable loops")}


@dataclass(frozen=True)
class Sweep:
    """One kernel over many sizes; `sides(size)` returns the work to time."""

    name: str
    axis: str
    sizes: Sequence[int]
    sides: Callable[[int], Mapping[str, Work]]


@dataclass(frozen=True)
class Curve:
    """Seconds of each side at the sizes it was timed at: ``seconds[side][size]``."""

    sweep: Sweep
    seconds: Mapping[str, Mapping[int, float]]

    def power(self, side: str) -> float:
        """Return the slope of log(time) over log(size) in the larger half."""
        points = sorted(self.seconds[side].items())
        points = points[len(points) // 2 - (len(points) == 2) :]
        sizes, seconds = np.log(np.array(points, float)).T
        return float(np.polyfit(sizes, seconds, 1)[0])


def _conv(channels: int, side: int) -> Mapping[str, Work]:
    shape = (channels, channels, 3, 3)
    layer = Layer("", (1, channels, side, side), shape, False, (1, 1), (1, 1), (1, 1), 1)
    given = rows_conv.arrays(layer)
    sides = {OURS: rows_conv.our_work(layer, given, backward=False)}
    if rows_conv.TORCH in rows_conv.available():
        sides[rows_conv.TORCH] = rows_conv.torch_work(layer, given, backward=False)
    return sides


SWEEPS = (
    Sweep(
        "growth: roi_align against RoIs (7x7 of 256x100x100)",
        "RoIs",
        (1, 4, 16, 64, 256, 1024),
        lambda n: rows_roi.sides("roi_align", 7, "forward", count=n),
    ),
    Sweep(
        "growth: conv2d against pixels (3x3, 64 channels)",
        "pixels of the map",
        tuple(4**k for k in range(2, 9)),
        lambda pixels: _conv(64, round(pixels**0.5)),
    ),
    Sweep(
        "growth: conv2d against channels (3x3, 32x32 pixels)",
        "channels in and out",
        (4, 8, 16, 32, 64, 128, 256, 512),
        lambda channels: _conv(channels, 32),
    ),
    Sweep("growth: nms against boxes", "boxes", (10, 30, 100, 300, 1000, 3000, 10000), rows_boxes.nms_sides),
)


def follow(sweep: Sweep, rounds: int) -> Curve:
    """Time every side at every size; stop the loops once they are too slow."""
    seconds: dict[str, dict[int, float]] = {}
    loops_go_on = True
    for size in sweep.sizes:
        times = in_turn(sweep.sides(size), rounds)
        for side in times.seconds:
            seconds.setdefault(side, {})[size] = times.median(side)
        if loops_go_on:
            took = _on_loops(sweep.sides(size)[OURS]).median(LOOPS)
            seconds.setdefault(LOOPS, {})[size] = took
            loops_go_on = took < ENOUGH
    return Curve(sweep, seconds)


def _on_loops(work: Work) -> Times:
    with kernels.use("reference"):
        return in_turn({LOOPS: work}, rounds=1)


def figure(curves: Sequence[Curve]) -> Figure:
    """Draw one panel per sweep; both axes are logarithmic."""
    drawn = new_figure(9, 3.2 * ((len(curves) + 1) // 2))
    axes = drawn.subplots((len(curves) + 1) // 2, 2, squeeze=False).ravel()
    for ax, curve in zip(axes, curves, strict=False):
        for side, points in curve.seconds.items():
            colour, marker, label = LOOKS.get(side, (VERMILLION, "^", side))
            ax.loglog(
                list(points),
                [1e3 * s for s in points.values()],
                color=colour,
                marker=marker,
                markersize=4,
                label=f"{label}: size^{curve.power(side):.1f}",
            )
        ax.set_title(curve.sweep.name.removeprefix("growth: "), fontsize=10)
        ax.set_xlabel(curve.sweep.axis)
        ax.set_ylabel("milliseconds")
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
    for ax in axes[len(curves) :]:
        ax.remove()
    return drawn


def table(curves: Sequence[Curve]) -> Table:
    """Tabulate the powers, and the times at the smallest and largest size."""
    found = Table("How cost grows", ("kernel", "side", "sizes", "first ms", "last ms", "time grows as"))
    for curve in curves:
        for side, points in curve.seconds.items():
            sizes = sorted(points)
            found.lines.append(
                (
                    curve.sweep.name.removeprefix("growth: "),
                    LOOKS.get(side, ("", "", side))[2],
                    f"{sizes[0]:,} to {sizes[-1]:,}",
                    milliseconds(points[sizes[0]]),
                    milliseconds(points[sizes[-1]]),
                    f"size^{curve.power(side):.2f}",
                )
            )
    return found
