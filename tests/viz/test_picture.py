"""The picture under the boxes: its extent, its margins, its size on paper."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.viz.picture import WIDEST, transformed_picture


def test_the_input_is_shown_in_its_own_pixels(trace):
    ax = viz.show_input(trace)
    assert ax.images[0].get_extent() == [0, 160, 120, 0]
    np.testing.assert_array_equal(ax.images[0].get_array(), trace["input"].transpose(1, 2, 0))
    assert ax.get_label() == "Input: 160x120 pixels; the network sees it at 128x96"


def test_boxes_in_transformed_pixels_fall_in_place(trace):
    ax = transformed_picture(trace)
    assert ax.images[0].get_extent() == [0, 128, 96, 0]


@pytest.mark.parametrize(("height", "width"), [(20, 20), (2000, 1500), (30, 2000), (2000, 30), (1, 1)])
def test_pictures_of_any_shape_get_readable_axes(height, width):
    ax = viz.draw_picture(np.full((3, height, width), 0.5, np.float32))
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    assert left <= 0 <= width <= right
    assert top <= 0 <= height <= bottom
    assert 1 / WIDEST - 1e-6 <= (bottom - top) / (right - left) <= WIDEST + 1e-6


def test_values_outside_zero_to_one_are_clipped():
    image = np.array([-0.5, 0.5, 1.5], np.float32)[:, None, None]
    assert viz.draw_picture(image).images[0].get_array().tolist() == [[[0, 0.5, 1]]]


def test_large_pictures_are_thinned_but_keep_their_extent():
    ax = viz.draw_picture(np.zeros((3, 3000, 4000), np.float32))
    assert ax.images[0].get_extent() == [0, 4000, 3000, 0]
    assert ax.images[0].get_array().shape == (750, 1000, 3)
