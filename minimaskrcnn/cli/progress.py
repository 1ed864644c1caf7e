"""Progress on stderr: how far, and how long still; the stage of a prediction, the losses of training."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    import numpy as np

    from minimaskrcnn.inspection import Recorder

SHORT = {
    "loss": "loss",
    "loss_objectness": "obj",
    "loss_rpn_box_reg": "rpn",
    "loss_classifier": "cls",
    "loss_box_reg": "box",
    "loss_mask": "mask",
}
# The stage that begins when the model shows an array of this name (or, of maps, this beginning of a name).
STAGES = {
    "input": "resizing",
    "transformed": "backbone",
    "backbone": "pyramid and proposals",
    "proposals": "classes and boxes",
    "box_features": "masks",
    "scores": "done",
}
SMOOTHING = 0.95  # of the running mean of each loss: about the last 20 steps
LOG_INTERVAL = 30.0  # seconds between two lines when stderr is a file


def open_bar(total: int, unit: str, quiet: bool, done: int = 0, leave: bool = True) -> tqdm:
    """A progress bar on stderr that does not flood a log file; nothing when quiet.

    Unless `leave` is set, a full bar is wiped from the terminal.
    """
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
    """Is called with each record of the log; shows the losses, the scores and the time left.

    Parameters
    ----------
    steps : int, of the whole run
    quiet : show nothing
    """

    def __init__(self, steps: int, quiet: bool):
        self._means: dict[str, float] = {}
        self._steps, self._quiet = steps, quiet
        self._bar: tqdm | None = None
        self._pictures: tqdm | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        for bar in (self._pictures, self._bar):
            if bar is not None:
                bar.close()

    def picture(self, done: int, total: int) -> None:
        """Take the number of pictures that an evaluation has predicted so far."""
        if self._pictures is None:
            self._pictures = open_bar(total, "picture", self._quiet, leave=False)
        self._pictures.update(done - self._pictures.n)
        if done == total:
            self._pictures.close()
            self._pictures = None

    def __call__(self, record: dict[str, Any]) -> None:
        """Take one record: of a step, or of an evaluation."""
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
    """Watches one prediction and tells which stage it has come to.

    Parameters
    ----------
    picture : str, what is shown in front of the stage
    quiet : show nothing
    recorder : is handed every array too
    """

    def __init__(self, picture: str, quiet: bool, recorder: "Recorder | None" = None):
        self.recorder = recorder
        self._picture, self._quiet, self._begun = picture, quiet, set[str]()

    def __enter__(self) -> "StageProgress":
        self._bar = open_bar(len(STAGES) - 1, "stage", self._quiet)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(
        self, name: str, array: "np.ndarray | Callable[[], np.ndarray]", axes: tuple[str, ...]
    ) -> None:
        """Take one array of the forward pass, or the function that makes it."""
        if self.recorder is not None:
            self.recorder(name, array, axes)
        stage = STAGES.get(name.partition(".")[0])
        if stage is not None and stage not in self._begun:
            self._bar.update(len(self._begun) > 0)  # the stage before is over
            self._begun.add(stage)
            self._bar.set_description_str(f"{self._picture}: {stage}", refresh=sys.stderr.isatty())
