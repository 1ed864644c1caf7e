"""How each task is trained: every number that a result depends on, in one place.

A recipe is data. The trainer follows it, a checkpoint stores it, and a model card quotes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from minimaskrcnn.data.nuclei import NUCLEI_STEPS
from minimaskrcnn.data.preparation import PREPARATIONS
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import MINI, Config, configure
from minimaskrcnn.models.aliases import resolve
from minimaskrcnn.models.setting import Kind, choice, number, read, setting, several, whole
from minimaskrcnn.training.augmentation import AUGMENTATIONS

COUNT, ANY = whole(1, 10**9), whole(0, 10**9)
POSITIVE, PART = number(1e-12, 1e30), number(0, 0.999999)


def _is_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


NAMES = Kind("a list of names", _is_names, tuple)
STEPS = Kind(
    f"a list of names among {', '.join(PREPARATIONS)}",
    lambda value: _is_names(value) and all(name in PREPARATIONS for name in value),
    tuple,
)
REGISTERED = Kind(
    f"a list of names among {', '.join(AUGMENTATIONS)}",
    lambda value: _is_names(value) and all(name in AUGMENTATIONS for name in value),
    tuple,
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of one training run; `model` and `predict` are settings of the model.

    Raises
    ------
    InputError
        If a setting has the wrong type or is out of its range, or `predict` names an unknown setting.

    Examples
    --------
    >>> recipe = Recipe(steps=100, batch_size=2, lr=1e-3, model=MINI.changed(min_size=96))
    >>> recipe.optimizer, recipe.model.min_size
    ('adamw', 96)
    """

    steps: int = setting("length", MISSING, COUNT, "Number of updates.")
    batch_size: int = setting("length", MISSING, whole(1, 1024), "Pictures per update.")
    lr: float = setting("rate", MISSING, POSITIVE, "Peak of the learning rate, reached after `warmup` steps.")
    schedule: str = setting(
        "rate",
        "cosine",
        choice("cosine", "steps"),
        "How the rate falls: to 1 % of the peak along half a cosine, or to a tenth after 2/3 of the steps "
        "and again after 8/9.",
    )
    warmup: int = setting("rate", 50, ANY, "Steps in which the learning rate rises linearly to its peak.")
    optimizer: str = setting("optimizer", "adamw", choice("adamw", "sgd"), "How the weights are updated.")
    momentum: float = setting("optimizer", 0.9, PART, "Of SGD.")
    betas: tuple[float, float] = setting(
        "optimizer",
        (0.9, 0.999),
        several(PART, 2, 2),
        "For AdamW: the decay of the running means of the gradient and of its square.",
    )
    weight_decay: float = setting(
        "optimizer",
        1e-4,
        number(0, 1e3),
        "Decay of weights with two or more axes; norms and biases do not decay.",
    )
    clip_norm: float = setting(
        "optimizer", 5.0, POSITIVE, "Largest norm of the gradient of all parameters together."
    )
    augment: tuple[str, ...] = setting(
        "pictures", (), REGISTERED, "Augmentations of the training pictures, applied in this order."
    )
    prepare: tuple[str, ...] = setting(
        "pictures",
        (),
        STEPS,
        "What is done to every picture, in training and ever after; the checkpoint keeps it.",
    )
    freeze: tuple[str, ...] = setting(
        "model", (), NAMES, "Parameters or modules that are not trained; patterns as in `nn.freeze`."
    )
    max_dets: int = setting(
        "evaluation", 100, COUNT, "Detections per picture that count in average precision."
    )
    evaluate_every: int = setting("evaluation", 500, COUNT, "Steps between two evaluations.")
    early_stop: int = setting(
        "evaluation",
        0,
        ANY,
        "End the run after this many evaluations in a row without a better AP; 0 means never.",
    )
    checkpoint_every: int = setting("files", 100, COUNT, "Steps between two saved states.")
    model: Config = MINI
    predict: Mapping[str, Any] = field(
        default_factory=dict  # settings of the model that differ at prediction
    )

    def __post_init__(self) -> None:
        for own in fields(self):
            if "kind" in own.metadata:
                object.__setattr__(self, own.name, read(own, getattr(self, own.name)))
        object.__setattr__(self, "model", configure(self.model))
        if not isinstance(self.predict, Mapping):
            raise InputError("predict: expected a mapping from settings of the model to their values.")
        object.__setattr__(self, "predict", resolve(self.predict))
        self.model.changed(**self.predict)  # only to see that it can be


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
            "wide_scale_jitter_on_canvas",
            "gamma_jitter",
            "colour_jitter",
        ),
        prepare=NUCLEI_STEPS,
        # At twice the size, the median nucleus (13 pixels) spans six cells of P2 instead of three. Jitter
        # shows it with 18 to 88 pixels, as an enlarged crop would; hence the fourth level.
        model=MINI.changed(
            min_size=512,
            max_size=512,
            extra_level=True,
            anchor_sizes=(16, 32, 64, 128),
            rpn_pre_nms_top_n_train=800,
            rpn_pre_nms_top_n_test=600,
            rpn_post_nms_top_n_train=400,
            rpn_post_nms_top_n_test=300,
            rpn_batch_size_per_image=256,
            box_batch_size_per_image=256,
            box_detections_per_img=150,
        ),
        # The model knows larger nuclei because of scale jitter, so it can predict at a larger size than that
        # of training, which helps with small nuclei.
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
