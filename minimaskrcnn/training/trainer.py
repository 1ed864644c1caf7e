"""A training run: updates, with evaluations between them, and a folder from which the run can be resumed.

    update -> a line in the log -> sometimes a state, an evaluation, the best model -> at the end the model

The state holds the weights, the optimiser's moments and the Generator, so that a resumed run ends with the
same bytes as one that was never interrupted.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.detection.skeleton import Skeleton
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.io.checkpoint import save_arrays
from minimaskrcnn.io.transfer import start_from
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build
from minimaskrcnn.training import stopping
from minimaskrcnn.training.evaluating import best_evaluation, evaluate
from minimaskrcnn.training.fingerprint import data_changes, fingerprint
from minimaskrcnn.training.learner import Learner, Record
from minimaskrcnn.training.object_size import object_size
from minimaskrcnn.training.predicting import is_described, make_predictor
from minimaskrcnn.training.recipes import Recipe
from minimaskrcnn.training.resuming import changes
from minimaskrcnn.training.run_folder import RunFolder

log = logging.getLogger(__name__)
FINGERPRINT = "data/pictures"


class Trainer(Learner):
    """Train a model on a data set by a recipe.

    Parameters
    ----------
    model : MaskRCNN
        Trained in place. It is given the class names of the data, and `recipe.freeze` is applied to it.
        Its own config takes the place of `recipe.model`.
    dataset : Dataset
        The pictures to learn from.
    recipe : Recipe
    out : path, optional
        Folder of the run, see `run_folder`. Without it nothing is written.
    seed : int or Generator
        The source of all randomness: order, augmentation and sampling. If you pass the Generator that drew
        the weights, one seed determines the whole run.
    validation : Dataset, optional
        Evaluated every `recipe.evaluate_every` steps and at the end.
    origin : dict, optional
        Where the weights come from, to be stored with them: "seed", and "weights", the SHA-256 of a file.
    on_record : callable
        Called with each line of the log, a dict.
    on_picture : callable
        Called during an evaluation with the number of pictures done and their total.

    Attributes
    ----------
    step : int
        Number of updates so far.
    seconds : float
        Time spent on the updates.
    evaluations : list of dict
        The lines of the log that hold average precision.

    Raises
    ------
    InputError
        If the model, the data and the recipe do not fit together.

    Examples
    --------
    >>> from minimaskrcnn.data import Shapes
    >>> from minimaskrcnn.models import mini
    >>> rng = np.random.default_rng(0)
    >>> model = mini(4, proposals=(20, 20), rng=rng)
    >>> trainer = Trainer(model, Shapes("train", size=4), Recipe(steps=1, batch_size=1, lr=1e-3), seed=rng)
    >>> trainer.run() is model
    True
    """

    def __init__(
        self,
        model: MaskRCNN,
        dataset: Dataset,
        recipe: Recipe,
        out: str | Path | None = None,
        *,
        seed: int | np.random.Generator = 0,
        validation: Dataset | None = None,
        origin: Record | None = None,
        on_record: Callable[[Record], None] = lambda record: None,
        on_picture: Callable[[int, int], None] = lambda done, total: None,
    ):
        if validation is not None and validation.class_names != dataset.class_names:
            raise InputError(
                f"Trainer: the classes to learn are {', '.join(dataset.class_names[1:])}, those of the "
                f"validation data {', '.join(validation.class_names[1:])}; both must be the same."
            )
        super().__init__(model, dataset, recipe, np.random.default_rng(seed))
        self.folder = None if out is None else RunFolder(out)
        self.validation, self.on_record, self.on_picture = validation, on_record, on_picture
        self.origin = origin or {"seed": seed if isinstance(seed, int) else None, "weights": None}
        self._predictor = make_predictor(model, recipe)
        self._fingerprint = fingerprint(dataset)
        self.seconds = 0.0
        self.evaluations: list[Record] = []

    @classmethod
    def from_recipe(
        cls,
        recipe: Recipe,
        dataset: Dataset,
        out: str | Path | None = None,
        *,
        seed: int = 0,
        weights: str | Path | None = None,
        **others: Any,
    ) -> Trainer:
        """Build the recipe's model for the classes of the data, and make a trainer for it, from one seed.

        Parameters
        ----------
        weights : path, optional
            File to start from, see `io.start_from`.
        **others
            The other arguments of `Trainer`.
        """
        rng = np.random.default_rng(seed)
        masks = recipe.model.masks and getattr(dataset, "has_masks", True)
        if masks != recipe.model.masks:
            log.info("start: the data have boxes and no outlines, so the model has no mask branch")
        _check_keypoints(recipe, getattr(dataset, "skeleton", None))
        model = build(replace(recipe.model, num_classes=dataset.num_classes, masks=masks), rng)
        origin: Record = {"seed": seed, "weights": None}
        model.class_names = tuple(dataset.class_names)
        if weights is not None:
            fresh = start_from(model, weights)
            parts = dict.fromkeys(".".join(name.split(".")[:2]) for name in fresh)
            log.info("start: %s; drawn anew: %s", weights, ", ".join(parts) or "nothing")
            origin["weights"] = _sha256(weights)
        return cls(model, dataset, recipe, out, seed=rng, origin=origin, **others)

    # ---- the loop --------------------------------------------------------------------------------------

    def run(self, resume: bool = False, stop_at: int | None = None, changed_data: bool = False) -> MaskRCNN:
        """Train to the end of the recipe (or to step `stop_at`), and return the model.

        A run in a folder writes its state at the start, every `checkpoint_every` steps and whenever it stops:
        on Ctrl-C, SIGTERM, SIGHUP or an error. With `resume` it continues from that state. With
        `changed_data` it also continues if pictures or their objects were added, removed or moved; it then
        begins a new round through the pictures.

        Raises
        ------
        InputError
            If the folder holds a run and `resume` is False; or if `resume` is True and the folder holds no
            run, or a run with different settings or different data.
        TrainingDivergedError
            If a loss becomes NaN or infinite. The last saved state is kept, but not these weights.
        """
        last = min(self.recipe.steps, stop_at or self.recipe.steps)
        if self.folder is None:
            if resume:
                raise InputError("resume: this trainer has no folder; pass out=, where the run was begun.")
            self._train_to(last)
            return self.model
        with self.folder.opened(resume), stopping.as_interrupt():
            if resume:
                self.load_state(changed_data)
            else:
                self.save_state()
            with self._state_on_error():
                self._train_to(last)
            self.save_state()
            if self.finished:
                self._save_model(self.folder.model)
        return self.model

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or AP has not improved in the last `early_stop` evaluations."""
        return self.step >= self.recipe.steps or self._stopped_early()

    def _train_to(self, last: int) -> None:
        while True:
            if self._evaluation_is_due():
                self._evaluate()
            if self.step >= last or self._stopped_early():
                return
            began = time.perf_counter()
            gradient = self._gradient()
            with stopping.held():  # the step and its line in the log belong together
                record = self._update(gradient)
                self.seconds += time.perf_counter() - began
                self._write({**record, "seconds": round(self.seconds, 3)})
            if self.folder is not None and self.step % self.recipe.checkpoint_every == 0:
                self.save_state()

    # ---- evaluation ------------------------------------------------------------------------------------

    def predictor(self) -> MaskRCNN:
        """Return the current model, with the settings that the recipe has for prediction."""
        if self._predictor is not self.model:
            self._predictor.load_state_dict(self.model.state_dict())
        return self._predictor

    @property
    def best_step(self) -> int | None:
        """The step of the best evaluation so far."""
        best = best_evaluation(self.evaluations)
        return None if best is None else best["step"]

    def _evaluation_is_due(self) -> bool:
        """Whether to evaluate now; also true after a resume if the run was stopped during its evaluation."""
        if self.validation is None or self.step == 0:
            return False
        done = self.evaluations and self.evaluations[-1]["step"] == self.step
        return not done and (self.step % self.recipe.evaluate_every == 0 or self.step == self.recipe.steps)

    def _evaluate(self) -> None:
        """Measure AP on the validation set, keep the model if it is the best so far, and write a line."""
        assert self.validation is not None
        if self.folder is not None:
            self.save_state()
        total = len(self.validation)
        result = evaluate(
            self.predictor(),
            self.validation,
            self.recipe.max_dets,
            on_image=lambda index: self.on_picture(index + 1, total),
        )
        record: Record = {"step": self.step}
        for name, summary in result.named().items():
            record |= {f"{name}_{k}": summary[k] for k in ("AP", "AP50", "AP75")}
        if self.folder is not None and best_evaluation([*self.evaluations, record]) is record:
            self._save_model(self.folder.best)
        with stopping.held():
            self.evaluations.append(record)
            self._write(record)

    def _stopped_early(self) -> bool:
        """Whether none of the last `early_stop` evaluations was better than the best one before them."""
        best = self.best_step
        if not self.recipe.early_stop or best is None:
            return False
        return sum(record["step"] > best for record in self.evaluations) >= self.recipe.early_stop

    # ---- keeping and resuming --------------------------------------------------------------------------

    def facts(self) -> Record:
        """Return how these weights were made. It contains no times: the same seed gives the same bytes."""
        dataset = self.loader.dataset
        return {
            "class_names": dataset.class_names,
            "category_ids": getattr(dataset, "category_ids", None),
            **({"skeleton": asdict(self.model.skeleton)} if self.model.skeleton else {}),
            "prepare": list(self.recipe.prepare),
            **self.origin,
            "step": self.step,
            "recipe": asdict(self.recipe),
        }

    def save_state(self) -> None:
        """Write everything that a resumed run needs to one file, completely or not at all."""
        meta = {**self.facts(), "loader": self.loader.state()}
        self._run_folder().save_state(self.arrays() | {FINGERPRINT: self._fingerprint}, meta)

    def load_state(self, changed_data: bool = False) -> None:
        """Continue from the state in the folder; with `changed_data` even if the pictures have changed.

        Raises
        ------
        InputError
            If the run was started with different settings or different data.
        """
        folder = self._run_folder()
        arrays, meta = folder.load_state()
        forbidden, allowed = changes(self.facts(), meta)
        if forbidden:
            start = f" with --weights {folder.model}" if folder.model.is_file() else ""
            raise InputError(
                f"resume: {folder.path} was begun with other settings ({forbidden}); use the same command "
                f"with --resume, or begin another folder{start}."
            )
        if meta["step"] > self.recipe.steps:
            raise InputError(
                f"resume: {folder.path} has done {meta['step']} steps already, more than steps = "
                f"{self.recipe.steps}; raise steps."
            )
        then = arrays.get(FINGERPRINT, self._fingerprint)  # older versions wrote none
        data = data_changes(self._fingerprint, then)
        if meta.get("category_ids") != self.facts()["category_ids"]:
            data = ", ".join(filter(None, [data, "the categories have other ids"]))
        if data and not changed_data:
            raise InputError(
                f"resume: {folder.path} was begun with other data ({data}); put them back, or go on with "
                "these by --changed-data."
            )
        allowed = ", ".join(filter(None, [allowed, data]))
        if allowed:
            log.info("resume: going on with %s", allowed)
        self.restore(arrays, meta["loader"], meta["step"], new_round=bool(data))
        records = folder.rewind(self.step)
        self.seconds = max((record.get("seconds", 0.0) for record in records), default=0.0)
        self.evaluations = [record for record in records if "box_AP" in record]

    @contextlib.contextmanager
    def _state_on_error(self) -> Iterator[None]:
        """Write the state of the last complete step if the block ends in an interruption or an error."""
        try:
            yield
        except TrainingDivergedError:
            raise  # these weights are useless; those of the state on disk may still be good
        except BaseException:
            with (
                stopping.held(),
                contextlib.suppress(OSError),
            ):  # if the disk is full, the first error says so
                self.save_state()
            raise

    def _save_model(self, path: Path) -> None:
        """Write the model with its config, or only its weights if the config does not describe it."""
        model = self.predictor()
        facts = {**self.facts(), "object_size": self._object_size}
        if is_described(model):
            facts["config"] = model.config
        save_arrays(path, model.state_dict(), facts)

    @cached_property
    def _object_size(self) -> float | None:
        """The size of the objects as the predicting model sees them."""
        return object_size(self._predictor, self.loader.dataset)

    def _write(self, record: Record) -> None:
        if self.folder is not None:
            self.folder.append(record)
        self.on_record(record)

    def _run_folder(self) -> RunFolder:
        if self.folder is None:
            raise InputError("Trainer: there is no folder to keep the state in; pass out=.")
        return self.folder


def _check_keypoints(recipe: Recipe, skeleton: Skeleton | None) -> None:
    """Refuse a model whose keypoints are not those of the data; say so where the data's are not learnt.

    Raises
    ------
    InputError
        If their numbers differ, or if pictures are flipped and no name tells left keypoints from right ones.
    """
    wanted, known = recipe.model.keypoints, 0 if skeleton is None else len(skeleton)
    if wanted and wanted != known:
        fix = f"--set keypoints={known}" if known else "leave out --set keypoints"
        raise InputError(f"the model has {wanted} keypoints per object, the data {known or 'none'}; {fix}.")
    flips = [name for name in recipe.augment if name.endswith("_flip")]
    if wanted and flips and skeleton is not None and not skeleton.is_named:
        rest = ",".join(name for name in recipe.augment if name not in flips)
        raise InputError(
            f"the keypoints have no names, so {flips[0]} cannot tell left from right; name them in the "
            f"category of the file, or leave out flips with --set augment=[{rest}]."
        )
    if known and not wanted:
        log.info("start: the data have keypoints; --set keypoints=%d adds a branch that learns them", known)


def _sha256(path: str | Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
