"""The training loop: draw a batch, sum the losses, walk back, clip, step; and never lose a run.

    lr(step) -> losses -> backward -> clip -> step -> a line in log.jsonl -> now and then a checkpoint

Everything random comes from one Generator whose state is in the checkpoint, so that a resumed run ends with
the same bytes as one that was never interrupted.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import MISSING, asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.loader import Loader
from minimaskrcnn.data.transforms import Augmentation
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays, save_model
from minimaskrcnn.io.transfer import start_from
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build
from minimaskrcnn.nn import freeze, optim, trainable_parameters
from minimaskrcnn.training.evaluating import evaluate
from minimaskrcnn.training.recipes import Recipe

Record = dict[str, Any]
STATE, LOG, MODEL = "state.npz", "log.jsonl", "model.npz"


class Trainer:
    """One run in one folder: `state.npz` (to resume), `log.jsonl`, and at the end `model.npz`.

    Parameters
    ----------
    recipe : Recipe
    dataset : Dataset, to learn from
    out : folder of the run
    seed : int
        Of the one Generator behind weights, order, augmentation and sampling.
    validation : Dataset, optional
        Evaluated every `recipe.evaluate_every` steps and at the end.
    augment : callable, optional
    weights : file to start from, in the place of weights that are drawn; see `io.transfer`
    on_record : callable
        Is handed every line of the log as a dict.
    """

    def __init__(
        self,
        recipe: Recipe,
        dataset: Dataset,
        out: str | Path,
        seed: int = 0,
        validation: Dataset | None = None,
        augment: Augmentation | None = None,
        weights: str | Path | None = None,
        on_record: Callable[[Record], None] = lambda record: None,
    ):
        self.recipe, self.out, self.seed = recipe, Path(out), seed
        self.validation, self.on_record, self.class_names = validation, on_record, dataset.class_names
        self.category_ids = dataset.category_ids if isinstance(dataset, CocoDataset) else None
        self.rng = np.random.default_rng(seed)
        self.model = build({**recipe.model, "num_classes": dataset.num_classes}, self.rng)
        self.model.class_names = tuple(dataset.class_names)
        self.fresh, self.weights = self._start(weights)
        freeze(self.model, *recipe.freeze)
        self.optimizer = make_optimizer(recipe, self.model)
        self.schedule = make_schedule(recipe)
        self.loader = Loader(dataset, recipe.batch_size, self.rng, augment)
        self.step, self.seconds = 0, 0.0

    def _start(self, weights: str | Path | None) -> tuple[list[str], str | None]:
        """Fill the model from a file; the names that it did not fill, and its SHA-256."""
        if weights is None:
            return [], None
        fresh = start_from(self.model, weights)
        with open(weights, "rb") as stream:
            return fresh, hashlib.file_digest(stream, "sha256").hexdigest()

    def run(self, resume: bool = False, stop_at: int | None = None) -> MaskRCNN:
        """Train to the end of the recipe (or to step `stop_at`), and return the model.

        Raises
        ------
        InputError
            If the folder holds a run and `resume` is False, or `resume` is True and it holds none.
        TrainingDivergedError
            If a loss becomes NaN or infinite.
        """
        self._open_folder(resume)
        last = min(self.recipe.steps, stop_at or self.recipe.steps)
        with open(self.out / LOG, "a", encoding="utf-8") as log:
            while self.step < last:
                began = time.perf_counter()
                record = self.train_step()
                self.seconds += time.perf_counter() - began
                self._write(log, {**record, "seconds": round(self.seconds, 3)})
                self._now_and_then(log)
            self.save_state()
        if self.step == self.recipe.steps:
            save_model(self.out / MODEL, self.predictor(), self.facts())
        return self.model

    def predictor(self) -> MaskRCNN:
        """The model of this moment with the recipe's settings of prediction."""
        if not self.recipe.predict:
            return self.model
        classes = self.model.num_classes
        model = build({**self.recipe.model, **self.recipe.predict, "num_classes": classes})
        model.load_state_dict(self.model.state_dict())
        model.class_names = self.model.class_names
        return model

    def train_step(self) -> Record:
        """One update; returns its line of the log."""
        images, targets = next(self.loader)
        self.optimizer.lr = self.schedule(self.step)
        self.model.train()
        self.model.zero_grad()
        counts: Record = {}
        losses = self.model.losses(images, targets, self.rng, partial(_count, counts))
        total = total_loss(losses)
        self._refuse_nan(losses)
        total.backward()
        norm = optim.clip_grad_norm(self.optimizer.parameters, self.recipe.clip_norm)
        if not np.isfinite(norm):
            raise TrainingDivergedError(
                f"the gradient is {norm} at step {self.step + 1} though every loss is finite: "
                f"{self._likely_cause()}"
            )
        self.optimizer.step()
        self.step += 1
        terms = {name: float(term.data) for name, term in losses.items()}
        return {
            "step": self.step,
            "loss": float(total.data),
            **terms,
            **counts,
            "lr": self.optimizer.lr,
            "grad_norm": norm,
        }

    def _refuse_nan(self, losses: dict[str, Tensor]) -> None:
        for name, term in losses.items():
            if not np.isfinite(term.data):
                raise TrainingDivergedError(
                    f"{name} is {float(term.data)} at step {self.step + 1}: {self._likely_cause()}"
                )

    def _likely_cause(self) -> str:
        if not all(np.isfinite(p.data).all() for p in self.model.parameters()):
            return (
                f"the weights themselves are no longer finite, so the learning rate ({self.optimizer.lr:g}) "
                "is too high; lower it or warm up for longer."
            )
        return (
            "the weights are finite, so look at this batch: a value that overflows, or a box with no area; "
            "run it under autograd.detect_anomaly() to see which op made it."
        )

    def _now_and_then(self, log: Any) -> None:
        if self.step % self.recipe.checkpoint_every == 0:
            self.save_state()
        if self.validation is not None and (
            self.step % self.recipe.evaluate_every == 0 or self.step == self.recipe.steps
        ):
            result = evaluate(self.predictor(), self.validation, self.recipe.max_dets)
            scores = {f"box_{k}": result.box[k] for k in ("AP", "AP50", "AP75")}
            if result.mask is not None:
                scores |= {f"mask_{k}": result.mask[k] for k in ("AP", "AP50", "AP75")}
            self._write(log, {"step": self.step, **scores})

    def _write(self, log: Any, record: Record) -> None:
        log.write(json.dumps(record) + "\n")
        log.flush()
        self.on_record(record)

    # ---- keeping and resuming --------------------------------------------------------------------------

    def facts(self) -> Record:
        """What made these weights. No times in it: the same seed gives the same bytes."""
        return {
            "class_names": self.class_names,
            "category_ids": self.category_ids,
            "seed": self.seed,
            "step": self.step,
            "weights": self.weights,
            "recipe": asdict(self.recipe),
        }

    def save_state(self) -> None:
        """Write all that a resumed run needs, in one file, atomically."""
        arrays = {f"model/{name}": array for name, array in self.model.state_dict().items()}
        arrays |= {f"optimizer/{name}": array for name, array in self.optimizer.state_dict().items()}
        save_arrays(self.out / STATE, arrays, {**self.facts(), "loader": self.loader.state()})

    def load_state(self) -> None:
        """Continue from `state.npz`; the recipe and the data must be those it was begun with."""
        arrays, meta = load_arrays(self.out / STATE)
        changed = _differences(json.loads(json.dumps(self.facts())), meta)
        if changed:
            raise InputError(
                f"resume: {self.out} was begun with other settings ({changed}); "
                "use the same command with --resume, or another folder."
            )
        self.model.load_state_dict(_below("model/", arrays))
        self.optimizer.load_state_dict(_below("optimizer/", arrays))
        self.loader.restore(meta["loader"])
        self.step = int(meta["step"])

    def _open_folder(self, resume: bool) -> None:
        exists = (self.out / STATE).is_file() or (self.out / LOG).is_file()
        if not resume:
            if exists:
                raise InputError(
                    f"train: {self.out} already holds a run; add --resume, or choose another folder."
                )
            self.out.mkdir(parents=True, exist_ok=True)
            return
        self.load_state()
        self._rewind_log()

    def _rewind_log(self) -> None:
        """Drop the lines that came after the checkpoint; the run will write them again."""
        records = read_log(self.out / LOG)
        kept = [record for record in records if record["step"] <= self.step]
        self.seconds = max((record.get("seconds", 0.0) for record in kept), default=0.0)
        text = "".join(json.dumps(record) + "\n" for record in kept)
        atomic_write(self.out / LOG, lambda stream: stream.write(text.encode()))


