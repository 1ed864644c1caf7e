"""ImageJ's regions of interest: NAME.roi, or NAME.zip with many, for the picture called NAME.

They are read by `roifile`, which is an extra (`pip install minimaskrcnn[imagej]`). A region that was made by
combining others may have holes: its paths are drawn one over the other, and a pixel belongs to it that lies
inside an odd number of them.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from minimaskrcnn.data.annotations.findings import EntryError, Severity, shown
from minimaskrcnn.data.readers.entries import UNNAMED, Entries
from minimaskrcnn.data.readers.outlines import Runs, ellipse
from minimaskrcnn.data.readers.pictures import PictureFolder, needed
from minimaskrcnn.data.readers.text import read_bytes
from minimaskrcnn.detection import rle
from minimaskrcnn.errors import InputError

MAGIC = b"Iout"
LARGEST = 2**26  # bytes of one region
OUTLINED = ("POLYGON", "FREEHAND", "TRACED")
Size = tuple[int, int]


def recognises(path: Path) -> bool:
    """Tell whether a file is a region, or an archive of regions."""
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
            if not start.startswith(b"PK"):
                return start == MAGIC
            return any(name.endswith(".roi") for name in zipfile.ZipFile(file).namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def read(paths: list[Path], folder: Path | None) -> Entries:
    """Read regions; the name of each file is that of its picture.

    Parameters
    ----------
    paths : the .roi and .zip files
    folder : folder of the pictures
    """
    folder = needed(folder, paths[0], "regions of ImageJ")
    entries = Entries()
    pictures = PictureFolder(folder)
    for path in paths:
        with entries.about(path.name, "image"):
            file_name, size = pictures.find(path.stem)
            picture = entries.add_picture(file_name, size)
            for name, data in _regions(path):
                key = f"{path.name} {name}"
                with entries.about(key):
                    _add(entries, key, picture, _parsed(data), size)
    return entries


def _regions(path: Path) -> list[tuple[str, bytes]]:
    """The name and the bytes of each region of a file."""
    data = read_bytes(path)
    if data.startswith(MAGIC):
        return [("region", data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [info for info in archive.infolist() if info.filename.endswith(".roi")]
            return [(info.filename, archive.open(info).read(LARGEST)) for info in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as fault:
        raise EntryError("archive", f"cannot be unpacked ({fault})", "save it again in ImageJ") from None


def _parsed(data: bytes) -> Any:
    """A region as `roifile` describes it."""
    try:
        roifile = importlib.import_module("roifile")
    except ImportError:
        raise InputError(
            "regions of ImageJ are read by roifile, which is not installed; "
            "pip install minimaskrcnn[imagej], or save a label map in ImageJ."
        ) from None
    try:
        return roifile.ImagejRoi.frombytes(data)
    except Exception as fault:  # a stranger's bytes lead to whatever error
        raise EntryError("region", f"cannot be read ({fault})", "save it again in ImageJ") from None


def _add(entries: Entries, key: str, picture: int, region: Any, size: Size) -> None:
    page = max(region.position, region.z_position, region.t_position)
    if page > 1:
        raise EntryError(
            "region of another page",
            f"lies on page {page} of a stack, of which the first is read",
            "it is left out; save each page as a picture of its own",
            Severity.LEFT_OUT,
        )
    kind = region.roitype.name
    if region.multi_coordinates is not None:
        paths = [outline.ravel().tolist() for outline in region.coordinates(multi=True)]
        drawn = [rle.polygons_to_mask([outline], *size) for outline in paths if len(outline) >= 6]
        mask = np.logical_xor.reduce(drawn) if drawn else np.zeros(size, bool)
        entries.add_runs(key, picture, UNNAMED, Runs.of(mask))
    elif kind == "RECT":
        width, height = region.right - region.left, region.bottom - region.top
        entries.add_rectangle(key, picture, UNNAMED, [region.left, region.top, width, height])
    elif kind == "OVAL":
        rx, ry = (region.right - region.left) / 2, (region.bottom - region.top) / 2
        entries.add_polygons(key, picture, UNNAMED, [ellipse(region.left + rx, region.top + ry, rx, ry)])
    elif kind in OUTLINED and len(corners := region.coordinates()):
        entries.add_polygons(key, picture, UNNAMED, [corners.astype(float).ravel().tolist()])
    else:
        raise EntryError(
            "shape without an area",
            f"is a {shown(kind.lower())} of ImageJ, which has no area",
            "it is left out; draw a polygon if it is an object",
            Severity.LEFT_OUT,
        )
