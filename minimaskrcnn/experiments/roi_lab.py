"""Change one thing and keep everything else: a run trains a small Mask R-CNN and measures it.

    (choice, variant, seed, steps, pictures) -> weights, order, sampling from the seed -> train -> measure

All choices of one seed begin with the same weights, where they have the same layers, and see the same
pictures in the same order. They are compared seed by seed. Equal seeds are not equal runs on another machine:
its BLAS rounds differently, and training enlarges the difference, so every row names its processor.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn import data
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator, LocalisationEvaluator
from minimaskrcnn.experiments.lab_variants import CHOICES, MASKS, VARIANTS
from minimaskrcnn.models import MaskRCNN, build
from minimaskrcnn.training import Recipe, Trainer

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
FACTS = ("curve", "cpu_seconds", "processor", "date")


@dataclass(frozen=True)
class Experiment:
    """A question: which choices are compared, in which variants, and how large it is unless asked otherwise.

    Attributes
    ----------
    summary : str
    choices, variants : tuple of str
        Names in `CHOICES` and `VARIANTS`; the first choice is the one that is subtracted from the others.
    seeds, steps, pictures : int
    """

    summary: str
    choices: tuple[str, ...]
    variants: tuple[str, ...]
    seeds: int
    steps: int
    pictures: int

    @property
    def baseline(self) -> str:
        """The choice that is subtracted from the others."""
        return self.choices[0]


EXPERIMENTS = {
    "operators": Experiment(
        "RoIPool, RoIWarp (RoIAlign with the box rounded) and RoIAlign, with a pyramid and at stride 16",
        ("roi_pool", "roi_warp", "roi_align"),
        ("pyramid", "stride16"),
        seeds=10,
        steps=300,
        pictures=100,
    ),
    "family": Experiment(
        "maximum and mean, the end cell, half a cell, with a pyramid and at stride 16",
        ("roi_pool", "roi_warp_end", "roi_warp_end_max", "roi_align", "roi_align_max", "roi_align_v2"),
        ("pyramid", "stride16"),
        seeds=3,
        steps=300,
        pictures=100,
    ),
    "full": Experiment(
        "RoIPool and RoIAlign at the full length of training, with AP on the way",
        ("roi_pool", "roi_align"),
        ("full",),
        seeds=3,
        steps=3000,
        pictures=100,
    ),
    "nuclei": Experiment(
        "RoIPool and RoIAlign on photographs of nuclei, a short training",
        ("roi_pool", "roi_align"),
        ("nuclei",),
        seeds=3,
        steps=300,
        pictures=25,
    ),
    "masks": Experiment(
        "the mask branch: sigmoid, softmax, class-agnostic, and an MLP",
        tuple(MASKS),
        ("pyramid",),
        seeds=5,
        steps=300,
        pictures=100,
    ),
}


@dataclass(frozen=True)
class Run:
    """One cell of an experiment.

    Attributes
    ----------
    choice : str
        A name in `CHOICES`.
    variant : str
        A name in `VARIANTS`.
    seed : int
        The seed of the weights, the order and the sampling.
    steps : int
        Number of updates.
    pictures : int
        Number of pictures of the fixed validation set that are predicted.
    """

    choice: str
    variant: str
    seed: int
    steps: int
    pictures: int

    @property
    def name(self) -> str:
        """A file name that no other run has."""
        return f"{self.variant}-{self.choice}-seed{self.seed}-steps{self.steps}-pictures{self.pictures}"

    def settings(self) -> dict[str, Any]:
        """Return everything that the result depends on, but for the machine."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """The size of a comparison: its experiment, seeds, steps per run, and number of validation pictures."""

    experiment: str
    seeds: tuple[int, ...]
    steps: int
    pictures: int

    def runs(self) -> list[Run]:
        """Return the runs, one seed after the other, so that an interrupted comparison has whole seeds."""
        if not self.seeds or min(self.steps, self.pictures) < 1:
            raise InputError(
                f"roi lab: {len(self.seeds)} seeds, {self.steps} steps, {self.pictures} pictures; "
                "each must be at least 1."
            )
        experiment = EXPERIMENTS[self.experiment]
        return [
            Run(choice, variant, seed, self.steps, self.pictures)
            for seed in self.seeds
            for variant in experiment.variants
            for choice in experiment.choices
        ]


def recipe(run: Run) -> Recipe:
    """Return the recipe of the run's variant, with the model that its choice changes."""
    variant = VARIANTS[run.variant]
    return variant.recipe(run.steps, variant.base.changed(**CHOICES[run.choice]))


def trainer(run: Run) -> Trainer:
    """Make a trainer that draws weights and order from the seed, independently of the choice.

    The generator that decides the order is left where the weights of the unchanged model would leave it.
    """
    variant, rng = VARIANTS[run.variant], np.random.default_rng(run.seed)
    pictures, plan = variant.training_set(run.steps), recipe(run)
    classes = {"num_classes": pictures.num_classes}
    build(variant.base.changed(**classes), rng)
    model = build(plan.model.changed(**classes), np.random.default_rng(run.seed))
    return Trainer(model, pictures, plan, seed=rng)


def perform(run: Run) -> dict[str, Any]:
    """Train and measure one cell. This is a top-level function, so that worker processes can import it.

    Returns
    -------
    dict
        The settings, the `MEASURES` at the end (None if there is no value), and the `FACTS`: the `curve` of
        mask and box AP over the steps, `cpu_seconds` of this thread, `processor`, and `date`.
    """
    began = time.thread_time()
    training, validation = trainer(run), VARIANTS[run.variant].validation_set()
    curve: list[dict[str, Any]] = []
    for step in measured_steps(run):
        while training.step < step:
            training.train_step()
        scores = measure(training.model, validation, run.pictures)
        curve.append({"step": step, "mask_AP": scores["mask_AP"], "box_AP": scores["box_AP"]})
    seconds, today = time.thread_time() - began, datetime.now(UTC).date().isoformat()
    facts = (curve, round(seconds, 1), processor(), today)
    return {**run.settings(), **scores, **dict(zip(FACTS, facts, strict=True))}


def measured_steps(run: Run) -> Iterator[int]:
    """Yield the steps after which a run is measured, the last one among them."""
    yield from range(VARIANTS[run.variant].every, run.steps, VARIANTS[run.variant].every)
    yield run.steps


def measure(model: MaskRCNN, dataset: data.Dataset, pictures: int) -> dict[str, float | None]:
    """Compute the nine `MEASURES` over the first pictures; one is None if there is nothing to average."""
    box, mask, drawn = CocoEvaluator("bbox"), CocoEvaluator("segm"), LocalisationEvaluator()
    for index in range(min(pictures, len(dataset))):
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


def processor() -> str:
    """Return the name of this machine's processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())
