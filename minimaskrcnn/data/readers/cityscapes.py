"""Cityscapes: gtFine/SPLIT/CITY/NAME_gtFine_instanceIds.png, 16 bits.

A pixel of an object has 1000 times its class, plus the number of the object. The plain number of a class that
has objects is a group nobody could tell apart: a crowd. Other numbers are stuff, which is left out.
"""

from __future__ import annotations

from pathlib import Path

from minimaskrcnn.data.readers.entries import Entries
from minimaskrcnn.data.readers.label_maps import labels_of, objects_of

ENDING = "_instanceIds.png"
NAMES = {
    24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 29: "caravan", 30: "trailer", 31: "train",
    32: "motorcycle", 33: "bicycle",
}  # fmt: skip
BASE = 1000


def label_files(path: Path) -> list[Path]:
    """Return the label maps in a folder, or in its folders of cities."""
    return sorted([*path.glob(f"*{ENDING}"), *path.glob(f"*/*{ENDING}")])


def read(paths: list[Path], folder: Path | None) -> Entries:
    """Read all objects.

    Parameters
    ----------
    paths : the label maps
    folder : folder of the pictures, leftImg8bit/SPLIT or one city of it
    """
    entries = Entries()
    for path in paths:
        with entries.about(path.name, "image"):
            labels = labels_of(path)
            picture = entries.add_picture(_file_name(path, folder), labels.shape)
            for value, runs in objects_of(labels):
                crowd = value < BASE
                name = NAMES.get(value if crowd else value // BASE)
                if name is not None:
                    entries.add_runs(f"{path.name} {value}", picture, name, runs, crowd)
    return entries


def _file_name(path: Path, folder: Path | None) -> str:
    """The picture's name: CITY/NAME_leftImg8bit.png, without the city where the folder is that of one."""
    name = path.name.removesuffix(ENDING).rpartition("_")[0] + "_leftImg8bit.png"
    inside = folder is not None and (folder / name).is_file()
    return name if inside else f"{path.parent.name}/{name}"