def total_loss(losses: dict[str, Tensor]) -> Tensor:
    """The plain sum of the losses (Mask R-CNN, section 3: L = L_cls + L_box + L_mask, and the RPN's two)."""
    terms = list(losses.values())
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _count(record: Record, name: str, array: Any, axes: tuple[str, ...]) -> None:
    """Note how many sampled anchors and RoIs stand for objects (fg) and for background (bg)."""
    if name in ("sampled_anchors", "sampled_rois"):
        what = name.removeprefix("sampled_")
        record[f"fg_{what}"], record[f"bg_{what}"] = map(int, array)


def make_optimizer(recipe: Recipe, model: MaskRCNN) -> optim.Optimizer:
    """The recipe's optimiser over all that is trained; only weights with two or more axes decay."""
    parameters = trainable_parameters(model)
    if not parameters:
        raise InputError("train: every parameter is frozen; leave some out of the recipe's freeze.")
    mask = [parameter.ndim > 1 for parameter in parameters]
    if recipe.optimizer == "adamw":
        return optim.AdamW(parameters, recipe.lr, weight_decay=recipe.weight_decay, decay_mask=mask)
    if recipe.optimizer == "sgd":
        return optim.SGD(parameters, recipe.lr, 0.9, recipe.weight_decay, decay_mask=mask)
    raise InputError(f"optimizer {recipe.optimizer!r} is unknown; choose adamw or sgd.")


