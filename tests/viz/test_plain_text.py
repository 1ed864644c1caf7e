"""Names from other people's files in every figure: no mathematics, no warning, no empty box, nothing lost."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from minimaskrcnn import viz
from minimaskrcnn.data.annotations import AnnotationFile, Report
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.inspection import Trace, anchor_coverage
from minimaskrcnn.models import mini
from minimaskrcnn.viz import plain_text
from minimaskrcnn.viz.catalogue import Chapter

HOSTILE = ("background", "$100_$200", r"$\frac a$b^ 猫🐈", "\x1b[31m\n" + "x" * 200)


@pytest.fixture(scope="module")
def hostile(trace, target):
    """An example for every figure but those of weights; classes and terms of the loss have hostile names."""
    context = replace(trace.context, class_names=HOSTILE)
    named = Trace(trace.stages(), context)
    evaluator = CocoEvaluator("bbox")
    evaluator.add(target, named.detections)
    log = [{"step": 1, "loss": 2.0, "loss_$a$_^": 1.0, "lr": 0.1, "grad_norm": 1.0, "seconds": 1.0}]
    model = mini(4, rng=np.random.default_rng(0))
    return viz.Example(
        named,
        viz.Truth(named, target),
        curves_by_kind={"box": evaluator.curves()},
        samples=[(named["input"], target)],
        class_names=HOSTILE,
        coverage=anchor_coverage(model, [(named["input"], target)], range(1)),
        log_records=log,
    )


def drawn(figure):
    """The texts of a figure after it has been drawn, every warning an error; log axes keep their powers."""
    figure.set_dpi(40)  # enough for every glyph to be looked up
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of Matplotlib's own parser of mathematics
        figure.canvas.draw()
    powers = r"$\mathdefault{"
    return [
        text for text in figure.findobj(Text) if text.get_text() and not text.get_text().startswith(powers)
    ]


def test_every_catalogued_figure_draws_hostile_names_as_they_are_written(hostile):
    figures = viz.stage_figures(hostile)
    wanted = [
        entry
        for entry in viz.catalogue_entries()
        if entry.chapter not in (Chapter.WEIGHTS, Chapter.KEYPOINTS)
    ]
    assert list(figures) == wanted
    seen = set()
    for entry, draw in figures.items():
        for text in drawn(draw()):
            if "$" in text.get_text():
                assert not text.get_parse_math(), (entry.name, text.get_text())
                seen.add(entry.name)
    assert len(seen) >= 12


def test_the_figure_of_a_report_draws_hostile_names(tmp_path):
    content = {
        "images": [{"id": 1, "width": 9, "height": 9, "file_name": "a$_$b.png"}],
        "categories": [{"id": k, "name": name} for k, name in enumerate((*HOSTILE[1:], "猫"), start=1)],
        "annotations": [{"id": k, "image_id": 1, "category_id": k, "bbox": [1, 1, 5, 5]} for k in range(6)],
    }
    path = tmp_path / "a$_$b.json"
    path.write_text(json.dumps(content), "utf-8")
    texts = [text.get_text() for text in drawn(viz.annotation_report_figure(Report.of(AnnotationFile(path))))]
    assert "$100_$200" in texts
    assert {"[U+732B]", "猫"} & set(texts)


def test_a_fallback_font_is_taken_where_one_is_installed(monkeypatch):
    monkeypatch.setattr(plain_text, "FALLBACKS", ("No such family", "DejaVu Sans Mono"))
    monkeypatch.setattr(plain_text, "_has", lambda family, character: family == "DejaVu Sans Mono")
    plain_text._family_of.cache_clear()
    assert plain_text.drawable("a 猫", FontProperties()) == ("a 猫", ["sans-serif", "DejaVu Sans Mono"])
    plain_text._family_of.cache_clear()


def test_families_of_the_users_settings_may_be_missing():
    font = FontProperties(family=["No such family", "DejaVu Sans"])
    assert plain_text.drawable("é 🐈", font)[0] == "é [cat]"


def test_axes_of_a_users_own_figure_are_drawn_plainly_too(trace):
    figure = viz.new_figure(4, 3)
    ax = figure.add_subplot(xlabel="a$_$ x")
    viz.draw_detections(trace["input"], trace.detections, HOSTILE, ax)
    assert any("$100_$200" in text.get_text() for text in drawn(figure))
