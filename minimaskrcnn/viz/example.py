"""What figures are drawn from: a trace, and what is known beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.evaluation import Curves
from minimaskrcnn.inspection import Coverage, Trace
from minimaskrcnn.nn import Module


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
    curves_by_kind : "box" and, where there are any, "mask" and "keypoint": precision and recall over a
        data set
    samples : pairs of picture and Target of that data set
    class_names : of that data set, by label, 0 the background
    coverage : of the objects of that data set by anchors
    log_records : of a training log
    """

    trace: Trace
    truth: Truth | None = None
    model: Module | None = None
    curves_by_kind: Mapping[str, Curves] | None = None
    samples: Sequence[tuple[np.ndarray, Target]] | None = None
    class_names: Sequence[str] | None = None
    coverage: Coverage | None = None
    log_records: Sequence[Mapping[str, Any]] | None = None

    @property
    def target(self) -> Target | None:
        """The true objects, in pixels of `image`."""
        return None if self.truth is None else self.truth.target

    @property
    def image(self) -> np.ndarray | None:
        """The picture whose objects are known, (3, H, W) in [0, 1]."""
        return None if self.truth is None else self.truth.trace["input"]

    @property
    def paste_rule(self) -> str | None:
        """How the masks were pasted into `image`."""
        return None if self.truth is None else self.truth.trace.context.paste_rule

    @property
    def curves(self) -> Curves | None:
        """The curves of the masks, or of the boxes where there are no masks."""
        curves = self.curves_by_kind or {}
        return curves.get("mask", curves.get("box"))

    @property
    def num_classes(self) -> int | None:
        """Classes of the data set, the background included."""
        return None if self.class_names is None else len(self.class_names)


INPUTS = {field.name for field in fields(Example)} | {
    name for name, value in vars(Example).items() if isinstance(value, property)
}
"""What an example has, and so the names that the parameters of a figure may have."""
