"""Boxes are where they should be; labels neither cover each other nor leave the axes."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.viz import boxes as drawing


@pytest.fixture
def ax():
    return viz.draw_picture(np.zeros((3, 100, 200), np.float32))


def test_a_box_is_a_closed_line_through_its_corners(ax):
    lines = viz.draw_boxes(ax, np.array([[10, 20, 30, 50.0]]), "red")
    (path,) = lines.get_segments()
    assert path.tolist() == [[10, 20], [30, 20], [30, 50], [10, 50], [10, 20]]
    assert lines in ax.collections


def test_no_boxes_are_no_segments(ax):
    assert viz.draw_boxes(ax, np.zeros((0, 4)), "red").get_segments() == []


def test_each_box_may_have_its_colour(ax):
    lines = viz.draw_boxes(ax, np.array([[0, 0, 1, 1.0], [2, 2, 3, 3]]), ["#ff0000", "#0000ff"])
    assert lines.get_colors()[:, :3].tolist() == [[1, 0, 0], [0, 0, 1]]


def test_links_run_from_corner_to_corner(ax):
    before, after = np.array([[10, 20, 30, 40.0]]), np.array([[12, 25, 33, 41.0]])
    assert drawing.draw_links(ax, before, after, "red").get_segments()[0].tolist() == [[10, 20], [12, 25]]


def extents(ax):
    figure = ax.get_figure()
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    return [text.get_window_extent(renderer) for text in ax.texts]


def test_a_label_sits_on_the_top_edge_of_its_box(ax):
    viz.label_boxes(ax, np.array([[50, 40, 90, 70.0]]), ["circle 0.97"], ["#E69F00"])
    (extent,) = extents(ax)
    left, top = ax.transData.transform((50, 40))
    assert abs(extent.x0 - left) < 4
    assert top - 2 <= extent.y0 <= top + 8  # display y runs upwards


def test_labels_in_the_corners_stay_inside(ax):
    corners = np.array([[0, 0, 20, 10], [180, 0, 200, 10], [0, 90, 20, 100], [180, 90, 200, 100.0]])
    assert viz.label_boxes(ax, corners, ["triangle 0.88"] * 4, ["#E69F00"] * 4) == 4
    frame = ax.get_window_extent()
    for extent in extents(ax):
        assert frame.x0 <= extent.x0
        assert extent.x1 <= frame.x1
        assert frame.y0 <= extent.y0
        assert extent.y1 <= frame.y1


def test_labels_that_would_collide_are_left_out(ax):
    same = np.tile([60, 40, 120, 80.0], (40, 1))
    placed = viz.label_boxes(ax, same, ["square 0.50"] * 40, ["#E69F00"] * 40)
    assert 4 <= placed == len(ax.texts) < 40
    boxes = extents(ax)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_label_avoids_other_boxes(ax):
    boxes = np.array([[60, 40, 70, 50], [60, 20, 75, 38.0]])  # the second lies where the first label would go
    assert viz.label_boxes(ax, boxes[[0, 1]], ["0.97", "0.50"], ["#E69F00"] * 2) == 2
    first = extents(ax)[0]
    corners = ax.transData.transform(boxes[1].reshape(2, 2))
    assert first.y1 <= corners[1, 1] or first.x0 >= corners[1, 0] or first.x1 <= corners[0, 0]


def test_a_label_wider_than_a_hemmed_in_box_is_left_out(ax):
    grid = np.array([(x, y, x + 6, y + 6) for y in range(30, 65, 7) for x in range(30, 100, 7)], float)
    order = np.roll(np.arange(len(grid)), -25)  # the one in the middle of 5 x 10 comes first
    placed = viz.label_boxes(
        ax, grid[order], ["triangle 0.97"] + [""] * (len(grid) - 1), ["#E69F00"] * len(grid)
    )
    assert "triangle 0.97" not in [text.get_text() for text in ax.texts]
    assert placed == len(ax.texts)


def test_a_label_leaves_keypoints_free_where_it_can(ax):
    box, corner = np.array([[50, 40, 120, 70.0]]), np.array([[[52, 38, 2], [60, 60, 0.0]]])
    viz.label_boxes(ax, box, ["OKS 0.83"], ["#E69F00"], keypoints=corner)
    (extent,) = extents(ax)
    assert not extent.contains(*ax.transData.transform((52, 38)))
    ax.texts[0].remove()
    everywhere = np.stack(np.meshgrid(np.arange(200.0), np.arange(100.0), [1.0]), -1)
    assert viz.label_boxes(ax, box, ["OKS 0.83"], ["#E69F00"], keypoints=everywhere) == 1
