"""Histograms and counts show the numbers of the trace under the right names."""

import numpy as np
import pytest

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.viz import distributions


def test_deltas_stand_in_the_order_dx_dy_dw_dh(trace):
    figure = distributions.delta_figure(trace)
    assert [ax.get_xlabel() for ax in figure.axes] == ["dx", "dy", "dw", "dh"]
    for component, ax in enumerate(figure.axes):
        values = trace["rpn_deltas"][:, component]
        assert f"mean {values.mean():+.2f}, spread {values.std():.2f}" in ax.get_label()
    assert "log of the growth in width" in figure.axes[2].get_label()


def test_a_histogram_holds_every_anchor_within_its_range(trace):
    ax = distributions.show_delta(trace, 3)
    heights = np.array([patch.get_height() for patch in ax.patches[:40]])
    edges = [patch.get_x() for patch in ax.patches[:40]]
    assert heights.sum() * (edges[1] - edges[0]) == pytest.approx(1)  # a density
    values = trace["rpn_deltas"][:, 3]
    assert edges[0] <= np.quantile(values, 0.002)


def test_corners_are_scattered_where_they_are(trace):
    ax = distributions.show_corners(trace)
    first, last = ax.collections
    np.testing.assert_array_equal(first.get_offsets(), trace["proposals"][:, :2])
    np.testing.assert_array_equal(last.get_offsets(), trace["proposals"][:, 2:])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["top left", "bottom right"]


def test_class_counts_put_background_first(trace):
    ax = distributions.show_class_counts(trace)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["background", "circle", "square"]
    assert [bar.get_width() for bar in ax.patches] == [3, 10, 5]
    assert "18 RoIs, 17% background" in ax.get_label()


@pytest.mark.parametrize("stage", ["anchor", "candidate"])
def test_fates_are_counted(trace, stage):
    ax = distributions.show_fates(trace, stage)
    counts = np.bincount(trace[f"{stage}_fate"], minlength=len(Fate))
    drawn = {
        name.get_text(): bar.get_width() for name, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    wanted = {fate.name.lower().replace("_", " "): counts[fate] for fate in Fate if counts[fate]}
    assert drawn == wanted
