"""Label maps: a picture of numbers, 0 for no object, k for the pixels of object k.

    masks/a.tif  images/a.tif              StarDist
    a_masks.tif, a_cp_masks.png  a.tif     Cellpose, beside the picture
    a-labels.tif           a.tif           `minimaskrcnn predict --label-map`

`voc` and `cityscapes` read theirs with the help of this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from minimaskrcnn.data.annotations.findings import EntryError
from minimaskrcnn.data.images import pages, read_labels
from minimaskrcnn.data.readers.entries import UNNAMED, Entries
from minimaskrcnn.data.readers.outlines import Runs
from minimaskrcnn.data.readers.pictures import PictureFolder
from minimaskrcnn.errors import InputError

SUFFIXES = ("_cp_masks", "_masks", "_mask", "_labels", "_label", "-labels")


def label_files(paths: list[Path], folder: Path | None) -> list[Path]:
    """Return those of some picture files that are label maps.

    All are, in a folder of their own; beside the pictures those with a suffix are.

    Parameters
    ----------
    paths : picture files of one folder
    folder : folder of the pictures
    """
    suffixed = [path for path in paths if path.stem.endswith(SUFFIXES)]
    if folder is None:
        return suffixed or paths
    together = bool(paths) and paths[0].parent.resolve() == folder.resolve()
    return suffixed if together else paths


def read(paths: list[Path], folder: Path | None) -> Entries:
    """Read label maps; each has the name of its picture, or that with one of the `SUFFIXES`.

    Parameters
    ----------
    paths : the label maps
    folder : folder of the pictures
    """
    entries = Entries()
    pictures = None if folder is None else PictureFolder(folder)
    for path in paths:
        with entries.about(path.name, "image"):
            labels = labels_of(path)
            _refuse_two_tones(labels)
            file_name = path.name if pictures is None else pictures.find(_stem(path, pictures))[0]
            picture = entries.add_picture(file_name, labels.shape)
            for value, runs in objects_of(labels):
                entries.add_runs(f"{path.name} label {value}", picture, UNNAMED, runs)
    return entries


def labels_of(path: Path) -> np.ndarray:
    """Read a label map, (H, W) int64; one of several pages is refused, as it belongs to several pictures."""
    try:
        stacked = pages(path)
        if stacked > 1:
            raise EntryError(
                "stack of label maps",
                f"has {stacked} pages, and a label map belongs to one picture",
                "save every page of it, and of its picture, as a file of its own (ImageJ: Image > Stacks > "
                "Stack to Images)",
            )
        return read_labels(path)
    except InputError as fault:
        words = str(fault).removeprefix("read_labels: ").removeprefix("read_image: ").rstrip(".")
        raise EntryError("label map", f"cannot be read: {words}", "save it as 8- or 16-bit PNG") from None


def objects_of(labels: np.ndarray, none: tuple[int, ...] = (0,)) -> Iterator[tuple[int, Runs]]:
    """Yield each value of a label map (H, W) in increasing order, and the runs of its pixels.

    The map is cut into runs of equal values once; the runs of a value are an object.
    """
    flat = labels.ravel(order="F")
    starts = np.flatnonzero(np.diff(flat, prepend=flat[0] - 1))
    lengths = np.diff(np.append(starts, flat.size))
    order = np.argsort(flat[starts], kind="stable")  # by value, in a value by place
    values, first = np.unique(flat[starts][order], return_index=True)
    for value, runs in zip(values.tolist(), np.split(order, first[1:]), strict=True):
        if value not in none:
            yield value, Runs(starts[runs], lengths[runs], (labels.shape[0], labels.shape[1]))


def _stem(path: Path, pictures: PictureFolder) -> str:
    """The name of the picture that a label map belongs to."""
    suffix = next((suffix for suffix in SUFFIXES if path.stem.endswith(suffix)), "")
    without = path.stem.removesuffix(suffix)
    return without if without in pictures.stems() else path.stem


def _refuse_two_tones(labels: np.ndarray) -> None:
    """Refuse a mask in black and white of several objects, which would be taken for one."""
    values = np.unique(labels)
    if len(values[values != 0]) == 1 and ndimage.label(labels != 0, np.ones((3, 3)))[1] > 1:
        raise EntryError(
            "mask in two tones",
            f"has one value ({values[-1]}) for several objects that lie apart",
            "give each object a number of its own (scipy.ndimage.label, or Connected Components in ImageJ)",
        )
