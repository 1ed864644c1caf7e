"""Pascal VOC: SegmentationObject/a.png numbers the objects, SegmentationClass/a.png names them.

Both are palette pictures, whose numbers are the places in the palette; 255 is the border around an object,
which belongs to none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minimaskrcnn.data.annotations.findings import EntryError
from minimaskrcnn.data.readers.entries import Entries
from minimaskrcnn.data.readers.label_maps import labels_of, objects_of
from minimaskrcnn.data.readers.pictures import PictureFolder, picture_files

OBJECTS, CLASSES = "SegmentationObject", "SegmentationClass"
BORDER = 255
NAMES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip


def root_of(path: Path) -> Path | None:
    """Return the folder of both kinds of label maps, if `path` is that or the one of the objects."""
    root = path.parent if path.name == OBJECTS else path
    return root if (root / OBJECTS).is_dir() and (root / CLASSES).is_dir() else None


def read(root: Path, folder: Path | None) -> Entries:
    """Read all objects.

    Parameters
    ----------
    root : folder of SegmentationObject and SegmentationClass
    folder : folder of the pictures, JPEGImages
    """
    entries = Entries()
    pictures = None if folder is None else PictureFolder(folder)
    for path in picture_files(root / OBJECTS):
        with entries.about(path.name, "image"):
            labels, classes = labels_of(path), labels_of(root / CLASSES / path.name)
            if labels.shape != classes.shape:
                raise EntryError("label maps", "has label maps of two sizes", "use those of one picture")
            file_name = path.name if pictures is None else pictures.find(path.stem)[0]
            picture = entries.add_picture(file_name, labels.shape)
            for value, runs in objects_of(labels, none=(0, BORDER)):
                key = f"{path.name} object {value}"
                with entries.about(key):
                    entries.add_runs(key, picture, _name(classes[labels == value]), runs)
    return entries


def _name(classes: np.ndarray) -> str:
    """The class that most pixels of an object have."""
    number = int(np.bincount(classes).argmax())
    if not 1 <= number <= len(NAMES):
        raise EntryError("class", f"has the class {number}", f"write a number from 1 to {len(NAMES)}")
    return NAMES[number - 1]
