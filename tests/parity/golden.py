"""A set of golden cases, read through its manifest. Nothing here knows how many there are, or their shapes.

    for case in GoldenSet(folder).cases:  case.op, case.params, case.input("x"), case.wanted() -> {"o.y": ...}

A key "o.NAME" is a recorded output, "g.NAME" the gradient with respect to the input (or parameter) NAME.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minimaskrcnn.autograd import Tensor

REPO = Path(__file__).resolve().parents[2]


def find_folder() -> Path:
    """The set named by MINIMASKRCNN_GOLDEN, else the one beside the repository, else the committed one."""
    named = os.environ.get("MINIMASKRCNN_GOLDEN")
    if named:
        return Path(named)
    beside = REPO / "../shared/golden/public"
    return beside.resolve() if (beside / "manifest.json").is_file() else REPO / "tests/golden"


class GoldenSet:
    """The cases of a folder, in the order of its manifest, and its arrays, read when asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        assert (folder / "manifest.json").is_file(), f"no manifest.json in {folder}; see MINIMASKRCNN_GOLDEN"
        manifest = json.loads((folder / "manifest.json").read_text())
        self.name = manifest["set"]
        self.meta = {file: entry.get("meta", {}) for file, entry in manifest["files"].items()}
        self.cases = [Case(self, entry) for entry in manifest["cases"]]
        self._open: dict[str, np.lib.npyio.NpzFile] = {}

    def arrays(self, file: str) -> np.lib.npyio.NpzFile:
        """The arrays of one file by key."""
        if file not in self._open:
            self._open[file] = np.load(self.folder / file, allow_pickle=False)
        return self._open[file]

    def close(self) -> None:
        """Close the files that were read."""
        while self._open:
            self._open.popitem()[1].close()

    def in_file(self, file: str) -> Iterator[Case]:
        """The cases of one file."""
        return (case for case in self.cases if case.file == file)


@dataclass(frozen=True)
class Case:
    """One recorded call: its inputs, its params, and what it answered."""

    set: GoldenSet
    entry: dict

    @property
    def file(self) -> str:
        return self.entry["file"]

    @property
    def name(self) -> str:
        return self.entry["case"]

    @property
    def op(self) -> str:
        return self.entry["op"]

    @property
    def params(self) -> dict:
        return self.entry["params"]

    @property
    def meta(self) -> dict:
        """What the manifest says of the whole file."""
        return self.set.meta[self.file]

    @property
    def id(self) -> str:
        return f"{self.file.removesuffix('.npz')}-{self.name}"

    # ---- what went in ----------------------------------------------------------------------------------

    def inputs(self) -> list[str]:
        """Names of the recorded inputs."""
        return list(self.entry.get("inputs", {}))

    def input(self, name: str) -> np.ndarray:
        """One input array."""
        return self.set.arrays(self.file)[f"{self.name}/i.{name}"]

    def ints(self, name: str) -> np.ndarray:
        """One input of labels or indices; integers are stored as floats."""
        return self.input(name).astype(np.int64)

    def numbered(self, prefix: str) -> list[np.ndarray]:
        """The inputs PREFIX0, PREFIX1, ..., one for each picture or level."""
        return [self.input(name) for name in self.inputs() if re.fullmatch(rf"{prefix}\d+", name)]

    def leaves(self, *names: str) -> list[Tensor | None]:
        """Inputs as Tensors that want a gradient; None for one that this case does not have."""
        return [Tensor(self.input(n), requires_grad=True) if n in self.inputs() else None for n in names]

    def settings(self, *names: str) -> dict:
        """The named params that this case has, whole numbers as int and lists as tuples."""
        return {name: whole(self.params[name]) for name in names if name in self.params}

    # ---- what came out ---------------------------------------------------------------------------------

    def wanted(self) -> dict[str, np.ndarray]:
        """Every recorded output ("o.NAME") and gradient ("g.NAME")."""
        arrays, prefix = self.set.arrays(self.file), f"{self.name}/"
        keys = [key for key in arrays.files if key.startswith((f"{prefix}o.", f"{prefix}g."))]
        return {key.removeprefix(prefix): arrays[key] for key in keys}

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a recorded output."""
        return tuple(self.entry["outputs"][name][0])

    def differences(self, got: dict[str, np.ndarray]) -> list[str]:
        """One sentence for each recorded array that was not answered, or not within the case's tolerance."""
        problems = []
        for key, want in self.wanted().items():
            problem = (
                difference(got[key], want, self)
                if key in got
                else "recorded, but the runner does not answer it"
            )
            if problem:
                problems.append(f"{key}: {problem}")
        return problems


def difference(got: np.ndarray, want: np.ndarray, case: Case) -> str | None:
    """What is wrong with `got`, or None. Integers and booleans must be equal, floats within rtol and atol."""
    got = np.asarray(got)
    if got.shape != want.shape:
        return f"shape {got.shape}, recorded {want.shape}"
    if got.dtype.kind in "biu":
        wrong = got != want
    else:
        rtol, atol, nan = case.entry["rtol"], case.entry["atol"], case.entry.get("equal_nan", False)
        wrong = ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=nan)
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{wrong.sum()} of {wrong.size} differ, first at {place}: {got[place]!r}, recorded {want[place]!r}"


def whole(value: float | list) -> float | int | tuple:
    """A param as written in Python: 2.0 -> 2, [7.0, 7.0] -> (7, 7), 0.5 stays."""
    if isinstance(value, list):
        return tuple(whole(v) for v in value)
    return int(value) if float(value).is_integer() else value
