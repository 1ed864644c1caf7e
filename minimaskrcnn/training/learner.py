"""Train by one update after the other: draw a batch, sum the losses, run backward, clip, step.

    lr(step) -> losses -> backward -> clip -> step

Everything random comes from one Generator. If an update is stopped halfway, everything is restored to its
state before the update, so the state is always that of a whole number of updates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.loader import Loader
from minimaskrcnn.data.preparation import steps_left
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.models.losses import Losses
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.nn import freeze, optim
from minimaskrcnn.training import stopping
from minimaskrcnn.training.augmentation import augmentation
from minimaskrcnn.training.optimization import make_optimizer, make_schedule
from minimaskrcnn.training.recipes import Recipe

Record = dict[str, Any]


class Learner:
    """A model, its optimiser and its batches. It reads and writes no files.

    Parameters
    ----------
    model : MaskRCNN
        Trained in place. It is given the class names of the data and `recipe.prepare`, and `recipe.freeze`
        is applied to it.
    dataset : Dataset
    recipe : Recipe
    rng : Generator
        Decides the order of the pictures, the augmentation and the sampling.

    Attributes
    ----------
    step : int
        Number of updates so far.
    """

    def __init__(self, model: MaskRCNN, dataset: Dataset, recipe: Recipe, rng: np.random.Generator):
        if model.num_classes != dataset.num_classes:
            raise InputError(
                f"Trainer: the model has {model.num_classes} classes and the data set {dataset.num_classes}, "
                "with the background; build the model with the data set's num_classes."
            )
        if model.config is not None:
            recipe = replace(recipe, model=model.config)
        prepared = getattr(dataset, "prepared", ())
        left = steps_left(recipe.prepare, prepared)
        recipe = replace(recipe, prepare=(*prepared, *left))
        self.model, self.recipe, self.rng, self.step = model, recipe, rng, 0
        model.class_names, model.prepare = tuple(dataset.class_names), recipe.prepare
        if model.skeleton is not None:
            model.skeleton = getattr(dataset, "skeleton", None) or model.skeleton
        freeze(model, *recipe.freeze)
        self.optimizer = make_optimizer(recipe, model)
        self.schedule = make_schedule(recipe)
        self.loader = Loader(dataset, recipe.batch_size, rng, augmentation(recipe.augment, left))

    def train_step(self) -> Record:
        """Make one update, and return its line of the log."""
        return self._update(self._gradient())

    def _gradient(self) -> Record:
        """Draw a batch, run backward, and return the losses. An interruption undoes all of it."""
        with self._undone_on_error():
            images, targets = next(self.loader)
            self.model.train()
            self.model.zero_grad()
            losses = self.model.losses(images, targets, self.rng)
            total = total_loss(losses)
            self._refuse_nan(losses)
            total.backward()
            norm = optim.clip_grad_norm(self.optimizer.parameters, self.recipe.clip_norm)
            if not np.isfinite(norm):
                raise TrainingDivergedError(
                    f"the gradient is {norm} at step {self.step + 1} though every loss is finite: "
                    f"{self._likely_cause()}"
                )
        terms = {name: float(term.data) for name, term in losses.items()}
        return {"loss": float(total.data), **terms, **losses.counts, "grad_norm": norm}

    def _update(self, gradient: Record) -> Record:
        """Update the weights, and return the line of the log."""
        self.optimizer.lr = self.schedule(self.step)
        self.optimizer.step()
        self.step += 1
        norm = gradient.pop("grad_norm")
        return {"step": self.step, **gradient, "lr": self.optimizer.lr, "grad_norm": norm}

    @contextlib.contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Restore the loader, the Generator and the running statistics if the block ends in an error."""
        loader = self.loader.state()
        buffers = {name: array.copy() for name, array in self.model.named_buffers()}
        try:
            yield
        except BaseException:
            with stopping.held():
                self.loader.restore(loader)
                for name, array in self.model.named_buffers():
                    array[...] = buffers[name]
            raise

    def _refuse_nan(self, losses: Losses) -> None:
        for name, term in losses.items():
            if not np.isfinite(term.data):
                raise TrainingDivergedError(
                    f"{name} is {float(term.data)} at step {self.step + 1}: {self._likely_cause()}"
                )

    def _likely_cause(self) -> str:
        if not all(np.isfinite(p.data).all() for p in self.model.parameters()):
            return (
                f"the weights themselves are no longer finite, so the learning rate ({self.optimizer.lr:g}) "
                "is too high; lower it, or warm up for longer."
            )
        return (
            f"the weights are finite, so either they have grown too large (the learning rate was "
            f"{self.optimizer.lr:g}), or a value of this batch overflows; lower the rate, or run the step "
            "under autograd.detect_anomaly() to see which op made it."
        )

    # ---- state -----------------------------------------------------------------------------------------

    def arrays(self) -> dict[str, np.ndarray]:
        """Return copies of the weights and of the optimiser's moments, by name."""
        arrays = {f"model/{name}": array for name, array in self.model.state_dict().items()}
        return arrays | {f"optimizer/{name}": array for name, array in self.optimizer.state_dict().items()}

    def restore(
        self, arrays: dict[str, np.ndarray], loader: Record, step: int, new_round: bool = False
    ) -> None:
        """Continue from saved `arrays()`, `loader.state()` and `step`, or from the round after them."""
        self.model.load_state_dict(_below("model/", arrays))
        self.optimizer.load_state_dict(_below("optimizer/", arrays))
        if new_round:
            self.loader.begin_round(loader)
        else:
            self.loader.restore(loader)
        self.step = step


def total_loss(losses: Mapping[str, Tensor]) -> Tensor:
    """Return the sum of the losses (Mask R-CNN, section 3: L = L_cls + L_box + L_mask, and the RPN's two)."""
    terms = list(losses.values())
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
