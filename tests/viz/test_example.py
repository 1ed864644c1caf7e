"""An example has its figures, whatever the picture holds; those without a subject are left out."""

import pytest

from minimaskrcnn import viz
from minimaskrcnn.inspection import Trace


def names(example):
    return {entry.name for entry in viz.stage_figures(example)}


@pytest.mark.parametrize("discs", [[], [(1, 15, 20, 9)]])
def test_pictures_with_no_or_one_object(make_trace, discs):
    for entry, draw in viz.stage_figures(viz.Example(make_trace(40, 30, discs))).items():
        if "trace" in entry.parameters:
            draw().draw_without_rendering()


def test_a_whole_example_has_every_figure_in_the_order_of_the_catalogue(example):
    missing = {
        "precision-recall",
        "average-precision",
        "anchor-coverage",
        "weight-table",
        "weight-histograms",
        *("heat-maps", "keypoint-steps", "oks"),
    }
    wanted = [entry for entry in viz.catalogue_entries() if entry.name not in missing]
    assert list(viz.stage_figures(example)) == wanted


def test_without_truth_data_and_model_only_the_trace_is_shown(trace):
    shown = names(viz.Example(trace))
    assert "proposals" in shown
    assert not shown & {"truth", "recall", "why-missed", "precision-recall", "samples", "weight-table"}
    assert "mask-steps" in shown  # its first three panels need no truth


def test_without_a_mask_head_its_figures_are_left_out(trace, target):
    plain = Trace({name: trace._stage(name) for name in trace if not name.startswith("mask")})
    shown = names(viz.Example(plain, truth=viz.Truth(plain, target)))
    assert not shown & {"mask-steps", "mask-targets", "mask-probabilities", "pasted-masks"}
    assert "recall" in shown


def test_truth_may_be_that_of_another_picture(make_trace, trace, target):
    example = viz.Example(make_trace(60, 60, []), truth=viz.Truth(trace, target))
    (draw,) = [draw for entry, draw in viz.stage_figures(example).items() if entry.name == "truth"]
    assert "3 of 3 objects found" in viz.alt_text(draw())
