"""A story's boxes are drawn in its order, named and linked."""

import numpy as np

from minimaskrcnn import viz


def test_the_boxes_of_a_story_are_drawn_named_and_linked(trace):
    told = trace.story(1)
    ax = viz.show_story(trace, told)
    boxes = [lines for lines in ax.collections if len(lines.get_segments()[0]) == 5]
    links = [lines for lines in ax.collections if len(lines.get_segments()[0]) == 2]
    for lines, box in zip(boxes, told.boxes.values(), strict=True):
        np.testing.assert_array_equal(lines.get_segments()[0][[0, 2]].ravel(), box)
    assert len(links) == len(boxes) - 1
    assert set(told.boxes) <= {text.get_text() for text in ax.texts}
    assert ax.get_title() == told.title
    assert ax.get_label().endswith(told.sentences[-1])


def test_a_missed_object_is_drawn_green_and_not_linked(trace):
    told = trace.why_missed([2, 100, 12, 110])
    ax = viz.show_story(trace, told)
    (truth,) = [
        lines for lines in ax.collections if (lines.get_segments()[0][0] == told.boxes["truth"][:2]).all()
    ]
    assert truth.get_linestyle()[0][1] is None  # solid
    links = [lines for lines in ax.collections if len(lines.get_segments()[0]) == 2]
    assert len(links) == len(told.boxes) - 2


def test_the_words_fit_on_the_paper(trace):
    figure = viz.show_story(trace, trace.story(0)).get_figure()
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    assert figure.axes[0].get_tightbbox(renderer).y1 <= figure.bbox.y1
