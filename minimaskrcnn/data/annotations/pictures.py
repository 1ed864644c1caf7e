"""Check the list of pictures: ids, file names, and the size of each as it is read."""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from minimaskrcnn.data.annotations.entries import (
    Id,
    Picture,
    as_id,
    as_number,
    as_object,
    described,
    entry_name,
    texts_prevail,
)
from minimaskrcnn.data.annotations.findings import EntryError, Finding, Findings, Severity, shown
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.errors import InputError

Size = tuple[int, int]


def check_pictures(images: list[Any], folder: Path | None, findings: Findings) -> dict[Id, Picture]:
    """Return the pictures that can be used, by id, in increasing order of id.

    `folder` is where the files lie; without one no file is looked at.
    """
    texts = texts_prevail(images)
    names: dict[Id, set[str]] = {}
    pictures: dict[Id, Picture] = {}
    size_of = cache(picture_size)
    for position, entry in enumerate(images):
        name = entry_name("image", entry, position)
        try:
            picture = _picture(as_object(entry), texts, folder, size_of)
            names.setdefault(picture.id, set()).add(picture.file_name)
            if picture.id in pictures and len(names[picture.id]) == 1:
                raise EntryError("listed twice", "is listed twice", "list it once", Severity.LEFT_OUT)
        except EntryError as fault:
            findings.append(fault.of(name, entry))
            continue
        if picture.file_name != entry["file_name"]:
            kind = "backslash in file_name"
            findings.append(Finding(Severity.NOTE, kind, name, f"has {kind}", f"read as {picture.file_name}"))
        pictures[picture.id] = picture
    _drop_ambiguous(pictures, names, findings)
    return {key: pictures[key] for key in sorted(pictures, key=lambda key: (isinstance(key, str), key))}


def _drop_ambiguous(pictures: dict[Id, Picture], names: dict[Id, set[str]], findings: Findings) -> None:
    """Leave out pictures of one id and several files: nobody knows which of them an annotation means."""
    for key, files in names.items():
        if len(files) > 1:
            del pictures[key]
            findings.append(
                EntryError(
                    "id of two pictures",
                    f"is {len(files)} pictures, {shown(sorted(files))}",
                    "give each an id of its own",
                ).of(f"image {shown(key)}", {"id": key})
            )


def _picture(entry: dict[str, Any], texts: bool, folder: Path | None, size_of: Any) -> Picture:
    key = as_id(entry.get("id"))
    if isinstance(key, str) != texts:
        other = "texts" if texts else "numbers"
        raise EntryError(
            "id of another type", f"has the id {described(key)}", f"the ids of this file are {other}"
        )
    path, file_name = _locate(entry.get("file_name"), folder)
    declared = _declared(entry)
    if folder is None:
        return Picture(key, file_name, path, declared)
    try:
        size = size_of(path)
    except InputError as fault:
        words = str(fault).removeprefix("read_image: ").rstrip(".")
        raise EntryError("picture that cannot be read", f"cannot be read: {words}", "mend the file") from None
    if declared is not None and declared != size:
        raise EntryError(
            "picture of another size",
            f"is {size[0]} x {size[1]} (height x width) as read from {file_name}, but the file says "
            f"{declared[0]} x {declared[1]}",
            "its annotations are in other pixels: use the picture they were drawn on (was it resized, or "
            "turned by EXIF?), or correct height and width",
        )
    return Picture(key, file_name, path, size)


def _declared(entry: dict[str, Any]) -> Size | None:
    """The (height, width) that the file states; None where it states neither."""
    stated = [entry.get(side) for side in ("height", "width")]
    if stated == [None, None]:
        return None
    height, width = map(as_number, stated)
    if not (height >= 1 and width >= 1 and height.is_integer() and width.is_integer()):
        raise EntryError(
            "height and width",
            f"has height {shown(stated[0])} and width {shown(stated[1])}",
            "write whole numbers of pixels, or leave out both",
        )
    return int(height), int(width)


def _locate(file_name: Any, folder: Path | None) -> tuple[Path, str]:
    """Return the path of a picture, which must be inside the folder, and its name with slashes."""
    if not isinstance(file_name, str) or not file_name or "\0" in file_name:
        raise EntryError("file_name", f"has file_name {shown(file_name)}", "write the name of a picture file")
    slashed = file_name.replace("\\", "/")
    if folder is None:
        return Path(slashed), file_name
    for name in dict.fromkeys((file_name, slashed)):
        try:
            if _is_inside(name, folder) and (folder / name).is_file():
                return folder / name, name
        except (OSError, ValueError):
            break  # a name that no file can have
    raise EntryError(
        "file_name", _why_not(file_name, slashed, folder), "put the picture there, or correct the name"
    )


def _is_inside(name: str, folder: Path) -> bool:
    """Tell whether a name stays in the folder; links inside it are the user's own and are followed."""
    path = PurePosixPath(name)
    if ".." in path.parts or PureWindowsPath(name).drive:
        return False
    return not path.is_absolute() or path.is_relative_to(folder.absolute().as_posix())


def _why_not(file_name: str, slashed: str, folder: Path) -> str:
    if not _is_inside(slashed, folder):
        return f"has file_name {shown(file_name)}, which leads outside the folder {folder}"
    try:
        is_folder = (folder / slashed).is_dir()
    except (OSError, ValueError):
        return f"has file_name {shown(file_name)}, a name that no file here can have"
    if is_folder:
        return f"has file_name {shown(file_name)}, which is a folder"
    also = f" (nor {slashed!r}, with slashes for its backslashes)" if slashed != file_name else ""
    return f"has file_name {shown(file_name)}, and {folder / file_name} does not exist{also}"
