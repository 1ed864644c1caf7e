"""The coverage figure counts what the report counts."""

import numpy as np

from minimaskrcnn.inspection.coverage import summarise
from minimaskrcnn.viz import coverage

SIZES = np.array([[10, 10], [40, 40], [100, 20.0]])


def report(best=(0.9, 0.55, 0.2), threshold=0.7):
    cells = np.array([[32, 32], [64, 64.0]])
    return summarise(np.array(best), SIZES[: len(best)], np.arange(len(best)), cells, [32, 64], threshold)


def test_bars_count_the_objects_and_hatch_those_not_covered():
    ax = coverage.show_coverage(report())
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights) == 3
    hatched = [bar for bar in ax.patches if bar.get_hatch()]
    assert sum(bar.get_height() for bar in hatched) == 1
    assert max(bar.get_x() for bar in hatched) < 0.5
    assert [line.get_xdata()[0] for line in ax.lines] == [0.5, 0.7]
    assert "1 never reach 0.5" in ax.get_label()


def test_the_threshold_is_that_of_the_model():
    ax = coverage.show_coverage(report(threshold=0.6))
    assert [line.get_xdata()[0] for line in ax.lines] == [0.5, 0.6]
    assert "33% reach 0.6" in ax.get_label()


def test_objects_and_anchors_stand_at_their_sizes():
    ax = coverage.show_object_sizes(report())
    covered, missed, anchors, suggested = (points.get_offsets() for points in ax.collections)
    np.testing.assert_array_equal(covered, SIZES[:2])
    np.testing.assert_array_equal(missed, SIZES[2:])
    np.testing.assert_array_equal(anchors, [[32, 32], [64, 64]])
    assert (suggested[:, 0] == report().suggested).all()


def test_no_objects():
    left, right = coverage.coverage_figure(report(())).axes
    assert "nothing to cover" in left.get_label()
    right.figure.canvas.draw()
