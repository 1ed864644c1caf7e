"""Check the list of categories: ids that are whole numbers, names that checkpoints and tables can hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

from minimaskrcnn.data.annotations.entries import (
    MAX_NAME,
    Category,
    as_id,
    as_object,
    entry_name,
    texts_prevail,
)
from minimaskrcnn.data.annotations.findings import EntryError, Finding, Findings, Severity, shown

BACKGROUND = ("background", "_background_")  # the second is labelme's


def check_categories(entries: list[Any], used: Counter[Any], findings: Findings) -> list[Category]:
    """Return the classes in order of id.

    A fault is fatal, because the number of classes depends on every entry; what no annotation uses is left
    out where it cannot be a class.

    Parameters
    ----------
    entries : the file's own list
    used : how many annotations name each id, as the file writes it
    """
    categories: dict[int, Category] = {}
    names: dict[str, Category] = {}
    texts = texts_prevail(entries)
    # Those in use come first, so that of two with one name the unused one is left out.
    for position, entry in sorted(enumerate(entries), key=lambda pair: not _uses(pair[1], used)):
        name = entry_name("category", entry, position)
        try:
            category = _category(as_object(entry), texts, name, findings)
            if not _uses(entry, used) and _is_above_all(category, entries):
                raise EntryError(
                    "dummy category",
                    f"is called {category.name!r}, is the supercategory of all others, and has no objects",
                    "it is left out (Roboflow writes one)",
                    Severity.LEFT_OUT,
                )
            _compare(category, categories.get(category.id), names.get(category.name), _uses(entry, used))
        except EntryError as fault:
            if fault.severity is Severity.BROKEN:
                fault.severity = Severity.FATAL
            findings.append(fault.of(name, entry))
            continue
        categories[category.id] = names[category.name] = category
    return [categories[key] for key in sorted(categories)]


def category_id(value: Any, texts: bool) -> int:
    """Return a category's id as a whole number; in a file of texts "3" plainly means 3."""
    key = as_id(value)
    if isinstance(key, str) and texts and _is_plain_number(key):
        return int(key)
    if isinstance(key, str):
        raise EntryError("id", f"has the id {shown(key)} (a text)", "write a whole number")
    if texts:
        raise EntryError(
            "id of another type", f"has the id {key} (a number)", "the ids of this file are texts"
        )
    return key


def _is_plain_number(text: str) -> bool:
    """Tell whether a text is a number as JSON would write it: "3", not "03", not "3 "."""
    return text.isascii() and text.isdecimal() and len(text) < 18 and str(int(text)) == text


def _category(entry: dict[str, Any], texts: bool, where: str, findings: Findings) -> Category:
    key, name = category_id(entry.get("id"), texts), entry.get("name")
    if type(name) in (int, float):
        findings.append(
            Finding(Severity.NOTE, "name", where, f"has the name {name!r}", f"taken as the text '{name}'")
        )
        name = str(name)
    if not isinstance(name, str) or not name.strip():
        raise EntryError("name", f"has the name {shown(name)}", "write a word")
    if not name.isprintable() or len(name) > MAX_NAME:
        raise EntryError(
            "name",
            f"has the name {shown(name)}",
            f"write it in one line of at most {MAX_NAME} characters, without tabs and control characters",
        )
    return Category(key, name)


def _is_above_all(category: Category, entries: list[Any]) -> bool:
    """Tell whether all other categories have this one as their supercategory."""
    below = (
        entry.get("supercategory") == category.name
        for entry in entries
        if isinstance(entry, dict) and entry.get("name") != category.name
    )
    return next(below, False) and all(below)


def _uses(entry: Any, used: Counter[Any]) -> int:
    """Number of annotations that name this category's id."""
    key = entry.get("id") if isinstance(entry, dict) else None
    return used[key] if type(key) in (int, float, str) else 0


def _compare(category: Category, known: Category | None, twin: Category | None, uses: int) -> None:
    """Hold a category against the one of its id and the one of its name.

    What no annotation uses is not worth stopping for.
    """
    if known == category:
        raise EntryError("listed twice", "is listed twice", "list it once", Severity.LEFT_OUT)
    if known is not None:
        raise EntryError(
            "id of two categories",
            f"is both {known.name!r} and {category.name!r}",
            "give each an id of its own",
        )
    severity = Severity.BROKEN if uses else Severity.LEFT_OUT
    if category.name in BACKGROUND:
        raise EntryError(
            "background",
            f"is called {category.name!r}, which is the name for no object",
            "give it another name, or leave out the category",
            severity,
        )
    if twin is not None:
        raise EntryError(
            "name of two categories",
            f"has the name {category.name!r} of category {twin.id}",
            "give it another name, or make the two one",
            severity,
        )
