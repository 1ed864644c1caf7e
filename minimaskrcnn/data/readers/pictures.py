"""Find the picture that an annotation file, a label map or a set of outlines belongs to, by its name."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from minimaskrcnn.data.annotations.findings import EntryError
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.errors import InputError

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".jp2", ".png", ".ppm", ".tif", ".tiff", ".webp")


def picture_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are named like pictures, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def needed(folder: Path | None, path: Path, what: str) -> Path:
    """Return the folder of the pictures.

    Raises
    ------
    InputError
        None was named, and the format does not do without: it does not state the size of the pictures.
    """
    if folder is None:
        raise InputError(
            f"{path} holds {what}, which do not state the size of their pictures; name the folder of these "
            f"with --images DIR, or convert it first: minimaskrcnn check {path} --images DIR --to-coco FILE."
        )
    return folder


class PictureFolder:
    """The pictures of a folder by their names without ending."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._files: dict[str, list[Path]] = defaultdict(list)
        for path in picture_files(folder):
            self._files[path.stem].append(path)

    def stems(self) -> set[str]:
        """Return the names without their endings."""
        return set(self._files)

    def find(self, stem: str) -> tuple[str, tuple[int, int]]:
        """Return the file name of a picture and its (height, width).

        Raises
        ------
        EntryError
            There is no such picture, there are several, or it cannot be read.
        """
        found = self._files.get(stem, [])
        if len(found) != 1:
            what = f"{len(found)} pictures" if found else "no picture"
            raise EntryError(
                "picture", f"has {what} called {stem!r} in {self.folder}", "one picture must have this name"
            )
        try:
            return found[0].name, picture_size(found[0])
        except InputError as fault:
            words = str(fault).removeprefix("read_image: ").rstrip(".")
            raise EntryError("picture that cannot be read", f"cannot be read: {words}", "mend it") from None