def make_schedule(recipe: Recipe) -> optim.Schedule:
    """The recipe's learning rate at each step."""
    if recipe.schedule == "cosine":
        return optim.warmup_cosine(recipe.lr, recipe.steps, recipe.warmup)
    if recipe.schedule == "steps":
        milestones = (recipe.steps * 2 // 3, recipe.steps * 8 // 9)
        return optim.warmup_steps(recipe.lr, recipe.warmup, milestones)
    raise InputError(f"schedule {recipe.schedule!r} is unknown; choose cosine or steps.")


def _differences(now: Record, then: Record) -> str:
    """The settings of a run that changed, as `name then -> now`; steps done do not count."""
    others = ("seed", "class_names", "weights")
    flat_now = {**now["recipe"], **{name: now[name] for name in others}}
    # A setting that an older version did not write had the value that is now its default.
    plain = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    flat_then = {**json.loads(json.dumps(plain)), "predict": {}, **then.get("recipe", {})}
    flat_then |= {name: then.get(name) for name in others}
    return ", ".join(
        f"{name} {flat_then.get(name)} -> {value}"
        for name, value in flat_now.items()
        if flat_then.get(name) != value
    )


def read_log(path: str | Path) -> list[Record]:
    """The records of a log; a last line cut short by a crash is left out."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"log {path}: not a text file ({error}); pass the log.jsonl of a run.") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise InputError(f"log {path}: line {number} is not JSON; repair or delete it.") from error
    return records


def _below(prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
