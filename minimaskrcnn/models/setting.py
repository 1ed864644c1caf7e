"""One setting of a model: its default, the values it may have, and its meaning, each written once.

    min_size: int = setting("transform", 800, whole(1, 20_000), "The shorter side is resized to this.")

A `Kind` reads a value from any source (a keyword, the command line, a checkpoint) and returns it in the type
of the setting. A value that it cannot read is refused, and the message says what was expected.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np

from minimaskrcnn.errors import InputError


@dataclass(frozen=True)
class Kind:
    """The values that a setting may have: a description, a test, and a conversion to the setting's type."""

    expected: str
    fits: Callable[[Any], bool]
    convert: Callable[[Any], Any]


def whole(least: int, most: int) -> Kind:
    """Allow whole numbers from `least` to `most`, both included."""
    return _ranged(Integral, int, f"a whole number from {least} to {most:,}", least, most)


def number(least: float, most: float) -> Kind:
    """Allow real numbers from `least` to `most`, both included; so neither NaN nor infinity."""
    return _ranged(Real, float, f"a number from {least:g} to {most:g}", least, most)


def _ranged(abstract: type, own: type, expected: str, least: float, most: float) -> Kind:
    def fits(value: Any) -> bool:
        return isinstance(value, abstract) and not isinstance(value, bool) and within(value)

    def within(value: Any) -> bool:
        return bool(least <= value <= most)

    return Kind(expected, fits, own)


def flag() -> Kind:
    """Allow true and false."""
    return Kind("true or false", lambda value: isinstance(value, bool | np.bool_), bool)


def choice(*names: str) -> Kind:
    """Allow one of a few names."""
    return Kind(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names, str)


def several(kind: Kind, least: int, most: int) -> Kind:
    """Allow a list, tuple or array of `least` to `most` values of one kind; it becomes a tuple."""

    def fits(values: Any) -> bool:
        is_list = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str | bytes)
        return is_list and least <= len(values) <= most and all(map(kind.fits, values))

    count = str(least) if least == most else f"{least} to {most}"
    return Kind(
        f"a list of {count}, each {kind.expected}", fits, lambda values: tuple(map(kind.convert, values))
    )


def maybe(kind: Kind) -> Kind:
    """Allow None, or a value of a kind."""
    return Kind(
        f"None, or {kind.expected}",
        lambda value: value is None or kind.fits(value),
        lambda value: None if value is None else kind.convert(value),
    )


def setting(group: str, default: Any, kind: Kind, meaning: str) -> Any:
    """Declare a field of a dataclass of settings."""
    return field(default=default, metadata={"group": group, "kind": kind, "meaning": meaning})


def read(own: Field[Any], value: Any) -> Any:
    """Return the value of a setting, converted to the type of the setting.

    Raises
    ------
    InputError
        If the setting does not allow the value.
    """
    kind = own.metadata["kind"]
    if not kind.fits(value):
        raise InputError(f"{own.name}: expected {kind.expected}; got {shortened(value)}.")
    return kind.convert(value)


def shortened(value: object) -> str:
    """Write a value from outside for a message: printable, on one line, and short."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python writes no numbers of more than 4,300 digits
        return f"a {type(value).__name__} that is too long to print"
