"""Measure what it costs to keep every stage: `model.trace` against `model.predict`, in process time.

    python -m benchmarks.tracing            # median ratio and quartiles; the target is at most 1.05

The models have random weights. The two calls take turns, so that a disturbance of the machine affects both.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import quantiles

import numpy as np

from minimaskrcnn.models import MaskRCNN, mini
from minimaskrcnn.models.presets import resnet_fpn

ROUNDS = 30


def models() -> dict[str, tuple[MaskRCNN, np.ndarray]]:
    """Make two models, each with a picture, by name."""
    rng = np.random.default_rng(0)
    small = mini(4, rng=rng), rng.random((3, 128, 128), np.float32)
    large = (
        resnet_fpn(4, depth=18, min_size=320, max_size=480, rng=rng),
        rng.random((3, 320, 400), np.float32),
    )
    return {"mini, 128x128": small, "ResNet-18 and pyramid, 320x400": large}


def ratios(model: MaskRCNN, image: np.ndarray, rounds: int) -> list[float]:
    """Return the process time of `trace` divided by that of `predict`, round by round."""

    def trace() -> float:
        return _seconds(lambda: model.trace(image))

    def predict() -> float:
        return _seconds(lambda: model.predict([image]))

    trace(), predict()  # the first calls allocate memory
    found = []
    for turn in range(rounds):
        if turn % 2:
            traced, predicted = trace(), predict()
        else:
            predicted, traced = predict(), trace()
        found.append(traced / predicted)
    return found


def _seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description="the cost of tracing over predicting")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    for name, (model, image) in models().items():
        low, middle, high = quantiles(ratios(model, image, args.rounds), n=4)
        print(f"{name:<32} trace / predict {middle:.3f}  (quartiles {low:.3f}, {high:.3f})")


if __name__ == "__main__":
    main()
