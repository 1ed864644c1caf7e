"""The three kinds of entries with the types that the rest of the package relies on, and how they are read."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from minimaskrcnn.data.annotations.findings import EntryError, shown

Id = int | str
Outline: TypeAlias = "list[array[float]] | dict[str, Any]"
MAX_NAME = 200  # characters of a class name; checkpoints hold no longer ones
NUMBERS = {int, float}  # the types of JSON's numbers; bool is none


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its id, its `file_name`, where it lies, and its (height, width) where that is known."""

    id: Id
    file_name: str
    path: Path
    size: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Category:
    """One class of the file: COCO's id for it, and its name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """One object.

    Attributes
    ----------
    id : int, str or None
    picture, category : ids of other entries
    box : x, y, width, height in pixels
    outline : polygons, run lengths, or None where the file has only boxes
    crowd : bool
    area : float, pixels; where the file states none, that of the outline, or else of the box
    keypoints : x, y, visibility of each keypoint in a row, or None
    """

    id: Id | None
    picture: Id
    category: int
    box: tuple[float, float, float, float]
    outline: Outline | None
    crowd: bool
    area: float
    keypoints: array[float] | None = None


def as_id(value: Any) -> Id:
    """Return an id as a whole number of 64 bits or a text; 3.0 plainly means 3.

    Raises
    ------
    EntryError
        The value is neither.
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    if (type(value) is int and -(2**63) <= value < 2**63) or (type(value) is str and value):
        return value
    raise EntryError("id", f"has the id {shown(value)}", "write a whole number")


def described(value: Id) -> str:
    """Write an id with its type, for a sentence in which two ids look alike.

    >>> described("1"), described(1)
    ("'1' (a text)", '1 (a number)')
    """
    return f"{value!r:.60} (a {'text' if isinstance(value, str) else 'number'})"


def texts_prevail(entries: Iterable[Any]) -> bool:
    """Tell whether more of these entries have texts as ids than numbers."""
    kinds = [type(entry.get("id")) for entry in entries if isinstance(entry, dict)]
    return kinds.count(str) > len(kinds) - kinds.count(str)


def entry_name(kind: str, entry: Any, position: int) -> str:
    """Name an entry by its id, or by its position where it has none."""
    named = isinstance(entry, dict) and entry.get("id") is not None
    return f"{kind} {shown(entry['id'])}" if named else f"{kind} at position {position}"


def as_object(entry: Any) -> dict[str, Any]:
    """Return the entry if it is an object of fields."""
    if not isinstance(entry, dict):
        raise EntryError("entry", f"is {shown(entry)}", "write an object with named fields")
    return entry


def as_number(value: Any) -> float:
    """Return a finite number as a float; NaN for everything else."""
    if type(value) not in NUMBERS:
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan
