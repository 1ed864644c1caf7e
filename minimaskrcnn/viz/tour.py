"""The whole tour: every figure of the catalogue that its subject allows, in order.

subject = Subject(trace, class_names, Truth(trace, target), model=model)
for plate in tour(subject):
    save(plate.draw(), f"{plate.file}.png")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.evaluation import Curves
from minimaskrcnn.inspection import Coverage, Trace
from minimaskrcnn.inspection.microscope import ARTICLE_BOX, ARTICLE_FEATURES
from minimaskrcnn.viz import coverage, mask_targets, microscope, precision, samples, training, weights
from minimaskrcnn.viz.catalogue import CATALOGUE, NEED_TRUTH, NUMBERS, Entry
from minimaskrcnn.viz.stages import Draw, figure_of, stage_figures


@dataclass(frozen=True)
class Truth:
    """A picture whose objects are known, and what the network made of it.

    Attributes
    ----------
    trace : Trace of the picture
    target : its true objects, input pixels
    class_names : names by label, 0 the background
    """

    trace: Trace
    target: Target
    class_names: Sequence[str] | None = None


@dataclass(frozen=True)
class Subject:
    """What the tour is about; figures without their subject are left out.

    Attributes
    ----------
    trace : Trace of the picture shown
    class_names : names by label, 0 the background
    truth : for the steps that compare with the truth; may be another picture than that of `trace`
    model : for the views of the weights
    curves : "box" and "mask", of a data set
    samples : pairs of picture and Target of a data set; the first is cut into mini-masks
    sample_names : class names of the samples
    coverage : of the anchors, over a data set
    log : records of a training log
    """

    trace: Trace
    class_names: Sequence[str] | None = None
    truth: Truth | None = None
    model: Any = None
    curves: Mapping[str, Curves] = field(default_factory=dict)
    samples: Sequence[tuple[np.ndarray, Target]] = ()
    sample_names: Sequence[str] | None = None
    coverage: Coverage | None = None
    log: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Plate:
    """One figure of the tour.

    Attributes
    ----------
    number : place in the catalogue, the same in every tour
    chapter : heading of its chapter
    entry : Entry, the words about it
    draw : draws it when called
    """

    number: int
    chapter: str
    entry: Entry
    draw: Callable[[], Figure]

    @property
    def file(self) -> str:
        """Number and name, as its file is called: `05-anchor-matches`."""
        return f"{self.number:02}-{self.entry.name}"


def tour(subject: Subject) -> list[Plate]:
    """The plates of a subject, in the order of the catalogue."""
    draws = stage_figures(subject.trace, subject.class_names)
    if subject.truth is not None:
        truth = subject.truth
        known = stage_figures(truth.trace, truth.class_names or subject.class_names, truth.target)
        draws |= {name: known[name] for name in NEED_TRUTH if name in known}
    draws |= {name: figure_of(draw) for name, draw in _of_the_data_set(subject).items()}
    return [
        Plate(NUMBERS[entry.name], chapter.heading, entry, draws[entry.name])
        for chapter in CATALOGUE
        for entry in chapter.entries
        if entry.name in draws
    ]


def left_out(plates: Sequence[Plate]) -> list[Entry]:
    """The entries of the catalogue that have no plate here."""
    shown = {plate.entry.name for plate in plates}
    return [entry for chapter in CATALOGUE for entry in chapter.entries if entry.name not in shown]


def _of_the_data_set(subject: Subject) -> dict[str, Draw]:
    """Figures that no single forward pass can give."""
    draws: dict[str, Draw] = {
        "four-operators": lambda: microscope.microscope_figure(ARTICLE_FEATURES, ARTICLE_BOX),
        "article-example": microscope.article_figure,
        "sub-pixel-shift": microscope.show_shift,
        "gradients": lambda: microscope.gradient_figure(ARTICLE_FEATURES, ARTICLE_BOX),
    }
    curves, names = subject.curves, subject.sample_names or subject.class_names
    if curves:
        of_masks = curves.get("mask", curves["box"])
        draws["precision-recall"] = lambda: precision.show_precision_recall(of_masks)
        draws["average-precision"] = lambda: precision.show_average_precision(curves, None, names)
    if subject.samples:
        image, target = subject.samples[0]
        draws["samples"] = lambda: samples.samples_figure(subject.samples, names)
        draws["mini-masks"] = lambda: mask_targets.show_mini_masks(image, target, None, names)
    if subject.coverage is not None:
        found = subject.coverage
        draws["anchor-coverage"] = lambda: coverage.coverage_figure(found)
    if subject.model is not None:
        draws["weight-table"] = lambda: weights.show_weight_table(subject.model)
        draws["weight-histograms"] = lambda: weights.weight_histograms(subject.model)
    if subject.log:
        classes = None if names is None else len(names)
        draws["training-curves"] = lambda: training.training_curves(subject.log, classes)
    return draws
