"""One run on disk: `state.npz` to resume, `log.jsonl` with a line per step, `model.npz` and `best.npz`.

Each file except the log is written completely or not at all. After a crash the log may end in half a line,
which is ignored when the log is read. A lock keeps a second run out of the folder.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from minimaskrcnn.archives import opened
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write, locked, naming_the_file, sweep_temporaries
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.training.learner import Record

STATE, LOG, MODEL, BEST = "state.npz", "log.jsonl", "model.npz", "best.npz"


class RunFolder:
    """The folder of one training run."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.state, self.log = self.path / STATE, self.path / LOG
        self.model, self.best = self.path / MODEL, self.path / BEST

    @contextlib.contextmanager
    def opened(self, resume: bool) -> Iterator[None]:
        """Lock the folder, for a new run (which creates it) or to resume one, and remove temporary files.

        Raises
        ------
        InputError
            If another process trains in this folder, if the folder holds a run and `resume` is False, or if
            it holds no run and `resume` is True.
        """
        if resume and not self.state.is_file():
            raise InputError(
                f"resume: {self.path} holds no run (there is no such file as {self.state}); "
                "leave out --resume to begin one."
            )
        if not resume and self.state.is_file():
            raise InputError(
                f"train: {self.path} already holds a run; add --resume to go on with it, "
                "or choose another folder."
            )
        self.path.mkdir(parents=True, exist_ok=True)
        busy = f"train: another process is training in {self.path}; wait for it, or choose another folder."
        with locked(self.path, busy):
            for path in (self.state, self.log, self.model, self.best):
                sweep_temporaries(path)
            if not resume:
                with naming_the_file(self.log):
                    self.log.write_text("", encoding="utf-8")
            yield

    def append(self, record: Record) -> None:
        """Add one line to the log."""
        with naming_the_file(self.log), open(self.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")

    def rewind(self, step: int) -> list[Record]:
        """Remove the lines after `step`, which the resumed run will write again; return the other lines."""
        if not self.log.is_file():
            raise InputError(
                f"resume: {self.log} is missing; put it back, or make an empty file of this name to go on "
                "without the lines so far."
            )
        kept = [record for record in read_log(self.log) if record["step"] <= step]
        text = "".join(json.dumps(record) + "\n" for record in kept)
        atomic_write(self.log, lambda stream: stream.write(text.encode()))
        return kept

    def save_state(self, arrays: Mapping[str, np.ndarray], meta: Record) -> None:
        """Write everything that a resumed run needs."""
        save_arrays(self.state, arrays, meta)

    def load_state(self) -> tuple[dict[str, np.ndarray], Record]:
        """Read what `save_state` wrote.

        Raises
        ------
        InputError
            If the file is damaged, or is not the state of a training run.
        """
        arrays, meta = load_arrays(self.state)
        step = meta.get("step")
        whole = all(isinstance(meta.get(name), dict) for name in ("recipe", "loader"))
        whole = whole and isinstance(meta.get("class_names"), list)
        if not whole or type(step) is not int or step < 0 or "optimizer/steps" not in arrays:
            raise InputError(
                f"resume: {self.state} is not the state of a training run; copy it again, or begin anew in "
                "another folder."
            )
        return arrays, meta


def read_log(path: str | Path) -> list[Record]:
    """Return the records of a log; a last line that a crash cut short is ignored.

    Raises
    ------
    InputError
        If the file is not the log of a training run.
    """
    with opened(path, "log") as stream:
        content = b"".join(stream)
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"log {path}: not a text file ({error}); pass the log.jsonl of a run.") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number < len(lines):
                raise InputError(f"log {path}: line {number} is not JSON; repair or delete it.") from error
            continue
        if not isinstance(record, dict) or type(record.get("step")) is not int:
            raise InputError(f"log {path}: line {number} has no step; pass the log.jsonl of a training run.")
        records.append(record)
    return records
