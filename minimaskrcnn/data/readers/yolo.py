"""YOLO's text files: one per picture, one line per object, coordinates as fractions of the picture's sides.

    0 0.681 0.485 0.670 0.487 0.676 0.487      class, then a polygon (YOLO-seg)
    0 0.512 0.430 0.100 0.080                  class, then middle, width and height of a box

The names of the classes stand in `data.yaml`. The labels of `images/train` are in `labels/train`: as
Ultralytics does, the last folder called `images` is replaced.
"""

from __future__ import annotations

import re
from pathlib import Path

from minimaskrcnn.data.annotations.findings import EntryError, shown
from minimaskrcnn.data.readers.entries import Entries
from minimaskrcnn.data.readers.outlines import numbers
from minimaskrcnn.data.readers.pictures import PictureFolder, needed
from minimaskrcnn.data.readers.text import as_text, read_bytes
from minimaskrcnn.errors import InputError

NUMBER = r"[-+.\d][-+.\deE]*"
LINE = re.compile(rf"\s*\d+(?:\.0+)?(?:\s+{NUMBER}){{4,}}\s*$")
ITEM = re.compile(r"""\s*(?:(\d+)\s*:\s*)?("(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^,]*?)\s*(?:,|$)""")
ROW = re.compile(r"\s*(?:-|(\d+)\s*:)\s+(.+)$")
NOT_LABELS = ("classes.txt", "obj.names", "names.txt")


def recognises(text: str) -> bool:
    """Tell whether a text is the `data.yaml` of a YOLO data set."""
    return re.search(r"^names\s*:", text, re.MULTILINE) is not None


def label_files(paths: list[Path]) -> list[Path]:
    """Return those of some files that are labels of YOLO, if the first that has a line looks like one."""
    texts = [path for path in paths if path.suffix == ".txt" and path.name not in NOT_LABELS]
    for path in texts:
        line = as_text(read_bytes(path), path).strip().partition("\n")[0]
        if line:
            return texts if LINE.match(line) else []
    return []


def read(source: Path, folder: Path | None) -> Entries:
    """Read the labels of the pictures in a folder.

    Parameters
    ----------
    source : the `data.yaml`, or the folder of the labels
    folder : folder of the pictures
    """
    folder = needed(folder, source, "labels of YOLO")
    labels = source if source.is_dir() else _labels_of(folder)
    entries = Entries(_names(source))
    pictures = PictureFolder(folder)
    texts = {path.stem: path for path in sorted(labels.glob("*.txt")) if path.name not in NOT_LABELS}
    if not texts.keys() & pictures.stems():
        raise InputError(f"{labels} has no label file of a picture in {folder}; name the matching folders.")
    for stem in sorted(texts.keys() | pictures.stems()):
        with entries.about(stem, "image"):
            file_name, size = pictures.find(stem)
            picture = entries.add_picture(file_name, size)
            if stem in texts:
                _read_file(texts[stem], picture, size, entries)
    return entries


def _labels_of(images: Path) -> Path:
    parts = list(images.absolute().parts)
    if "images" not in parts:
        raise InputError(f"{images}: no folder on this path is called images; pass the folder of labels.")
    last = len(parts) - 1 - parts[::-1].index("images")
    labels = Path(*parts[:last], "labels", *parts[last + 1 :])
    if not labels.is_dir():
        raise InputError(f"{labels} does not exist, where YOLO keeps the labels of {images}.")
    return labels


def _read_file(path: Path, picture: int, size: tuple[int, int], entries: Entries) -> None:
    for position, line in enumerate(as_text(read_bytes(path), path).splitlines(), 1):
        key = f"{path.name} line {position}"
        if line.strip():
            with entries.about(key):
                _read_line(line, key, picture, size, entries)


def _read_line(line: str, key: str, picture: int, size: tuple[int, int], entries: Entries) -> None:
    try:
        label, *fractions = map(float, line.split())
    except ValueError:
        raise EntryError("line", f"is {shown(line)}", "write a class and numbers from 0 to 1") from None
    if not label.is_integer():
        raise EntryError("class", f"has the class {label:g}", "write a whole number")
    fractions = numbers(fractions)
    height, width = size
    pixels = [value * (width, height)[place % 2] for place, value in enumerate(fractions)]
    if max(map(abs, fractions), default=0) > 2:
        raise EntryError("line", f"is {shown(line)}", "write fractions of the picture's sides, not pixels")
    if len(pixels) == 4:
        cx, cy, w, h = pixels
        entries.add_box(key, picture, int(label), [cx - w / 2, cy - h / 2, w, h])
    elif len(pixels) >= 6 and len(pixels) % 2 == 0:
        entries.add_polygons(key, picture, int(label), [pixels])
    else:
        raise EntryError(
            "line",
            f"has {len(pixels)} numbers after its class",
            "write 4 for a box, or x and y of 3 corners or more",
        )


def _names(source: Path) -> list[str]:
    """The names of the classes: in the file itself, or beside or above the labels."""
    if source.is_file():
        return names_of(as_text(read_bytes(source), source), source)
    for place in [source, *source.absolute().parents][:4]:
        for path in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]):
            text = as_text(read_bytes(path), path)
            if recognises(text):
                return names_of(text, path)
        if (place / "classes.txt").is_file():
            text = as_text(read_bytes(place / "classes.txt"), place / "classes.txt")
            return [line.strip() for line in text.splitlines() if line.strip()]
    raise InputError(
        f"{source} holds labels of YOLO, but no data.yaml or classes.txt, there or above, names the classes; "
        "put one beside it."
    )


def names_of(text: str, path: Path) -> list[str]:
    """Return the list `names` of a `data.yaml`; all other keys are passed over.

    Only the ways are read in which YAML's writers and people put down a list of names.

    Examples
    --------
    >>> names_of("nc: 2\\nnames: ['cat', dog]", "data.yaml")
    ['cat', 'dog']
    >>> names_of("names:\\n  0: cat\\n  1: dog  # no wolf", "data.yaml")
    ['cat', 'dog']
    """
    after = re.split(r"^names\s*:", text, maxsplit=1, flags=re.MULTILINE)[1]
    after = re.sub(r"(^|\s)#[^\n]*", "", after).strip()
    pairs: list[tuple[str | None, str]] = []
    if after[:1] in ("[", "{"):
        inner = after[1:].partition({"[": "]", "{": "}"}[after[0]])[0].strip().replace("\n", " ")
        place = 0
        while place < len(inner) and (item := ITEM.match(inner, place)):
            pairs.append((item[1], item[2]))
            place = item.end()
    else:
        for line in filter(str.strip, after.splitlines()):
            row = ROW.match(line)
            if row is None:
                break
            pairs.append((row[1], row[2]))
    numbered = [(int(number or place), _unquoted(name)) for place, (number, name) in enumerate(pairs)]
    names = [name for _, name in sorted(numbered)]
    if not names or sorted(number for number, _ in numbered) != list(range(len(names))):
        raise InputError(f"{path} has no list of names that can be read; write names: [first, second, ...].")
    return names


def _unquoted(name: str) -> str:
    name = name.strip()
    if name[:1] == "'":
        return name[1:-1].replace("''", "'")
    return name[1:-1].replace('\\"', '"') if name[:1] == '"' else name
