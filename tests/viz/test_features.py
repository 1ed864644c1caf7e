"""Tiles of a feature map: the chosen channels, apart from each other."""

from itertools import pairwise

import numpy as np

from minimaskrcnn import viz
from minimaskrcnn.viz.features import in_words, scale_of, show_features


def test_named_channels_are_shown_in_order(trace):
    ax = show_features(trace, "pyramid.P3", channels=[5, 0])
    np.testing.assert_array_equal(ax.images[0].get_array(), trace["pyramid.P3"][5])
    np.testing.assert_array_equal(ax.images[1].get_array(), trace["pyramid.P3"][0])
    assert [text.get_text().split(":")[0] for text in ax.texts[:2]] == ["5", "0"]
    assert ax.get_title() == "Feature map P3"


def test_by_default_the_liveliest_channels_are_chosen(trace):
    spread = trace["pyramid.P2"].std(axis=(1, 2))
    ax = show_features(trace, "pyramid.P2", limit=3)
    chosen = [int(text.get_text().split(":")[0]) for text in ax.texts[:3]]
    assert chosen == sorted(np.argsort(-spread)[:3])


def test_tiles_and_their_names_do_not_overlap(trace):
    ax = show_features(trace, "backbone.C2")
    extents = [image.get_extent() for image in ax.images]
    rows = sorted({(e[3], e[2]) for e in extents})
    columns = sorted({(e[0], e[1]) for e in extents})
    assert all(a[1] < b[0] for line in (rows, columns) for a, b in pairwise(line))
    figure = ax.get_figure()
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    names = [text.get_window_extent(renderer) for text in ax.texts[: len(extents)]]
    assert not any(a.overlaps(b) for i, a in enumerate(names) for b in names[:i])


def test_one_channel_of_one_cell(make_trace):
    trace = make_trace(20, 20, [])
    ax = show_features(trace, "pyramid.P5", channels=[0])
    assert len(ax.images) == 1
    assert viz.alt_text(ax.get_figure()).startswith("Feature map P5: 1 of 8 channels")


def test_several_maps_stand_side_by_side_each_with_its_own_channels(trace):
    stages = ["pyramid.P2", "pyramid.P3", "pyramid.P4", "pyramid.P5"]
    figure = viz.features_figure(trace, limit=2)
    assert [ax.get_title() for ax in figure.axes] == [f"Feature map P{level}" for level in range(2, 6)]
    for ax, stage in zip(figure.axes, stages, strict=True):
        spread = trace[stage].reshape(8, -1).std(1)
        shown = np.sort(np.argsort(-spread, kind="stable")[:2])
        for image, channel in zip(ax.images, shown, strict=True):
            np.testing.assert_array_equal(image.get_array(), trace[stage][channel])


def test_the_maps_of_the_backbone_have_a_figure_of_their_own(trace):
    titles = [ax.get_title() for ax in viz.backbone_figure(trace, limit=1).axes]
    assert titles == [f"Feature map C{level}" for level in range(2, 6)]


def test_maps_with_negative_cells_share_a_scale_that_is_white_at_zero(trace):
    ax = viz.show_features(trace, "pyramid.P2", limit=3)
    (low, high) = ax.images[0].get_clim()
    assert low == -high
    assert {image.get_clim() for image in ax.images} == {(low, high)}
    assert ax.images[0].get_cmap().name == "RdBu_r"
    assert "white 0" in ax.get_label()


def test_maps_without_negative_cells_begin_at_zero():
    assert scale_of([np.array([[0.0, 4.0]]), np.array([[2.0, 2.0]])])[:2] == ("cividis", 0)
    assert scale_of([np.zeros((2, 2))]) == ("cividis", 0, 1)
    assert in_words([np.ones((2, 2))]) == "on one scale, dark 0, bright 1"
