"""What figures are drawn from: a picture, its trace, and what is known beside it.

example = Example(trace, Truth(trace, target), model=model)
for entry, draw in stage_figures(example).items():
    save(draw(), f"{entry.file}.png")
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.evaluation import Curves
from minimaskrcnn.inspection import Coverage, Trace
from minimaskrcnn.viz.catalogue import Entry, catalogue_entries
from minimaskrcnn.viz.style import root_figure


@dataclass(frozen=True)
class Truth:
    """A picture whose objects are known, and what the network made of it.

    Attributes
    ----------
    trace : Trace of the picture
    target : its true objects, input pixels
    """

    trace: Trace
    target: Target


@dataclass(frozen=True)
class Example:
    """What figures are about; those that need something it does not have are left out.

    Attributes
    ----------
    trace : Trace of the picture shown
    truth : for figures that compare with the truth; may be of another picture than `trace`
    model : for figures of the weights
    curves_by_kind : "box" and, where there are masks, "mask": precision and recall over a data set
    samples : pairs of picture and Target of that data set
    class_names : of that data set, by label, 0 the background
    coverage : of the objects of that data set by anchors
    log_records : of a training log
    """

    trace: Trace
    truth: Truth | None = None
    model: Any = None
    curves_by_kind: Mapping[str, Curves] | None = None
    samples: Sequence[tuple[np.ndarray, Target]] | None = None
    class_names: Sequence[str] | None = None
    coverage: Coverage | None = None
    log_records: Sequence[Mapping[str, Any]] | None = None

    def inputs(self, entry: Entry) -> dict[str, Any]:
        """Everything a figure may ask for by name; None where this example does not have it."""
        truth, curves = self.truth, self.curves_by_kind or {}
        return {
            "trace": truth.trace if truth and entry.compares_with_truth else self.trace,
            "target": truth and truth.target,
            "image": truth and truth.trace["input"],
            "paste_rule": truth and truth.trace.context.paste_rule,
            "model": self.model,
            "samples": self.samples,
            "curves": curves.get("mask", curves.get("box")),
            "curves_by_kind": self.curves_by_kind,
            "coverage": self.coverage,
            "log_records": self.log_records,
            "class_names": self.class_names,
            "num_classes": self.class_names and len(self.class_names),
        }


def stage_figures(example: Example) -> dict[Entry, Callable[[], Figure]]:
    """The figures of the catalogue that an example has all for, in order; each is drawn when it is called.

    Examples
    --------
    >>> import numpy as np
    >>> from minimaskrcnn.models import mini
    >>> trace = mini(3, rng=np.random.default_rng(0)).trace(np.zeros((3, 64, 64), np.float32))
    >>> list(stage_figures(Example(trace)))[1].call
    'show_top_anchors(trace)'
    """
    figures: dict[Entry, Callable[[], Figure]] = {}
    for entry in catalogue_entries():
        inputs = example.inputs(entry)
        given = {name: inputs[name] for name in entry.parameters if inputs.get(name) is not None}
        asked = [name for name, parameter in entry.parameters.items() if parameter.default is parameter.empty]
        if all(name in given or name in entry.arguments for name in asked) and all(
            _holds(inputs, need) for need in entry.needs
        ):
            figures[entry] = partial(_draw, entry.function, {**given, **entry.arguments})
    return figures


def _holds(inputs: Mapping[str, Any], need: str) -> bool:
    """Whether a stage ("trace.proposals") or a field ("target.masks") is there and is not empty."""
    owner, _, name = need.partition(".")
    where = inputs[owner]
    values = where.get(name) if isinstance(where, Trace) else getattr(where, name, None)
    return values is not None and len(values) > 0


def _draw(function: Callable[..., Axes | Figure], arguments: Mapping[str, Any]) -> Figure:
    return root_figure(function(**arguments))
