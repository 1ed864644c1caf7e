"""Shared by both sides of the full-size benchmark: weights, pictures, the stages and their stopwatch.

The model is maskrcnn_resnet50_fpn or another of MODELS, ours (full_ours.py) and torchvision's
(full_theirs.py). The weights are those of the parity suite (tests/parity/recipe.py). They are random, with a
spread that keeps the activations of every layer near 1, so there are as many proposals and detections as with
a trained model.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import wraps
from typing import Any

import numpy as np

from tests.parity import recipe

SEED, CLASSES = 10, 91
MODELS = {
    "maskrcnn_resnet50_fpn": CLASSES,
    "fasterrcnn_resnet50_fpn": CLASSES,
    "maskrcnn_resnet50_fpn_v2": CLASSES,
    "fasterrcnn_resnet50_fpn_v2": CLASSES,
    "fasterrcnn_mobilenet_v3_large_fpn": CLASSES,
    "fasterrcnn_mobilenet_v3_large_320_fpn": CLASSES,
    "keypointrcnn_resnet50_fpn": 2,
}
"""The models that torchvision publishes, and their numbers of classes."""
MODEL = next(iter(MODELS))
OURS, TORCHVISION = "ours", "torchvision"
STAGES = (
    "transform",
    "backbone and pyramid",
    "RPN",
    "RoI heads",
    "RoI heads: RoIAlign",
    "RoI heads: box head",
    "RoI heads: mask head",
    "paste masks",
    "the rest",
)
Detections = dict[str, np.ndarray]


class Stopwatch:
    """Seconds spent in named stages since they were last cleared."""

    def __init__(self) -> None:
        self.clock = time.perf_counter
        self.seconds: dict[str, float] = {}

    def watch(self, owner: Any, attribute: str, stage: str) -> None:
        """Add the time spent in ``owner.attribute(...)`` to a stage."""
        function = getattr(owner, attribute)

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = self.clock()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + self.clock() - begin

        setattr(owner, attribute, timed)


def weights(model: str, shapes: Iterable[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    """Make every entry of a state from its name and shape; MobileNet's activations are kept in bounds."""
    state = recipe.state(shapes, SEED)
    for name in state:
        if "mobilenet" in model and name.startswith("backbone.fpn.inner_blocks."):
            state[name] *= np.float32(1 / 256)
    return state


def picture(height: int, width: int) -> np.ndarray:
    """Make an artificial picture (3, height, width) in [0, 1]."""
    return recipe.image(SEED * 10, height, width)


def truth_of(height: int, width: int, count: int = 8) -> Detections:
    """Make objects to train on: ellipses in boxes spread over the picture."""
    u = recipe.uniform(SEED, "truth", 5 * count).reshape(5, count)
    x1, y1 = u[0] * 0.7 * width, u[1] * 0.7 * height
    x2, y2 = x1 + (0.05 + 0.25 * u[2]) * width, y1 + (0.05 + 0.25 * u[3]) * height
    y, x = np.mgrid[:height, :width]
    radius = [
        ((x - (a + c) / 2) / (c - a)) ** 2 + ((y - (b + d) / 2) / (d - b)) ** 2
        for a, b, c, d in zip(x1, y1, x2, y2, strict=True)
    ]
    return {
        "boxes": np.stack([x1, y1, x2, y2], 1).astype(np.float32),
        "labels": (1 + u[4] * (CLASSES - 1)).astype(np.int64),
        "masks": np.stack(radius) < 0.25,
    }


def in_common(a: Detections, b: Detections) -> int:
    """Count the detections of `a` that `b` has too: the same label, within a pixel and 1e-3 of the score.

    With random weights many decisions are close to ties, which rounding may change; so some may be missing.
    """
    if not len(a["boxes"]) or not len(b["boxes"]):
        return 0
    near = np.abs(a["boxes"][:, None] - b["boxes"]).max(2) < 1
    alike = np.abs(a["scores"][:, None] - b["scores"]) < 1e-3
    return int((near & alike & (a["labels"][:, None] == b["labels"])).any(1).sum())
