"""Files of other tools, recognised by what they hold: each reader makes COCO's entries of one kind of file.

    file or folder -> reader -> Entries -> the validator of `data.annotations`

A reader checks nothing that the validator checks. A file of a tool that is not read here is named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minimaskrcnn.data.annotations.findings import Finding
from minimaskrcnn.data.readers import (
    cityscapes,
    coco,
    foreign,
    imagej,
    kaggle,
    label_maps,
    labelme,
    via,
    voc,
    yolo,
)
from minimaskrcnn.data.readers.entries import UNNAMED, Entries
from minimaskrcnn.data.readers.pictures import ENDINGS
from minimaskrcnn.data.readers.text import as_json, as_text, read_bytes, refuse_pipe
from minimaskrcnn.errors import InputError

__all__ = ["UNNAMED", "read_annotations"]

Lists = dict[str, list[Any]]


def read_annotations(path: Path, folder: Path | None) -> tuple[Lists, list[Finding]]:
    """Return COCO's lists of images, annotations and categories, and what a reader left out.

    Parameters
    ----------
    path : the annotation file of any tool, or a folder of such files
    folder : folder of the pictures

    Raises
    ------
    InputError
        The file cannot be read, or is of a tool that is not read here.
    """
    refuse_pipe(path)
    try:
        found = _read_folder(path, folder) if path.is_dir() else _read_file(path, folder)
    except OSError as fault:
        raise InputError(f"{fault.filename or path} cannot be read ({fault.strerror or fault}).") from None
    return (found.lists(), found.findings) if isinstance(found, Entries) else (found, [])


def _read_file(path: Path, folder: Path | None) -> Entries | Lists:
    if path.suffix.lower() in ENDINGS:
        return label_maps.read([path], folder)
    if imagej.recognises(path):
        return imagej.read([path], folder)
    data = read_bytes(path)
    if data.startswith(b"PK"):
        raise InputError(f"{path} is a ZIP archive without regions of ImageJ; unpack it first.")
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        return _read_json(data, path, folder)
    if start[:1] == b"<":
        raise InputError(f"{path} looks like a file of {foreign.other_markup(as_text(data, path))}.")
    if b"\0" in data[:200]:
        return _read_json(data, path, folder)  # UTF-16, UTF-32
    text = as_text(data, path)
    columns = text.partition("\n")[0].strip().split(",")
    if kaggle.recognises(columns):
        return kaggle.read(text, path, folder)
    if set(columns) >= via.COLUMNS:
        return via.read_csv(text, path)
    if yolo.recognises(text):
        return yolo.read(path, folder)
    return _read_json(data, path, folder)


def _read_json(data: bytes, path: Path, folder: Path | None) -> Entries | Lists:
    content = as_json(data, path)
    if labelme.recognises(content):
        return labelme.read([path], folder)
    if via.recognises(content):
        return via.read(content, path)
    return coco.lists_of(content, path)


def _read_folder(path: Path, folder: Path | None) -> Entries | Lists:
    if (root := voc.root_of(path)) is not None:
        return voc.read(root, folder)
    if maps := cityscapes.label_files(path):
        return cityscapes.read(maps, folder)
    files = sorted(entry for entry in path.iterdir() if entry.is_file())
    settings = [file for file in files if file.suffix in (".yaml", ".yml")]
    if len(settings) == 1:
        return _read_file(settings[0], folder)
    documents = [file for file in files if file.suffix == ".json"]
    if len(documents) == 1:
        return _read_file(documents[0], folder)
    if documents:
        return labelme.read(documents, folder)
    if yolo.label_files(files):
        return yolo.read(path, folder)
    if regions := [file for file in files if file.suffix in (".roi", ".zip") and imagej.recognises(file)]:
        return imagej.read(regions, folder)
    pictures = [file for file in files if file.suffix.lower() in ENDINGS]
    if maps := label_maps.label_files(pictures, folder):
        return label_maps.read(maps, folder)
    if any(file.name.endswith("_seg.npy") for file in files):
        raise InputError(
            f"{path} holds *_seg.npy of Cellpose, which are pickled code; save the masks as PNG or TIFF (in "
            "Cellpose: File, Save masks)."
        )
    raise InputError(
        f"{path} is a folder without annotations that are read here; name the annotation file, or see "
        "docs/your_own_data.md for the tools that are known."
    )
