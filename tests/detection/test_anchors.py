"""Anchors: rounded cells, ratio-major order, strides from the padded size, nothing clipped or centred."""

import numpy as np
import pytest

from minimaskrcnn.detection.anchors import AnchorGenerator, cell_anchors
from minimaskrcnn.errors import InputError


def test_aspect_is_height_over_width():
    wide, tall = cell_anchors([64], [0.5, 2.0])
    assert wide.tolist() == [-45, -23, 45, 23]
    assert tall.tolist() == [-23, -45, 23, 45]


def test_cell_corners_round_halves_to_even():
    assert cell_anchors([5, 7], [1.0]).tolist() == [[-2, -2, 2, 2], [-4, -4, 4, 4]]  # 2.5 -> 2, 3.5 -> 4


def test_order_within_a_cell_is_ratio_by_ratio():
    sides = cell_anchors([8, 16], [0.25, 1.0])[:, 2:] * 2
    assert sides.tolist() == [[16, 4], [32, 8], [8, 8], [16, 16]]


def test_strides_are_padded_size_over_grid_on_each_axis():
    [anchors] = AnchorGenerator(((2,),), (1.0,))((70, 64), [(3, 2)])
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    # 70 // 3 = 23 down, 64 // 2 = 32 across; row by row, from the image's corner without half a stride
    assert centres.tolist() == [[0, 0], [32, 0], [0, 23], [32, 23], [0, 46], [32, 46]]


def test_all_anchors_of_a_cell_come_before_the_next_cell():
    [anchors] = AnchorGenerator(((2, 4),), (1.0,))((8, 8), [(1, 2)])
    assert anchors[:, 2].tolist() == [1, 2, 5, 6]


def test_anchors_are_not_clipped_to_the_image():
    [anchors] = AnchorGenerator(((512,),), (1.0,))((32, 32), [(1, 1)])
    assert anchors.tolist() == [[-256, -256, 256, 256]]
    assert anchors.dtype == np.float32


def test_each_level_has_its_own_sizes_and_ratios():
    generator = AnchorGenerator(((8,), (16, 32)), ((1.0,), (0.5, 1.0, 2.0)))
    assert generator.num_anchors_per_location() == [1, 6]
    assert [len(level) for level in generator((32, 32), [(4, 4), (2, 2)])] == [16, 24]


def test_one_tuple_of_ratios_serves_every_level():
    assert AnchorGenerator(((8,), (16,)), (0.5, 1.0)).num_anchors_per_location() == [2, 2]


def test_levels_that_do_not_fit_are_named():
    with pytest.raises(InputError, match="2 levels and aspect_ratios 1"):
        AnchorGenerator(((8,), (16,)), ((0.5, 1.0),))
    with pytest.raises(InputError, match="3 feature maps for 1 levels"):
        AnchorGenerator(((8,),))((32, 32), [(4, 4), (2, 2), (1, 1)])
