"""The weights that torchvision publishes, by name: the file, its size, and where it is on this machine.

    find("maskrcnn_resnet50_fpn_v2")   the path of the file, if it is here
    require("resnet50")                the same; otherwise `obtained_by` says how

The size and the digits at the end of a file's name, which begin its SHA-256, are torchvision's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from minimaskrcnn.data.location import data_folders, find_data
from minimaskrcnn.errors import InputError

BASE = "https://download.pytorch.org/models/"


class Remote(Protocol):
    """What a download must know of a file."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def file(self) -> str:
        """The file's name."""

    @property
    def url(self) -> str:
        """Where it is published."""

    @property
    def megabytes(self) -> float:
        """Its size in units of 2^20 bytes."""

    @property
    def slack(self) -> int:
        """Bytes by which the size may be wrong."""

    @property
    def digits(self) -> str:
        """The first digits of its SHA-256."""

    @property
    def publisher(self) -> str:
        """Where to look for it if the address has changed."""

    @property
    def folder(self) -> Path:
        """Where it is downloaded to."""


@dataclass(frozen=True)
class Published:
    """One file.

    Attributes
    ----------
    name : str, torchvision's name of the model
    file : str, the file's name
    megabytes : float, its size in units of 2^20 bytes, with three decimals
    holds : str, what it is and how it scores, as torchvision states
    """

    name: str
    file: str
    megabytes: float
    holds: str

    publisher = "torchvision's pages"
    slack = 600  # bytes, since the size has three decimals

    @property
    def url(self) -> str:
        """Where it is published."""
        return BASE + self.file

    @property
    def digits(self) -> str:
        """The first digits of its SHA-256."""
        return Path(self.file).stem.rpartition("-")[2]

    @property
    def folder(self) -> Path:
        """Where it is downloaded to."""
        return folder()


PUBLISHED = {
    entry.name: entry
    for entry in (
        Published(
            "maskrcnn_resnet50_fpn",
            "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
            169.840,
            "COCO val2017: box AP 37.9, mask AP 34.6",
        ),
        Published(
            "maskrcnn_resnet50_fpn_v2",
            "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
            177.219,
            "COCO val2017: box AP 47.4, mask AP 41.8",
        ),
        Published(
            "fasterrcnn_resnet50_fpn",
            "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
            159.743,
            "COCO val2017: box AP 37.0",
        ),
        Published(
            "fasterrcnn_resnet50_fpn_v2",
            "fasterrcnn_resnet50_fpn_v2_coco-dd69338a.pth",
            167.104,
            "COCO val2017: box AP 46.7",
        ),
        Published(
            "fasterrcnn_mobilenet_v3_large_fpn",
            "fasterrcnn_mobilenet_v3_large_fpn-fb6a3cc7.pth",
            74.239,
            "COCO val2017: box AP 32.8",
        ),
        Published(
            "fasterrcnn_mobilenet_v3_large_320_fpn",
            "fasterrcnn_mobilenet_v3_large_320_fpn-907ea3f9.pth",
            74.239,
            "COCO val2017: box AP 22.8",
        ),
        Published(
            "keypointrcnn_resnet50_fpn",
            "keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
            226.054,
            "COCO val2017, persons: box AP 54.6, keypoint AP 65.0",
        ),
        Published("resnet18", "resnet18-f37072fd.pth", 44.661, "ImageNet classifier: top-1 69.8 %"),
        Published("resnet34", "resnet34-b627a593.pth", 83.275, "ImageNet classifier: top-1 73.3 %"),
        Published("resnet50", "resnet50-0676ba61.pth", 97.781, "ImageNet classifier: top-1 76.1 %"),
        Published("resnet101", "resnet101-63fe2227.pth", 170.511, "ImageNet classifier: top-1 77.4 %"),
    )
}

Obtain = Callable[[Remote], Path | None]
"""What to do about a file that is not here: its path after a download, or None."""

# By itself the package downloads nothing; a command asks first.
_obtain: ContextVar[Obtain] = ContextVar("obtain", default=lambda entry: None)


@contextlib.contextmanager
def obtained_by(obtain: Obtain) -> Iterator[None]:
    """Within the block, `require` uses `obtain` for files that are not here."""
    token = _obtain.set(obtain)
    try:
        yield
    finally:
        _obtain.reset(token)


def obtained(entry: Remote) -> Path | None:
    """Return the path of a file that is not here, if `obtained_by` gets it."""
    return _obtain.get()(entry)


def folder() -> Path:
    """The folder for downloaded weights: ``weights`` in the last folder that is searched for data."""
    return data_folders()[-1] / "weights"


def find(name: str) -> Path | None:
    """Return the path of the published weights `name`, if the file is in a folder for data or weights."""
    file = PUBLISHED[name].file
    return find_data(file, f"weights/{file}")


def require(name: str) -> Path:
    """Return the path of the published weights `name`, which `obtained_by` may download.

    Raises
    ------
    InputError
        If the file is not here and is not downloaded.
    """
    entry = PUBLISHED[name]
    path = find(name) or obtained(entry)
    if path is not None:
        return path
    raise InputError(
        f"the weights {name} are not here; `minimaskrcnn weights get {name}` downloads them "
        f"({entry.megabytes:.0f} MB), or put {entry.url} into {folder()}."
    )
