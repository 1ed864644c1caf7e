"""Progress on stderr: how far, and how long still; in training also the five losses and each AP."""

import sys
from typing import Any

from tqdm import tqdm

SHORT = {
    "loss": "loss",
    "loss_objectness": "obj",
    "loss_rpn_box_reg": "rpn",
    "loss_classifier": "cls",
    "loss_box_reg": "box",
    "loss_mask": "mask",
}
SMOOTHING = 0.95  # of the running mean of each loss: about the last 20 steps
LOG_INTERVAL = 30.0  # seconds between two lines when stderr is a file


def open_bar(total: int, unit: str, quiet: bool, done: int = 0) -> tqdm:
    """A progress bar on stderr that does not flood a log file; nothing when quiet."""
    interval = 0.1 if sys.stderr.isatty() else LOG_INTERVAL
    return tqdm(
        total=total,
        initial=done,
        unit=unit,
        disable=quiet,
        mininterval=interval,
        maxinterval=interval,
        dynamic_ncols=True,
    )


class Progress:
    """Is called with each record of the log; shows the losses and the time left, keeps the last scores.

    Parameters
    ----------
    steps : int, of the whole run
    quiet : show nothing
    """

    def __init__(self, steps: int, quiet: bool):
        self.scores: dict[str, float] = {}
        self._means: dict[str, float] = {}
        self._steps, self._quiet = steps, quiet
        self._bar: tqdm | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, record: dict[str, Any]) -> None:
        """Take one record: of a step, or of an evaluation."""
        if self._bar is None:
            self._bar = open_bar(self._steps, "step", self._quiet, record["step"] - 1)
        if "loss" in record:
            self._update_means(record)
            losses = "  ".join(f"{SHORT[name]} {mean:.3f}" for name, mean in self._means.items())
            self._bar.set_postfix_str(losses, refresh=False)
            self._bar.update()
        else:
            self.scores = {name: value for name, value in record.items() if name != "step"}
            if not self._quiet:
                scores = "  ".join(f"{name} {value:.3f}" for name, value in self.scores.items())
                self._bar.write(f"step {record['step']}: {scores}", file=sys.stderr)

    def _update_means(self, record: dict[str, Any]) -> None:
        for name in SHORT:
            if name in record:
                before = self._means.get(name, record[name])
                self._means[name] = SMOOTHING * before + (1 - SMOOTHING) * record[name]
