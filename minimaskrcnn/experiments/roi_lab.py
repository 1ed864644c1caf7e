"""Change one operator and keep everything else: a run trains a small Mask R-CNN on Shapes and measures it.

    (operator, variant, seed, steps, pictures) -> weights, order, sampling from the seed -> train -> measure

All operators of one seed begin with the same weights and see the same pictures in the same order, each
picture once, so their results can be subtracted seed by seed. The measures depend only on these five
settings, as long as the matrix products run on one thread. The BLAS of a different machine may round
differently.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from minimaskrcnn import data
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator, LocalisationEvaluator
from minimaskrcnn.models import PRESETS, MaskRCNN
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.training import Recipe, Trainer

BATCH_SIZE = 4
VARIANTS = {"pyramid": "mini", "stride16": "mini_stride16"}  # name -> preset
BASELINE = "roi_pool"
MEASURES = (
    "box_AP",
    "box_AP50",
    "box_AP75",
    "mask_AP",
    "mask_AP50",
    "mask_AP75",
    "boundary_iou",
    "centroid_offset",
    "matched",
)


@dataclass(frozen=True)
class RoIRun:
    """One cell of the grid.

    Attributes
    ----------
    operator : str
        A name in `roi_extractor.OPERATORS`.
    variant : str
        "pyramid" (strides 4, 8, 16) or "stride16" (one map).
    seed : int
        The seed of the weights, the order and the sampling.
    steps : int
        Number of updates, of `BATCH_SIZE` pictures each.
    pictures : int
        Number of pictures of the fixed validation set that are predicted.
    """

    operator: str
    variant: str
    seed: int
    steps: int
    pictures: int

    @property
    def name(self) -> str:
        """A file name that no other run has."""
        return f"{self.variant}-{self.operator}-seed{self.seed}-steps{self.steps}-pictures{self.pictures}"

    def settings(self) -> dict[str, Any]:
        """Return everything that the result depends on."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """The size of a comparison: its seeds, the steps per run, and the number of validation pictures."""

    seeds: tuple[int, ...]
    steps: int = 300
    pictures: int = 100

    def runs(self) -> list[RoIRun]:
        """Return the runs, one seed after the other, so that an interrupted comparison has whole seeds."""
        if not self.seeds or min(self.steps, self.pictures) < 1:
            raise InputError(
                f"roi lab: {len(self.seeds)} seeds, {self.steps} steps, {self.pictures} pictures; "
                "each must be at least 1."
            )
        return [
            RoIRun(operator, variant, seed, self.steps, self.pictures)
            for seed in self.seeds
            for variant in VARIANTS
            for operator in OPERATORS
        ]


def recipe(run: RoIRun) -> Recipe:
    """Return the recipe of the bundled `shapes` weights, with fewer steps, a higher rate and fewer RoIs."""
    return Recipe(
        steps=run.steps,
        batch_size=BATCH_SIZE,
        lr=2e-3,
        model=PRESETS[VARIANTS[run.variant]].changed(
            roi_operator=run.operator,
            anchor_sizes=(20, 32, 48),
            rpn_pre_nms_top_n_train=200,
            rpn_pre_nms_top_n_test=100,
            rpn_post_nms_top_n_train=100,
            rpn_post_nms_top_n_test=50,
            box_batch_size_per_image=32,
        ),
    )


def trainer(run: RoIRun) -> Trainer:
    """Make a trainer that draws weights and order from the seed, independently of the operator.

    The training set holds exactly `steps * BATCH_SIZE` pictures: one round, shuffled once.
    """
    pictures = data.Shapes("train", size=run.steps * BATCH_SIZE)
    return Trainer.from_recipe(recipe(run), pictures, seed=run.seed)


def perform(run: RoIRun) -> dict[str, Any]:
    """Train and measure one cell. This is a top-level function, so that worker processes can import it.

    Returns
    -------
    dict
        The settings, the `MEASURES` (None if there is no value), `cpu_seconds` of this thread, and `date`.
    """
    began = time.thread_time()
    training = trainer(run)
    for _ in range(run.steps):
        training.train_step()
    scores = measure(training.model, data.Shapes("val", size=run.pictures))
    facts = {
        "cpu_seconds": round(time.thread_time() - began, 1),
        "date": datetime.now(UTC).date().isoformat(),
    }
    return {**run.settings(), **scores, **facts}


def measure(model: MaskRCNN, dataset: data.Dataset) -> dict[str, float | None]:
    """Compute the nine `MEASURES` over a data set; one is None if there is nothing to average."""
    box, mask, drawn = CocoEvaluator("bbox"), CocoEvaluator("segm"), LocalisationEvaluator()
    for index in range(len(dataset)):
        image, target = dataset[index]
        detections = model.predict([image])[0]
        for evaluator in (box, mask, drawn):
            evaluator.add(target, detections)
    scores = {
        f"{kind}_{name}": evaluator.summary()[name]
        for kind, evaluator in (("box", box), ("mask", mask))
        for name in ("AP", "AP50", "AP75")
    }
    scores |= drawn.summary()
    return {name: scores[name] if np.isfinite(scores[name]) else None for name in MEASURES}
