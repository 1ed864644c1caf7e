"""Read a JSON file that ought to hold COCO annotations, and say what it is where it is something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minimaskrcnn.data.readers.foreign import other_tool
from minimaskrcnn.errors import InputError

LISTS = ("images", "annotations", "categories")


def lists_of(content: Any, path: Path) -> dict[str, Any]:
    """Return the object with COCO's three lists.

    Raises
    ------
    InputError
        The file is of another tool, or one of the lists is missing.
    """
    missing = [
        name for name in LISTS if not isinstance(content, dict) or not isinstance(content.get(name), list)
    ]
    if not missing:
        return content
    tool = other_tool(content)
    if tool is not None:
        raise InputError(f"{path} looks like a file of {tool}.")
    if not isinstance(content, dict):
        raise InputError(
            f"{path} holds a {type(content).__name__}; expected an object with images, annotations and "
            "categories (a list is the format of results, not of annotations)."
        )
    raise InputError(f"{path} has no list {' and no list '.join(map(repr, missing))}; expected a COCO file.")
