"""One setting of a model: its default, the values it may have, and its meaning, each written once.

    min_size: int = setting("transform", 800, whole(1, 20_000), "The shorter side is resized to this.")

A kind reads a value from anywhere (a keyword, the command line, a checkpoint) and answers it in the setting's
own type; what it cannot read is refused with what it expects.
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
    """The values that a setting may have: in words, whether a value is one, and how it is converted."""

    expected: str
    fits: Callable[[Any], bool]
    convert: Callable[[Any], Any]


def whole(least: int, most: int) -> Kind:
    """Whole numbers of a range, both ends included."""
    return _ranged(Integral, int, f"a whole number from {least} to {most:,}", least, most)


def number(least: float, most: float) -> Kind:
    """Real numbers of a range, both ends included; so neither NaN nor infinity."""
    return _ranged(Real, float, f"a number from {least:g} to {most:g}", least, most)


def _ranged(abstract: type, own: type, expected: str, least: float, most: float) -> Kind:
    def fits(value: Any) -> bool:
        return isinstance(value, abstract) and not isinstance(value, bool) and within(value)

    def within(value: Any) -> bool:
        return bool(least <= value <= most)

    return Kind(expected, fits, own)


def flag() -> Kind:
    """Yes or no."""
    return Kind("true or false", lambda value: isinstance(value, bool | np.bool_), bool)


def choice(*names: str) -> Kind:
    """One of a few names."""
    return Kind(f"one of {', '.join(names)}", lambda value: isinstance(value, str) and value in names, str)


def several(kind: Kind, least: int, most: int) -> Kind:
    """A tuple of `least` to `most` values of one kind, which may come as a list or an array."""

    def fits(values: Any) -> bool:
        is_list = isinstance(values, Sequence | np.ndarray) and not isinstance(values, str | bytes)
        return is_list and least <= len(values) <= most and all(map(kind.fits, values))

    count = str(least) if least == most else f"{least} to {most}"
    return Kind(
        f"a list of {count}, each {kind.expected}", fits, lambda values: tuple(map(kind.convert, values))
    )


def maybe(kind: Kind) -> Kind:
    """None, or a value of a kind."""
    return Kind(
        f"None, or {kind.expected}",
        lambda value: value is None or kind.fits(value),
        lambda value: None if value is None else kind.convert(value),
    )


def setting(group: str, default: Any, kind: Kind, meaning: str) -> Any:
    """A field of a dataclass of settings."""
    return field(default=default, metadata={"group": group, "kind": kind, "meaning": meaning})


def read(own: Field[Any], value: Any) -> Any:
    """The value of a setting in its own type.

    Raises
    ------
    InputError
        If the value is not of the setting's kind.
    """
    kind = own.metadata["kind"]
    if not kind.fits(value):
        raise InputError(f"{own.name}: expected {kind.expected}; got {shortened(value)}.")
    return kind.convert(value)


def shortened(value: object) -> str:
    """A value from outside as it can stand in a message: printable, on one line and not long."""
    try:
        return " ".join(reprlib.repr(value).split())
    except ValueError:  # Python writes no numbers of more than 4,300 digits
        return f"a {type(value).__name__} that is too long to print"
