"""Levels and features of RoIs."""

import numpy as np

from minimaskrcnn.viz.roi_inputs import show_box_features, show_roi_levels


def test_each_roi_is_drawn_in_the_style_of_its_level(trace):
    ax = show_roi_levels(trace)
    counts = np.bincount(trace["roi_level"], minlength=4)
    assert [len(lines.get_segments()) for lines in ax.collections] == [n for n in counts if n]
    assert all(f"P{level + 2}: {n}" in ax.get_label() for level, n in enumerate(counts) if n)


def test_the_features_of_one_proposal(trace):
    ax = show_box_features(trace, 3, channels=[1, 6])
    np.testing.assert_array_equal(ax.images[1].get_array(), trace["box_features"][3, 6])
    assert ax.get_title() == "7x7 features of proposal 3"
