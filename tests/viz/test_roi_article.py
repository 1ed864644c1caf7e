"""The article's figure: 0.8 and 0.88, a window that is the box or is not, bins that are equal or are not."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from minimaskrcnn.inspection import look
from minimaskrcnn.inspection.microscope import ARTICLE_BOX
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_POOL
from minimaskrcnn.viz import roi_article
from minimaskrcnn.viz.roi_article import ALIGNED_MAX, FIVE_CELLS, SIDE, outside, window


def view_of(rule):
    return look(np.zeros((SIDE, SIDE)), np.array(FIVE_CELLS), (3, 3), rule=rule)


@pytest.fixture(scope="module")
def figure():
    return roi_article.article_figure()


def test_it_says_both_numbers(figure):
    assert [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes[:4]] == [
        "RoIPool: 0.8",
        "3x3 output",
        "RoIAlign (max): 0.88",
        "3x3 output",
    ]
    assert "the red bin answers 0.88" in figure.axes[3].get_label()


def test_the_dashed_box_of_roi_align_is_the_outline_of_its_bins(figure):
    box = next(p for p in figure.axes[2].patches if p.get_linestyle() == "--")
    x1, y1, x2, y2 = np.array(ARTICLE_BOX) - 0.5
    assert (*box.get_xy(), box.get_width(), box.get_height()) == pytest.approx((x1, y1, x2 - x1, y2 - y1))
    np.testing.assert_allclose(window(view_of(ALIGNED_MAX)), np.array(FIVE_CELLS) - 0.5)


def test_roi_pool_loses_a_strip_and_gains_one():
    """Cells 1 to 5 of a box from 0.7, 0.6 to 5.2, 5.3: areas by counting small squares."""
    view = view_of(ROI_POOL)
    np.testing.assert_array_equal(window(view), [0.5, 0.5, 5.5, 5.5])
    given, read = view.own_box, window(view)
    lost = 4.5 * 4.7 - 4.2 * 4.3
    gained = 25 - 4.2 * 4.3
    assert sum((c - a) * (d - b) for a, b, c, d in outside(given, read)) == pytest.approx(lost)
    assert sum((c - a) * (d - b) for a, b, c, d in outside(read, given)) == pytest.approx(gained)
    ax = roi_article.show_lost_and_gained(view)
    assert f"{lost:.1f} cells; gained, blue dots: {gained:.1f}" in ax.get_label()
    hatches = {patch.get_hatch() for patch in ax.patches if isinstance(patch, Rectangle)} - {None}
    assert hatches == {"////", "...."}  # told apart without colours


def test_roi_align_loses_nothing():
    assert (
        "nothing lost, nothing gained" in roi_article.show_lost_and_gained(view_of(ALIGNED_MAX)).get_label()
    )
    shifted = view_of(ROI_ALIGN)  # in its own coordinates its window is its box
    np.testing.assert_allclose(window(shifted), shifted.own_box)


@pytest.mark.parametrize("a", [(0, 0, 2, 2), (0, 0, 1, 1), (4, 4, 5, 5), (0, 1, 3, 2)])
def test_parts_outside_and_inside_make_the_whole(a):
    b = np.array([1, 0, 3, 3])
    grid = np.stack(np.meshgrid(np.arange(0, 6, 0.25), np.arange(0, 6, 0.25)), -1).reshape(-1, 2) + 0.1

    def inside(box):
        return (grid > box[:2]).all(1) & (grid < box[2:]).all(1)

    parts = sum((inside(np.array(part)).astype(int) for part in outside(np.array(a), b)), np.zeros(len(grid)))
    np.testing.assert_array_equal(parts, inside(np.array(a)) & ~inside(b))


def test_three_bins_over_five_cells_are_unequal_and_roi_aligns_are_equal():
    pool, align = (roi_article.show_bin_sizes(view_of(rule)) for rule in (ROI_POOL, ALIGNED_MAX))
    assert [t.get_text() for t in pool.texts[:9]] == [
        "2x2", "3x2", "2x2", "2x3", "3x3", "2x3", "2x2", "3x2", "2x2",
    ]  # fmt: skip
    assert {t.get_text() for t in align.texts[:9]} == {"1.5x1.57"}
    assert ("Unequal" in pool.get_label(), "Equal" in align.get_label()) == (True, True)
