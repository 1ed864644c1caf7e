"""The catalogue of figures: each is declared once, above the function that draws it.

    @catalogued(9, "proposals", Chapter.RPN, heading="Final proposals", note="What the RPN hands on.")
    def show_proposals(trace, ax=None): ...

`stage_figures`, the page of `minimaskrcnn stages` and the gallery are views of this catalogue. They give a
figure its arguments by name: its parameter `trace`, `target` or `model` receives what an `Example` has under
that name. The first 24 figures are the steps that learners of Mask R-CNN know from the classic inspection
notebooks.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.example import INPUTS, Example
from minimaskrcnn.viz.style import root_figure

Drawing = TypeVar("Drawing", bound=Callable[..., Axes | Figure])


class Chapter(StrEnum):
    """Figures that belong together, in the order in which they are shown."""

    ANSWER = "The answer"
    RPN = "Stage 1: the region proposal network"
    BOX_HEAD = "Stage 2: the box head"
    MASKS = "Stage 3: masks"
    INSIDE = "Looking inside"
    DATA = "The data"
    WEIGHTS = "The weights"
    CLOSE_UPS = "Close-ups"
    TRAINING = "Training"
    KEYPOINTS = "Keypoints"


@dataclass(frozen=True, eq=False)
class Entry:
    """One figure of the catalogue.

    Attributes
    ----------
    number : in the name of its file, the same on every page
    name : in lower case, words joined by hyphens
    chapter : Chapter
    heading : str
    note : what a reader should understand from it, in sentences
    function : draws it, and returns its axes or its figure
    needs : what must be there and not be empty: "trace.proposals" (a stage), "target.masks" (a field)
    arguments : fixed arguments of `function`
    """

    number: int
    name: str
    chapter: Chapter
    heading: str
    note: str
    function: Callable[..., Axes | Figure]
    needs: Sequence[str] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters of `function` by name."""
        return inspect.signature(self.function).parameters

    @property
    def compares_with_truth(self) -> bool:
        """Whether it needs a picture whose objects are known."""
        return "target" in self.parameters

    @property
    def file(self) -> str:
        """Number and name, as its file is called: `05-anchor-matches`."""
        return f"{self.number:02}-{self.name}"

    @property
    def call(self) -> str:
        """The call that draws it: `show_overlaps(trace, target)`."""
        words, in_order = [], True
        for name in self.parameters:
            if name not in INPUTS and name not in self.arguments:
                in_order = False
                continue
            value = json.dumps(self.arguments[name]) if name in self.arguments else name
            words.append(value if in_order else f"{name}={value}")
        return f"{self.function.__name__}({', '.join(words)})"


_ENTRIES: dict[str, Entry] = {}


def catalogued(
    number: int,
    name: str,
    chapter: Chapter,
    *,
    heading: str,
    note: str,
    needs: Sequence[str] = (),
    arguments: Mapping[str, Any] | None = None,
) -> Callable[[Drawing], Drawing]:
    """Declare the function below as a figure of the catalogue; the parameters are those of `Entry`.

    Declaring a figure again, as a notebook does when a cell is run twice, replaces it.

    Raises
    ------
    InputError
        The number or the name belongs to another figure, or no example can give the function an argument.
    """

    def declare(function: Drawing) -> Drawing:
        entry = Entry(number, name, chapter, heading, note, function, needs, arguments or {})
        for other in _ENTRIES.values():
            if (other.number == number) != (other.name == name):
                free = max(one.number for one in _ENTRIES.values()) + 1
                raise InputError(
                    f"catalogued: figure {number} {name!r} meets figure {other.number} {other.name!r}; "
                    f"give it a name of its own and a number from {free} on."
                )
        for parameter in entry.parameters.values():
            known = parameter.name in INPUTS or parameter.name in entry.arguments
            if not known and parameter.default is parameter.empty:
                raise InputError(
                    f"catalogued: nothing can be given to the argument {parameter.name!r} of "
                    f"{function.__name__}; give it a default, or call it one of {', '.join(sorted(INPUTS))}."
                )
        _ENTRIES[name] = entry
        return function

    return declare


def catalogue_entries() -> list[Entry]:
    """Every figure, chapter by chapter, and by number inside a chapter."""
    chapters = list(Chapter)
    return sorted(_ENTRIES.values(), key=lambda entry: (chapters.index(entry.chapter), entry.number))


def stage_figures(example: Example) -> dict[Entry, Callable[[], Figure]]:
    """The figures that an example can give, in the order of the catalogue; each is drawn when it is called.

    Examples
    --------
    >>> import numpy as np
    >>> from minimaskrcnn.models import mini
    >>> trace = mini(3, rng=np.random.default_rng(0)).trace(np.zeros((3, 64, 64), np.float32))
    >>> list(stage_figures(Example(trace)))[1].call
    'show_top_anchors(trace)'

    ``for entry, draw in stage_figures(example).items(): save(draw(), f"{entry.file}.png")``
    """
    figures: dict[Entry, Callable[[], Figure]] = {}
    for entry in catalogue_entries():
        arguments = _arguments(entry, example)
        if arguments is not None:
            figures[entry] = partial(_draw, entry.function, arguments)
    return figures


def _arguments(entry: Entry, example: Example) -> dict[str, Any] | None:
    """The arguments of a figure by name; None where the example lacks one, or lacks what the figure needs."""
    if example.truth is not None and entry.compares_with_truth:
        example = replace(example, trace=example.truth.trace)
    values = {name: getattr(example, name) for name in entry.parameters if name in INPUTS}
    given = {name: value for name, value in values.items() if value is not None} | dict(entry.arguments)
    asked = {name for name, parameter in entry.parameters.items() if parameter.default is parameter.empty}
    if not asked <= given.keys() or not all(_holds(example, need) for need in entry.needs):
        return None
    return given


def _holds(example: Example, need: str) -> bool:
    """Whether a stage ("trace.proposals") or a field ("target.masks") is there and is not empty."""
    owner, _, name = need.partition(".")
    where = getattr(example, owner)
    values = where.get(name) if isinstance(where, Trace) else getattr(where, name)
    return values is not None and len(values) > 0


def _draw(function: Callable[..., Axes | Figure], arguments: Mapping[str, Any]) -> Figure:
    return root_figure(function(**arguments))
