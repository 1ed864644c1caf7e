"""Mask outlines follow pixel edges; tiles show the probabilities themselves."""

import numpy as np
from matplotlib.colors import to_rgb

from minimaskrcnn import viz
from minimaskrcnn.viz.masks import object_colour


def as_set(segments):
    return {tuple(map(tuple, segment)) for segment in segments.tolist()}


def test_the_outline_of_one_pixel_is_its_four_edges():
    mask = np.zeros((4, 5), bool)
    mask[1, 3] = True
    assert as_set(viz.mask_edges(mask)) == {
        ((3, 1), (4, 1)),
        ((3, 2), (4, 2)),
        ((3, 1), (3, 2)),
        ((4, 1), (4, 2)),
    }


def test_holes_have_edges_too():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    assert len(viz.mask_edges(mask)) == 12 + 4


def test_an_empty_mask_has_no_edges():
    assert viz.mask_edges(np.zeros((3, 3), bool)).shape == (0, 2, 2)


def test_random_outlines_equal_a_search_pixel_by_pixel():
    mask = np.random.default_rng(0).random((6, 7)) < 0.4
    padded = np.pad(mask, 1)
    edges = set()
    for y, x in np.argwhere(mask):
        for dy, dx, edge in [
            (-1, 0, ((x, y), (x + 1, y))),
            (1, 0, ((x, y + 1), (x + 1, y + 1))),
            (0, -1, ((x, y), (x, y + 1))),
            (0, 1, ((x + 1, y), (x + 1, y + 1))),
        ]:
            if not padded[y + 1 + dy, x + 1 + dx]:
                edges.add(edge)
    assert as_set(viz.mask_edges(mask)) == edges


def test_tiles_show_the_probabilities_on_one_scale(trace, class_names):
    ax = viz.show_mask_probabilities(trace)
    assert len(ax.images) == 3
    for image, index in zip(ax.images, np.argsort(-trace["scores"], kind="stable"), strict=True):
        np.testing.assert_array_equal(image.get_array(), trace["mask_probs"][index])
        assert image.get_clim() == (0, 1)
        assert image.get_cmap().name == "cividis"
    names = [f"{class_names[n]} {s:.2f}" for n, s in zip(trace["labels"], trace["scores"], strict=True)]
    assert [text.get_text() for text in ax.texts[:3]] == names


def test_tiles_do_not_overlap_and_lie_in_the_axes(make_trace):
    rng = np.random.default_rng(0)
    crowd = make_trace(256, 256, [(1, *rng.uniform(10, 246, 2), 7) for _ in range(60)])
    ax = viz.show_mask_probabilities(crowd, limit=12)
    extents = [image.get_extent() for image in ax.images]
    assert len({(e[0], e[3]) for e in extents}) == 12
    assert min(e[0] for e in extents) >= ax.get_xlim()[0]
    assert max(e[1] for e in extents) <= ax.get_xlim()[1]
    assert max(e[2] for e in extents) <= ax.get_ylim()[0]
    assert "the 12 best" in ax.get_label()


def test_overlays_are_translucent_and_the_first_is_on_top():
    masks = np.zeros((2, 4, 4), bool)
    masks[0, :2], masks[1, 1:] = True, True
    ax = viz.draw_picture(np.zeros((3, 4, 4), np.float32))
    viz.draw_masks(ax, masks, ["#ff0000", "#0000ff"])
    overlay = ax.images[-1].get_array()
    assert overlay[1, 0].tolist() == [255, 0, 0, 110]
    assert overlay[3, 0].tolist() == [0, 0, 255, 110]
    assert len(ax.lines) == 2


def test_a_model_without_masks_is_said_in_words(trace):
    without = type(trace)({name: trace._stage(name) for name in trace if not name.startswith("mask")})
    assert "Faster R-CNN" in viz.show_mask_probabilities(without).get_label()


def test_pasted_masks_are_outlined_at_the_size_of_the_picture(trace):
    ax = viz.show_pasted_masks(trace)
    assert len(ax.lines) == len(trace["masks"])
    for line, mask in zip(ax.lines, trace["masks"], strict=True):
        x, y = line.get_data()
        wanted = viz.mask_edges(mask)
        np.testing.assert_array_equal(x.reshape(-1, 3)[:, :2], wanted[:, :, 0])
        np.testing.assert_array_equal(y.reshape(-1, 3)[:, :2], wanted[:, :, 1])
    assert not ax.collections  # no boxes
    assert f"together {np.count_nonzero(trace['masks'].any(0)):,} pixels" in ax.get_label()


def test_pasted_masks_of_nothing(make_trace):
    assert "no detection scores high enough" in viz.show_pasted_masks(make_trace(40, 40, [])).get_label()


def test_a_large_picture_is_thinned_alike_whether_masks_are_whole_or_in_their_boxes(rng):
    size = (70, 2500)  # every third pixel is drawn
    masks = np.zeros((6, *size), bool)
    for mask, (y, x) in zip(masks, rng.integers(0, 60, (6, 2)), strict=True):
        mask[y : y + 9, x : x + 40] = rng.random((min(9, 70 - y), 40)) < 0.7
    masks[5] = False
    colours = [object_colour(k) for k in range(6)]
    wanted = np.zeros((24, 834, 4), np.uint8)
    for mask, colour in zip(masks[::-1], colours[::-1], strict=True):
        wanted[mask[::3, ::3]] = [*(round(255 * part) for part in to_rgb(colour)), 110]
    ax = viz.draw_picture(np.zeros((3, *size), np.float32))
    viz.draw_masks(ax, masks, colours)
    np.testing.assert_array_equal(ax.images[1].get_array(), wanted)
    for mask, line in zip(masks, ax.lines, strict=True):
        ends = np.stack(line.get_data(), 1).reshape(-1, 3, 2)[:, :2]
        assert as_set(ends) == as_set(viz.mask_edges(mask))
