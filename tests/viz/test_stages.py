"""Every stage has its figure, in order, whatever the picture holds."""

import pytest

from minimaskrcnn import viz
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.stages import stage_figures


def test_every_figure_draws_and_can_be_told_in_words(trace, class_names, target):
    figures = stage_figures(trace, class_names, target)
    names = list(figures)
    assert names[0] == "input"
    assert names.index("objectness") < names.index("proposals") < names.index("after-nms")
    assert names[-2:] == ["detections", "truth"]
    for name, draw in figures.items():
        figure = draw()
        figure.canvas.draw()
        assert len(viz.alt_text(figure)) > 20, name


@pytest.mark.parametrize("discs", [[], [(1, 15, 20, 9)]])
def test_pictures_with_no_or_one_object(make_trace, discs):
    for draw in stage_figures(make_trace(40, 30, discs)).values():
        draw().canvas.draw()


def test_without_truth_and_masks_their_figures_are_left_out(trace):
    plain = Trace({name: trace._stage(name) for name in trace if not name.startswith("mask")})
    assert not {"truth", "recall", "anchor-matches", "mask-steps"} & set(stage_figures(plain))
