"""Open a file of weights: its claims under the current names first, and the numbers when they are needed.

    .npz            the claims are in its headers; no array is read yet
    .pth            they are in its pickle; no tensor is read yet
    .safetensors    its library reads all at once; it is as long as what it holds

A file ending in .ckpt or .bin is told by its first bytes.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.archives import one_sentence, opened
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.checkpoint import META, SWELLING, read_meta
from minimaskrcnn.io.formats.safetensors_file import read_safetensors
from minimaskrcnn.io.formats.torch_file import PICKLE_MAGIC, ZIP_MAGIC, open_torch
from minimaskrcnn.io.weight_names import EMA_COUNTERS, common_prefix, modern_names
from minimaskrcnn.npz import Claim, is_npz, open_npz

TORCH, SAFETENSORS, OURS = (".pth", ".pt"), (".safetensors",), (".npz",)
ENDINGS = (*OURS, *TORCH, *SAFETENSORS)
BY_CONTENT = (".ckpt", ".bin")
MAX_NAME = 200
WHERE = "docs/published_weights.md says where to get the published ones"
VARIANCE = "running_var"
LARGEST = 1e18  # the product of two such numbers is still one in float32

Arrays = dict[str, np.ndarray]
Facts = dict[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightsFile:
    """An open file of weights.

    Attributes
    ----------
    path : Path
    claims : dict from today's name to Claim, the type and shape of each array
    facts : what stands beside the weights: class names, how to build the model; {} in a file of torch
    """

    path: Path
    claims: dict[str, Claim]
    facts: Facts
    _own_names: Mapping[str, str]
    _read: Callable[[str], np.ndarray]

    def read(self) -> Arrays:
        """Every array by its name of today.

        Raises
        ------
        InputError
            If one is damaged, or holds anything but finite numbers.
        """
        arrays = {name: self._read(self._own_names[name]) for name in self.claims}
        for name, array in arrays.items():
            problem = _problem(name, array)
            if problem:
                raise InputError(f"weights {self.path}: {name} {problem}; nothing was loaded. Get it again.")
        return arrays


@contextlib.contextmanager
def open_weights(path: str | Path) -> Iterator[WeightsFile]:
    """Open a file of weights.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, or claims what is no array of numbers.
    """
    path = Path(path)
    kind = kind_of(path)
    with contextlib.ExitStack() as stack:
        if kind == OURS:
            own = stack.enter_context(open_npz(path, "checkpoint", SWELLING))
            claims = {name: claim for name, claim in own.claims.items() if name != META}
            yield _under_todays_names(path, claims, read_meta(path, own), own.read)
        elif kind == TORCH:
            with _naming(path):
                torch = stack.enter_context(open_torch(path))
            claims = {name: Claim(tensor.dtype, tensor.shape) for name, tensor in torch.state.items()}
            yield _under_todays_names(path, claims, {}, _naming(path)(torch.read))
        else:
            with _naming(path):
                arrays, facts = read_safetensors(path)
            claims = {name: Claim(array.dtype, array.shape) for name, array in arrays.items()}
            yield _under_todays_names(path, claims, facts, arrays.__getitem__)


def kind_of(path: Path) -> tuple[str, ...]:
    """OURS, TORCH or SAFETENSORS: by the file's ending, or by its first bytes where that says nothing."""
    ending = path.suffix.lower()
    if ending not in (*ENDINGS, *BY_CONTENT):
        raise InputError(
            f"weights {path}: the name must end in one of {', '.join((*ENDINGS, *BY_CONTENT))}; files of "
            "Keras (.h5) and detectron2 (.pkl) are not read."
        )
    if not path.exists():
        raise InputError(f"weights {path}: there is no such file; check the path ({WHERE}).")
    with opened(path, "weights") as stream:
        if ending in BY_CONTENT:
            start = stream.read(len(ZIP_MAGIC))
            if start == ZIP_MAGIC:
                return OURS if is_npz(stream) else TORCH
            return TORCH if start.startswith(PICKLE_MAGIC) else SAFETENSORS
    return next(kind for kind in (OURS, TORCH, SAFETENSORS) if ending in kind)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in every refusal of a reader that does not know it."""
    with one_sentence(f"weights {path}"):
        try:
            yield
        except InputError as error:
            raise InputError(f"weights {path}: {error}") from error


def _under_todays_names(
    path: Path, claims: dict[str, Claim], facts: Facts, read: Callable[[str], np.ndarray]
) -> WeightsFile:
    if not all(map(is_plain, claims)):
        raise InputError(
            f"weights {path}: holds a name that is too long or cannot be printed; save it with plain names."
        )
    strange = next((name for name, claim in claims.items() if claim.dtype.kind not in "biuf"), None)
    if strange is not None:
        raise InputError(
            f"weights {path}: {strange} holds {claims[strange].dtype} and not numbers; save floating numbers."
        )
    prefix = common_prefix(claims)
    if prefix:
        log.warning("weights %s: left out %r, which all names begin with", path, prefix)
    own = {name.removeprefix(prefix): name for name in claims if not (prefix and name in EMA_COUNTERS)}
    try:
        own = modern_names(own)
    except InputError as error:
        raise InputError(f"weights {path}: {error}") from error
    return WeightsFile(path, {name: claims[old] for name, old in own.items()}, facts, own, read)


def _problem(name: str, array: np.ndarray) -> str | None:
    """Say why an array cannot be used for computations in float32."""
    if array.dtype.kind != "f" or not array.size:
        return None
    low, high = float(array.min()), float(array.max())  # NaN if any value is
    if not np.isfinite([low, high]).all():
        return "holds NaN or infinity"
    if max(-low, high) > LARGEST:
        return f"holds numbers beyond {LARGEST:g}, which no network has"
    if name.endswith(VARIANCE) and low < 0:
        return "holds a negative variance"
    return None


def is_plain(name: object) -> bool:
    """Whether a name from a file can stand in a message: escape codes would reach the terminal."""
    return isinstance(name, str) and len(name) <= MAX_NAME and name.isprintable()
