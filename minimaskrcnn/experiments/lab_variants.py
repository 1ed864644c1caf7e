"""What the lab compares: choices, each a change of the model, and variants, each a way to train and test it.

    CHOICES["softmax"]      -> {"mask_output": "softmax"}
    VARIANTS["stride16"]    -> the model `mini_stride16`, trained on generated shapes for a few hundred steps

The short recipe is that of the bundled weights `shapes` with a higher learning rate and fewer RoIs; the full
one is that recipe itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minimaskrcnn import data
from minimaskrcnn.models import MINI, MINI_STRIDE16, Config
from minimaskrcnn.training import Recipe

SHAPES_BATCH, NUCLEI_BATCH = 4, 2

OPERATORS: dict[str, dict[str, Any]] = {
    name: {"roi_operator": name}
    for name in (
        "roi_pool",
        "roi_warp",
        "roi_warp_max",
        "roi_warp_end",
        "roi_warp_end_max",
        "roi_align",
        "roi_align_max",
        "roi_align_v2",
    )
}
MASKS: dict[str, dict[str, Any]] = {
    "sigmoid": {},
    "softmax": {"mask_output": "softmax"},
    "class_agnostic": {"mask_output": "class_agnostic"},
    "mlp": {"mask_head": "mlp"},
}
CHOICES = OPERATORS | MASKS

NAMES = {
    "roi_pool": "RoIPool",
    "roi_warp": "RoIWarp mean",
    "roi_warp_max": "RoIWarp max",
    "roi_warp_end": "RoIWarp mean, end cell",
    "roi_warp_end_max": "RoIWarp max, end cell",
    "roi_align": "RoIAlign mean",
    "roi_align_max": "RoIAlign max",
    "roi_align_v2": "RoIAlign aligned",
    "sigmoid": "FCN, sigmoid",
    "softmax": "FCN, softmax",
    "class_agnostic": "FCN, class-agnostic",
    "mlp": "MLP, sigmoid",
}


@dataclass(frozen=True)
class Variant:
    """A way to train a model and to test it.

    Attributes
    ----------
    title : str
    base : Config
        The model, before a choice changes it.
    recipe : callable, (steps, config) -> Recipe
    training_set : callable, steps -> Dataset
    validation_set : callable, () -> Dataset
    every : int
        AP is measured every so many steps, and at the end.
    """

    title: str
    base: Config
    recipe: Callable[[int, Config], Recipe]
    training_set: Callable[[int], data.Dataset]
    validation_set: Callable[[], data.Dataset]
    every: int


def short_recipe(steps: int, config: Config) -> Recipe:
    """Return the recipe of the bundled `shapes` weights, with fewer steps and a higher rate."""
    return Recipe(steps=steps, batch_size=SHAPES_BATCH, lr=2e-3, model=config)


def full_recipe(steps: int, config: Config) -> Recipe:
    """Return the recipe of the bundled `shapes` weights; they were trained for 3,000 steps."""
    return Recipe(steps=steps, batch_size=SHAPES_BATCH, lr=1e-3, model=config)


def nuclei_recipe(steps: int, config: Config) -> Recipe:
    """Return the recipe of the bundled `nuclei` weights, with fewer steps and a higher rate."""
    return Recipe(steps=steps, batch_size=NUCLEI_BATCH, lr=2e-3, model=config, max_dets=300)


def one_round(steps: int) -> data.Dataset:
    """Return exactly as many shapes as are seen: one round, shuffled once."""
    return data.Shapes("train", size=steps * SHAPES_BATCH)


FULL = MINI.changed(anchor_sizes=(20, 32, 48))
FEW_ROIS = {
    "anchor_sizes": (20, 32, 48),
    "rpn_pre_nms_top_n_train": 200,
    "rpn_pre_nms_top_n_test": 100,
    "rpn_post_nms_top_n_train": 100,
    "rpn_post_nms_top_n_test": 50,
    "box_batch_size_per_image": 32,
}
# Nuclei at their own size: half of them are less than 13 pixels across, which is 3 cells of P2.
NUCLEI = MINI.changed(
    min_size=256,
    max_size=256,
    anchor_sizes=(10, 16, 28),
    rpn_post_nms_top_n_train=200,
    rpn_post_nms_top_n_test=200,
    box_batch_size_per_image=64,
    box_detections_per_img=150,
)

VARIANTS = {
    "pyramid": Variant(
        "pyramid, strides 4-16",
        MINI.changed(**FEW_ROIS),
        short_recipe,
        one_round,
        lambda: data.Shapes("val"),
        300,
    ),
    "stride16": Variant(
        "one map, stride 16",
        MINI_STRIDE16.changed(**FEW_ROIS),
        short_recipe,
        one_round,
        lambda: data.Shapes("val"),
        300,
    ),
    "full": Variant(
        "pyramid, the full recipe",
        FULL,
        full_recipe,
        lambda steps: data.Shapes("train"),
        lambda: data.Shapes("val"),
        300,
    ),
    "nuclei": Variant(
        "pyramid, nuclei",
        NUCLEI,
        nuclei_recipe,
        lambda steps: data.Nuclei(split="train"),
        lambda: data.Nuclei(split="val"),
        100,
    ),
}
