"""Kaggle's run lengths: one row per object, the CSV of the Data Science Bowl 2018 and of others after it.

    ImageId,EncodedPixels
    00071198d059ba7f,6887 3 7125 6 7365 7

A pair is the first pixel of a run and its length; pixels are counted from 1 down the columns. A picture
without objects has a row without runs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minimaskrcnn.data.annotations.findings import EntryError, shown
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.data.readers.entries import UNNAMED, Entries
from minimaskrcnn.data.readers.outlines import Runs
from minimaskrcnn.data.readers.pictures import needed
from minimaskrcnn.errors import InputError

COLUMNS = ("ImageId", "EncodedPixels")
Size = tuple[int, int]


def recognises(columns: list[str]) -> bool:
    """Tell whether a CSV has these columns in front."""
    return tuple(columns[:2]) == COLUMNS


def read(text: str, path: Path, folder: Path | None) -> Entries:
    """Read the rows; columns after the first two (height, width, usage) are not needed.

    Parameters
    ----------
    text : the CSV
    path : its name
    folder : folder of the pictures, ID.png or ID/images/ID.png
    """
    folder = needed(folder, path, "run lengths")
    entries = Entries()
    pictures: dict[str, tuple[int, Size | None]] = {}
    for position, line in enumerate(text.splitlines()[1:], 2):
        if not line.strip():
            continue
        name, encoded = [*line.split(","), ""][:2]
        if name not in pictures:
            file_name, size = _find(name, folder)
            pictures[name] = entries.add_picture(file_name, size), size
        key = f"{path.name} line {position}"
        picture, size = pictures[name]
        if encoded.strip():
            with entries.about(key):
                _add(entries, key, picture, encoded, size)
    return entries


def _add(entries: Entries, key: str, picture: int, encoded: str, size: Size | None) -> None:
    if size is None:
        entries.add_box(key, picture, UNNAMED, None)  # left out with its picture
        return
    try:
        pairs = np.array(encoded.strip('" ').split(), np.int64).reshape(-1, 2)  # start, length
    except (ValueError, OverflowError):
        raise EntryError(
            "run lengths", f"has the runs {shown(encoded)}", "write pairs of whole numbers"
        ) from None
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if (pairs > size[0] * size[1]).any():
        raise EntryError(
            "run lengths",
            f"has runs beyond the {size[0] * size[1]} pixels of its picture",
            f"write runs of a picture of {size[0]} x {size[1]} (height x width)",
        )
    entries.add_runs(key, picture, UNNAMED, Runs(pairs[:, 0] - 1, pairs[:, 1], size))


def _find(name: str, folder: Path) -> tuple[str, Size | None]:
    """The picture's file name and its size; what is wrong with it the validator says."""
    for file_name in (name, f"{name}.png", f"{name}/images/{name}.png"):
        if (folder / file_name).is_file():
            try:
                return file_name, picture_size(folder / file_name)
            except InputError:
                return file_name, None
    return f"{name}.png", None
