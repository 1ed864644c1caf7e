"""One mask from probabilities to outline, and against its target."""

from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn.inspection import Trace
from minimaskrcnn.models.paste import RULES
from minimaskrcnn.viz.mask_steps import mask_figure


@pytest.mark.parametrize("rule", RULES)
def test_three_steps_without_truth_by_the_rule_of_the_model(trace, rule):
    trace = Trace(trace.stages(), replace(trace.context, paste_rule=rule))
    figure = mask_figure(trace, 1)
    assert [ax.get_title() for ax in figure.axes] == [
        "28x28 probabilities",
        "Resized into its box",
        "Cut at one half",
    ]
    tile, pasted, cut = figure.axes
    np.testing.assert_array_equal(tile.images[0].get_array(), trace["mask_probs"][1])
    resized_box = trace["detection_boxes"][[1]]
    wanted = RULES[rule](trace["mask_probs"][[1]], resized_box, trace.resized_size, (120, 160))[0]
    np.testing.assert_array_equal(pasted.images[0].get_array(), wanted)
    assert f"{trace['masks'][1].sum():,} pixels" in cut.get_label()


def test_the_view_holds_the_box(trace):
    for ax in mask_figure(trace, 0).axes[1:]:
        x1, y1, x2, y2 = trace["boxes"][0]
        assert ax.get_xlim()[0] < x1 < x2 < ax.get_xlim()[1]
        assert ax.get_ylim()[1] < y1 < y2 < ax.get_ylim()[0]


def test_truth_adds_the_target_and_the_differing_pixels(trace, target):
    figure = mask_figure(trace, 0, target)
    wanted, differ = figure.axes[3:]
    assert wanted.images[0].get_array().shape == (28, 28)
    # Detection 0 is the third object.
    mask, true = trace["masks"][0], target.masks[2]
    overlay = differ.images[1].get_array()
    np.testing.assert_array_equal(overlay[..., 3] > 0, mask ^ true)
    assert f"mask IoU {(mask & true).sum() / (mask | true).sum():.2f}" in differ.get_label()
    assert [line.get_linestyle() for line in differ.lines] == ["-", "--"]


def test_a_picture_without_objects_says_so(trace, target):
    empty = type(target)(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), None, np.zeros(0, bool), 0)
    assert "nothing to compare with" in mask_figure(trace, 0, empty).axes[4].get_label()
