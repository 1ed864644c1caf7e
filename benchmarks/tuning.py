"""Time the fast kernels with different values of one tuned number: ``python -m benchmarks.tuning NAME``.

    python -m benchmarks.tuning STRIP_BYTES                 # a quarter, half, twice and four times its value
    python -m benchmarks.tuning WINOGRAD_TILES 64 128 256   # these values

The numbers, and what each of them decides, are in minimaskrcnn/kernels/fast/engine/tuning.py. The values are
timed in turn on the work that the number affects; the ratio is to the time with the current value.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from benchmarks.timing import Times, Work, in_turn
from minimaskrcnn.kernels import fast
from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_ALIGN_MAX, ROI_POOL

NAMES = sorted(name for name in vars(tuning) if name.isupper())


def convolutions(rng: np.random.Generator) -> Work:
    """Run three kinds of layer, forward and backward: the stem, and 3x3 with few and with many channels."""
    layers = []
    for C, O, side, kernel, stride in ((3, 64, 256, 7, 2), (32, 32, 128, 3, 1), (128, 128, 64, 3, 1)):
        x = rng.standard_normal((1, C, side, side), dtype=np.float32)
        weight = rng.standard_normal((O, C, kernel, kernel), dtype=np.float32)
        layers.append((x, weight, ((stride, stride), (kernel // 2, kernel // 2), (1, 1), 1)))

    def work() -> None:
        for x, weight, geometry in layers:
            out = fast.conv2d(x, weight, None, *geometry)
            fast.conv2d_input_grad(out, weight, x.shape, *geometry)
            fast.conv2d_weight_grad(out, x, weight.shape, *geometry)

    return work


def pooling(rng: np.random.Generator) -> Work:
    """Run the pooling after the stem."""
    x = rng.standard_normal((1, 64, 256, 256), dtype=np.float32)
    return lambda: fast.max_pool2d(x, (3, 3), (2, 2), (1, 1), (1, 1), False)


def rois(rng: np.random.Generator) -> Work:
    """Run RoIAlign with mean and max and RoIPool on 256 boxes, and RoIAlign on masks of one channel."""
    x = rng.standard_normal((1, 256, 100, 100), dtype=np.float32)
    corners = np.sort(rng.uniform(0, 100, (256, 2, 2)), axis=1).reshape(-1, 4)  # x1 y1 x2 y2
    boxes = np.column_stack([np.zeros(256), corners]).astype(np.float32)

    def work() -> None:
        for rule in (ROI_ALIGN, ROI_ALIGN_MAX, ROI_POOL):
            out, argmax = fast.roi_features(x, boxes, (7, 7), 1.0, rule)
            fast.roi_features_backward(out, boxes, argmax, x.shape, 1.0, rule)
        fast.roi_align(x[:, :1], boxes, (28, 28), 1.0, -1, True)

    return work


def suppression(rng: np.random.Generator) -> Work:
    """Run NMS on 3,000 boxes."""
    boxes = np.sort(rng.uniform(0, 400, (3000, 2, 2)), axis=1).reshape(-1, 4).astype(np.float32)
    scores = rng.random(3000, dtype=np.float32)
    return lambda: fast.nms(boxes, scores, 0.5)


WORK = {"POOL": pooling, "ROI": rois, "MATRIX": rois, "CELL": rois, "POINT": rois, "NMS": suppression}
"""The work for a number, by the first word of its name; all other numbers are for convolutions."""


def work_of(name: str) -> Work:
    """Return the work that a number affects, on the same arrays each time."""
    return WORK.get(name.split("_")[0], convolutions)(np.random.default_rng(0))


@contextmanager
def tuned(name: str, value: int) -> Iterator[None]:
    """Give a number a different value inside the block."""
    before = getattr(tuning, name)
    setattr(tuning, name, value)
    try:
        yield
    finally:
        setattr(tuning, name, before)


def sweep(name: str, values: list[int], rounds: int) -> Times:
    """Time the work that a number affects with each value."""

    def with_value(value: int) -> Work:
        def run() -> None:
            with tuned(name, value):
                work()

        return run

    work = work_of(name)
    return in_turn({str(value): with_value(value) for value in values}, rounds)


def main() -> None:
    """Read the command line and print a line per value."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tuning", description=__doc__.split(":")[0])
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("values", type=int, nargs="*", metavar="VALUE")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    today = getattr(tuning, given.name)
    others = given.values or [max(1, int(today * factor)) for factor in (0.25, 0.5, 2, 4)]
    values = sorted({today, *others})
    times = sweep(given.name, values, given.rounds)
    for value in map(str, values):
        mark = "  today's" if value == str(today) else ""
        print(
            f"{value:>10}  {1e3 * times.median(value):8.1f} ms  {times.ratio(value, str(today)):5.2f}{mark}"
        )


if __name__ == "__main__":
    main()
