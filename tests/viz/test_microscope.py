"""The microscope's figures: boxes, bins, points and numbers at their places."""

import numpy as np
import pytest

from minimaskrcnn.inspection.microscope import ARTICLE_BOX, ARTICLE_FEATURES, RULES, look
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_POOL
from minimaskrcnn.viz import microscope
from minimaskrcnn.viz.style import ORANGE


def rectangles(ax, dashed):
    found = [patch for patch in ax.patches if (patch.get_linestyle() == "--") == dashed]
    return [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in found]


def view_of(rule):
    return look(ARTICLE_FEATURES, ARTICLE_BOX, (3, 3), rule=rule)


@pytest.mark.parametrize(("name", "shift"), [*zip(RULES, (0.5, 0, 0, 0.5), strict=True)])
def test_the_box_is_dashed_where_the_operator_takes_it_to_lie(name, shift):
    ax = microscope.show_roi_grid(view_of(RULES[name]), "operator")
    x1, y1, x2, y2 = np.array(ARTICLE_BOX) - shift
    (box,) = rectangles(ax, dashed=True)
    np.testing.assert_allclose(box, [x1, y1, x2 - x1, y2 - y1])
    assert ORANGE.lower() == "#e69f00"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_bins_and_points_are_drawn_where_the_rule_puts_them(rule):
    view = view_of(rule)
    ax = microscope.show_roi_grid(view, "operator")
    solid = rectangles(ax, dashed=False)
    assert len(solid) == 9 + 1  # the chosen one twice, black and red
    for (row, column), (x, y, width, height) in zip(np.ndindex(3, 3), solid, strict=False):
        bin_ = view.bins(row, column)
        np.testing.assert_allclose([x, y, x + width, y + height], bin_, atol=0.05)
    drawn = np.concatenate([line.get_xydata() for line in ax.lines])
    wanted = np.concatenate([view.points(*cell) for cell in np.ndindex(3, 3)])
    assert {tuple(p) for p in drawn.round(9)} == {tuple(p) for p in wanted.round(9)}


def test_cells_show_their_value_and_their_weight_in_the_chosen_bin():
    view = view_of(ROI_ALIGN)
    ax = microscope.show_roi_grid(view, "RoIAlign", chosen=(0, 0))
    texts = [text.get_text() for text in ax.texts]
    weights = view.weights(0, 0)
    assert sorted(t for t in texts if t.startswith("x")) == sorted(
        f"x{w:.2f}" for w in weights[weights > 0].ravel()
    )
    assert texts.count("0.9") == 1


def test_the_output_shows_its_values_on_the_scale_of_the_map():
    view = view_of(ROI_POOL)
    ax = microscope.show_roi_output(view)
    assert [text.get_text() for text in ax.texts[:4]] == ["0.80", "1.00", "0.70", "0.60"]
    assert ax.images[0].get_clim() == (0.1, 1.0)
    assert "the red bin answers 0.8" in ax.get_label()


def test_four_operators_stand_side_by_side_on_the_same_cells():
    figure = microscope.microscope_figure(ARTICLE_FEATURES, ARTICLE_BOX)
    assert [ax.get_title() for ax in figure.axes[:4]] == list(RULES)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in figure.axes[:4]}) == 1


def test_a_proposal_is_put_on_the_map_of_its_level(trace):
    proposal = 4
    figure = microscope.proposal_microscope(trace, proposal, channel=3, rules={"RoIAlign": ROI_ALIGN})
    level = trace["roi_level"][proposal]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), trace[f"pyramid.P{level + 2}"][3])
    (box,) = rectangles(figure.axes[0], dashed=True)
    x1, y1, x2, y2 = trace["proposals"][proposal] / 4 / 2**level
    np.testing.assert_allclose(box, [x1, y1, x2 - x1, y2 - y1], rtol=1e-5)


def test_the_gradient_stands_above_its_numerical_twin():
    figure = microscope.gradient_figure(ARTICLE_FEATURES, ARTICLE_BOX, rules={"RoIAlign": ROI_ALIGN})
    above, below = (ax.images[0].get_array() for ax in figure.axes)
    np.testing.assert_allclose(above, below, atol=1e-8)
    assert above.max() > 0
    assert "backward reaches" in figure.axes[0].get_label()
