"""Write an edition of all notebooks into a folder, and never over a file that a student may have changed."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from minimaskrcnn.bundled import bundled
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.notebooks.ipynb import as_notebook, as_text
from minimaskrcnn.notebooks.percent import Cell, read_cells

GLOSSARY = "docs/glossary.md"
WRITTEN, THERE, KEPT = "written", "there already", "kept: it differs"


@dataclass(frozen=True)
class Copied:
    """One notebook of a copy: its name, and whether it was `WRITTEN`, `THERE`, or `KEPT` as it was."""

    name: str
    state: str


def sources() -> list[Path]:
    """The sources that come with the package, in the order of their numbers."""
    return sorted(bundled("notebooks/src").glob("[0-9][0-9]_*.py"))


def copy_notebooks(
    folder: str | os.PathLike[str], edition: Callable[[Iterable[Cell]], list[Cell]]
) -> list[Copied]:
    """Write an edition of every notebook, and the glossary, into `folder`; make it if it is missing.

    A notebook that is there stays as it is. If a cell differs, it holds somebody's work or is from another
    version of the package; outputs do not count.

    Parameters
    ----------
    folder : path
    edition : callable
        `notebooks.student`, `notebooks.solutions` or `notebooks.reading`.

    Returns
    -------
    list of Copied
        One for each notebook, in order.

    Raises
    ------
    InputError
        If `folder`, or a folder above it, is a file.
    """
    folder = Path(folder)
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise InputError(f"{place} is a file; name a folder to copy the notebooks into.")
    contents = {source.stem: edition(read_cells(source)) for source in sources()}
    contents["glossary"] = [_glossary()]
    return [_copy(cells, folder / f"{name}.ipynb") for name, cells in contents.items()]


def _glossary() -> Cell:
    """The page that all notebooks link to, as a notebook: JupyterLab shows a page as plain text."""
    return Cell("glossary", "markdown", (), bundled(GLOSSARY).read_text("utf-8").strip())


def _copy(cells: list[Cell], target: Path) -> Copied:
    fresh = as_notebook(
        replace(cell, text=cell.text.replace(f"](../{GLOSSARY}", "](glossary.ipynb")) for cell in cells
    )
    if not os.path.lexists(target):
        atomic_write(target, lambda stream: stream.write(as_text(fresh).encode()))
        return Copied(target.name, WRITTEN)
    return Copied(target.name, THERE if _texts_in(target) == _texts(fresh) else KEPT)


def _texts_in(path: Path) -> list[str] | None:
    """The text of each cell of a notebook that may have been run and saved; None if the file is none."""
    try:
        return _texts(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _texts(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"]]
