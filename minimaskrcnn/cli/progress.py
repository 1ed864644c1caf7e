"""Progress on stderr: how far and how much longer, which part of the model runs, and the training losses."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from minimaskrcnn.autograd import hook
from minimaskrcnn.autograd.hooks import Event

if TYPE_CHECKING:
    from minimaskrcnn.models import MaskRCNN

SHORT = {
    "loss": "loss",
    "loss_objectness": "obj",
    "loss_rpn_box_reg": "rpn",
    "loss_classifier": "cls",
    "loss_box_reg": "box",
    "loss_mask": "mask",
    "loss_keypoint": "keypoint",
}
# The parts of a model in the order in which they run, by the first words of the scopes of their operations.
PARTS = {
    "backbone/body": "backbone",
    "backbone/fpn": "pyramid",
    "rpn": "proposals",
    "roi_heads/box": "classes and boxes",
    "roi_heads/mask": "masks",
    "roi_heads/keypoint": "keypoints",
}
SMOOTHING = 0.95  # for the running mean of each loss: about the last 20 steps
LOG_INTERVAL = 30.0  # seconds between two lines when stderr is a file


def open_bar(total: int, unit: str, quiet: bool, done: int = 0, leave: bool = True) -> tqdm:
    """Make a progress bar on stderr that does not flood a log file; it shows nothing if `quiet`.

    Unless `leave` is set, the bar is removed from the terminal when it is full.
    """
    if sys.platform == "emscripten":  # in a browser there is no thread to update the bar
        tqdm.monitor_interval = 0
    interval = 0.1 if sys.stderr.isatty() else LOG_INTERVAL
    return tqdm(
        total=total,
        initial=done,
        unit=unit,
        disable=quiet,
        leave=leave,
        mininterval=interval,
        maxinterval=interval,
        dynamic_ncols=True,
    )


class Progress:
    """Called with each record of the log, this shows the losses, the scores and the time left.

    Parameters
    ----------
    steps : int
        Number of steps of the whole run.
    quiet : bool
        Whether to show nothing.
    """

    def __init__(self, steps: int, quiet: bool):
        self._means: dict[str, float] = {}
        self._steps, self._quiet = steps, quiet
        self._bar: tqdm | None = None
        self._pictures: tqdm | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in (self._pictures, self._bar):
            if bar is not None:
                bar.close()

    def picture(self, done: int, total: int) -> None:
        """Show how many pictures an evaluation has predicted so far."""
        if self._pictures is None:
            self._pictures = open_bar(total, "picture", self._quiet, leave=False)
        self._pictures.update(done - self._pictures.n)
        if done == total:
            self._pictures.close()
            self._pictures = None

    def __call__(self, record: dict[str, Any]) -> None:
        """Show one record, of a step or of an evaluation."""
        if self._bar is None:
            self._bar = open_bar(self._steps, "step", self._quiet, record["step"] - ("loss" in record))
        if "loss" in record:
            self._update_means(record)
            losses = "  ".join(f"{SHORT[name]} {mean:.3f}" for name, mean in self._means.items())
            self._bar.set_postfix_str(losses, refresh=False)
            self._bar.update()
        elif not self._quiet:
            scores = "  ".join(f"{name} {value:.3f}" for name, value in record.items() if name != "step")
            self._bar.write(f"step {record['step']}: {scores}", file=sys.stderr)

    def _update_means(self, record: dict[str, Any]) -> None:
        for name in SHORT:
            if name in record:
                before = self._means.get(name, record[name])
                self._means[name] = SMOOTHING * before + (1 - SMOOTHING) * record[name]


class StageProgress:
    """Follow the operations of one prediction by their scopes, and show which part of the model runs.

    Parameters
    ----------
    picture : str
        The text that is shown in front of the part.
    model : MaskRCNN
        The model that predicts; the bar is as long as it has parts.
    quiet : bool
        Whether to show nothing.
    """

    def __init__(self, picture: str, model: MaskRCNN, quiet: bool):
        self._picture, self._quiet, self._begun = picture, quiet, 0
        self._parts = parts_of(model)
        self._around = ExitStack()

    def __enter__(self) -> StageProgress:
        self._bar = self._around.enter_context(open_bar(len(self._parts), "part", self._quiet))
        self._around.enter_context(hook(self))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._bar.update(len(self._parts) - self._bar.n)
        self._around.close()

    def __call__(self, event: Event) -> None:
        """Take note of an operation that has run."""
        begun = next(
            (place for place, scope in enumerate(self._parts, 1) if event.scope.startswith(scope)), 0
        )
        if begun > self._begun:
            self._bar.update(begun - 1 - self._bar.n)  # the parts before it are done
            self._begun = begun
            words = PARTS[self._parts[begun - 1]]
            self._bar.set_description_str(f"{self._picture}: {words}", refresh=sys.stderr.isatty())


def parts_of(model: MaskRCNN) -> list[str]:
    """Return the scopes of PARTS in which the model has parameters."""
    scopes = [name.replace(".", "/") for name, _ in model.named_parameters()]
    return [part for part in PARTS if any(scope.startswith(part) for scope in scopes)]
