"""How each task is trained: every number that a result depends on, in one place.

A recipe is data. The trainer follows it, a checkpoint remembers it, and a model card quotes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from minimaskrcnn.errors import InputError
from minimaskrcnn.models import MINI, Config, configure
from minimaskrcnn.models.aliases import resolve
from minimaskrcnn.training.augmentation import AUGMENTATIONS


@dataclass(frozen=True)
class Recipe:
    """The settings of one training run.

    Attributes
    ----------
    steps, batch_size : int
        Number of updates, and of pictures per update.
    lr : float
        The peak of the learning rate, reached after `warmup` steps.
    optimizer : "adamw" or "sgd"
    momentum : float
        Of SGD.
    betas : two floats
        Of AdamW: the decay of the running means of the gradient and of its square.
    weight_decay : float
        Applies to weights with two or more axes; norms and biases are not decayed.
    clip_norm : float
        The largest allowed norm of the gradient of all parameters together.
    schedule : "cosine" or "steps"
        Down to 1 % of the peak along half a cosine, or to a tenth after 2/3 of the steps and again after 8/9.
    warmup : int
        Steps in which the learning rate rises linearly from 0 to the peak.
    augment : names in `AUGMENTATIONS`
        Applied in this order to each picture that is learnt from.
    freeze : names of parameters or modules, patterns as in `nn.freeze`
        These are not trained.
    model : Config, or a mapping for `models.configure`
        The model to build; the number of classes is that of the data.
    predict : mapping
        Settings of the model that differ at prediction.
    max_dets : int
        The number of detections per picture that count in average precision.
    evaluate_every, checkpoint_every : int
        Steps between two evaluations, and between two saved states.
    early_stop : int
        End the run after this many evaluations in a row without a better AP; 0 means never.

    Raises
    ------
    InputError
        If a setting has the wrong type or lies outside its range.
    """

    steps: int
    batch_size: int
    lr: float
    optimizer: str = "adamw"
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    schedule: str = "cosine"
    warmup: int = 50
    augment: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    model: Config = MINI
    predict: Mapping[str, Any] = field(default_factory=dict)
    max_dets: int = 100
    evaluate_every: int = 500
    checkpoint_every: int = 100
    early_stop: int = 0

    def __post_init__(self) -> None:
        """Check every setting, before anything is built from it."""
        object.__setattr__(self, "model", configure(self.model))
        object.__setattr__(self, "predict", resolve(self.predict))
        for setting in fields(self):
            value = getattr(self, setting.name)
            if isinstance(value, list):
                value = tuple(value)  # as JSON has it
                object.__setattr__(self, setting.name, value)
            if setting.name in RANGES and not RANGES[setting.name].holds(value):
                raise InputError(
                    f"recipe: {setting.name} is {_short(value)}; expected {RANGES[setting.name].words}."
                )


class Range(NamedTuple):
    """Which values a setting may have: a test, and the same in words."""

    holds: Callable[[Any], bool]
    words: str


def _whole(least: int, most: int = 10**9) -> Range:
    return Range(
        lambda value: type(value) is int and least <= value <= most,
        f"a whole number from {least} to {most:,}",
    )


def _number(holds: Callable[[float], bool], words: str) -> Range:
    return Range(
        lambda value: type(value) in (int, float) and abs(value) < math.inf and holds(value),
        f"a number {words}",
    )


def _one_of(*names: str) -> Range:
    return Range(lambda value: isinstance(value, str) and value in names, " or ".join(names))


def _is_names(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


RANGES: dict[str, Range] = {
    "steps": _whole(1),
    "batch_size": _whole(1, 1024),
    "lr": _number(lambda value: value > 0, "greater than 0"),
    "optimizer": _one_of("adamw", "sgd"),
    "momentum": _number(lambda value: 0 <= value < 1, "of at least 0 and less than 1"),
    "betas": Range(
        lambda value: (
            isinstance(value, tuple)
            and len(value) == 2
            and all(type(beta) in (int, float) and 0 <= beta < 1 for beta in value)
        ),
        "two numbers of at least 0 and less than 1",
    ),
    "weight_decay": _number(lambda value: value >= 0, "of at least 0"),
    "clip_norm": _number(lambda value: value > 0, "greater than 0"),
    "schedule": _one_of("cosine", "steps"),
    "warmup": _whole(0),
    "augment": Range(
        lambda value: _is_names(value) and all(name in AUGMENTATIONS for name in value),
        f"a list of names among {', '.join(AUGMENTATIONS)}",
    ),
    "freeze": Range(_is_names, "a list of names"),
    "max_dets": _whole(1),
    "evaluate_every": _whole(1),
    "checkpoint_every": _whole(1),
    "early_stop": _whole(0),
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


RECIPES: dict[str, Recipe] = {
    "shapes": Recipe(
        steps=3000,
        batch_size=4,
        lr=1e-3,
        model=MINI.changed(anchor_sizes=(20, 32, 48)),
        evaluate_every=1000,
    ),
    "nuclei": Recipe(
        steps=3600,
        batch_size=2,
        lr=1e-3,
        augment=(
            "horizontal_flip",
            "right_angle_turn",
            "scale_jitter_on_canvas",
            "gamma_jitter",
            "colour_jitter",
        ),
        # Twice the picture's size: the median nucleus, 13 pixels, then spans six cells of P2, not three.
        model=MINI.changed(
            min_size=512,
            max_size=512,
            rpn_pre_nms_top_n_train=800,
            rpn_pre_nms_top_n_test=600,
            rpn_post_nms_top_n_train=400,
            rpn_post_nms_top_n_test=300,
            rpn_batch_size_per_image=256,
            box_batch_size_per_image=256,
            box_detections_per_img=150,
        ),
        # Scale jitter has taught it larger nuclei, so it may look closer than it learnt; small ones gain.
        predict={
            "min_size": 640,
            "max_size": 640,
            "rpn_pre_nms_top_n_test": 2000,
            "rpn_post_nms_top_n_test": 1000,
            "box_score_thresh": 0.01,
            "box_detections_per_img": 300,
        },
        max_dets=500,
        evaluate_every=1200,
    ),
    "coco": Recipe(
        steps=20000,
        batch_size=2,
        lr=5e-4,
        augment=("horizontal_flip", "scale_jitter", "colour_jitter"),
        model=MINI.changed(
            min_size=256,
            max_size=384,
            anchor_sizes=(24, 56, 128),
            rpn_pre_nms_top_n_train=1000,
            rpn_pre_nms_top_n_test=600,
            rpn_post_nms_top_n_train=500,
            rpn_post_nms_top_n_test=300,
        ),
        evaluate_every=2000,
    ),
}
