"""Our side of the training step: the bundled `shapes` model, four pictures of 128x128, one update.

The learning rate is practically 0. So every step does all the work of an update, and the next step starts
from the same weights, which keeps the steps of both sides comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.even import EvenChoice
from minimaskrcnn import data, weights
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.io import load_model
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.nn import optim
from minimaskrcnn.training.learner import total_loss
from minimaskrcnn.training.optimization import make_optimizer
from minimaskrcnn.training.recipes import RECIPES

BATCH = 4
RECIPE = replace(RECIPES["shapes"], lr=1e-12)  # changes less than rounding does


def load() -> MaskRCNN:
    """Load the bundled model, ready to train."""
    model, _ = load_model(weights.path("shapes"))
    return model.train()


def batch(dtype: type = np.float32) -> tuple[list[np.ndarray], list[Target]]:
    """Return four training pictures and their objects."""
    samples = [data.Shapes("train")[i] for i in range(BATCH)]
    return [image.astype(dtype) for image, _ in samples], [target for _, target in samples]


def training_step(
    model: MaskRCNN, images: Sequence[np.ndarray], targets: Sequence[Target]
) -> Callable[[], object]:
    """Return a function that does the work of `Trainer.train_step`, with evenly spaced samples."""
    optimizer = make_optimizer(RECIPE, model)

    def step() -> None:
        model.zero_grad()
        total_loss(model.losses(images, targets, EvenChoice())).backward()
        optim.clip_grad_norm(optimizer.parameters, RECIPE.clip_norm)
        optimizer.step()

    return step
