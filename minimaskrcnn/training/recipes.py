"""How each task is trained: every number that a result depends on, in one place.

A recipe is data. The trainer follows it, a checkpoint remembers it, and a model card quotes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """Settings of one training run.

    Attributes
    ----------
    steps, batch_size : int
        Updates in all, and pictures in each.
    optimizer : "adamw" or "sgd"
    lr : float
        Peak learning rate, reached after `warmup` steps.
    schedule : "cosine" or "steps"
        Down to 1 % of the peak, or a tenth at 2/3 and again at 8/9 of the steps.
    weight_decay : float
        Of the weights with two or more axes; norms and biases are not decayed.
    clip_norm : float
        Largest norm of the gradient of all parameters together.
    model : mapping
        Settings of the preset, beside the number of classes.
    predict : mapping
        Those of them that are others when the trained model predicts.
    max_dets : int
        Detections a picture that count in average precision.
    evaluate_every, checkpoint_every : int, steps
    freeze : names of parameters, or of modules, that are not trained; patterns as in `nn.freeze`
    """

    steps: int
    batch_size: int
    lr: float
    optimizer: str = "adamw"
    schedule: str = "cosine"
    warmup: int = 50
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    model: Mapping[str, Any] = field(default_factory=lambda: {"preset": "mini"})
    predict: Mapping[str, Any] = field(default_factory=dict)
    max_dets: int = 100
    evaluate_every: int = 500
    checkpoint_every: int = 100
    freeze: tuple[str, ...] = ()


RECIPES: dict[str, Recipe] = {
    "shapes": Recipe(
        steps=3000,
        batch_size=4,
        lr=1e-3,
        model={"preset": "mini", "anchor_sizes": (20, 32, 48), "image_size": (128, 256)},
        evaluate_every=1000,
    ),
    "nuclei": Recipe(
        steps=3600,
        batch_size=2,
        lr=1e-3,
        # Twice the picture's size: the median nucleus, 13 pixels, then spans six cells of P2, not three.
        model={
            "preset": "mini",
            "anchor_sizes": (16, 32, 64),
            "image_size": (512, 512),
            "proposals": (400, 300),
            "samples": (256, 256),
            "detections_per_img": 150,
        },
        # Scale jitter has taught it larger nuclei, so it may look closer than it learnt; small ones gain.
        predict={
            "image_size": (640, 640),
            "proposals": (400, 1000),
            "score_thresh": 0.01,
            "detections_per_img": 300,
        },
        max_dets=500,
        evaluate_every=1200,
    ),
    "coco": Recipe(
        steps=20000,
        batch_size=2,
        lr=5e-4,
        model={
            "preset": "mini",
            "anchor_sizes": (24, 56, 128),
            "image_size": (256, 384),
            "proposals": (500, 300),
        },
        evaluate_every=2000,
    ),
}
