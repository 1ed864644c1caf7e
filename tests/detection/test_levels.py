"""Pyramid levels: equation 1 of the FPN paper, its boundaries, and the clamp."""

import numpy as np
import pytest

from minimaskrcnn.detection.levels import LevelMapper


def square(side, dtype=np.float32):
    return np.array([[3, 5, 3 + side, 5 + side]], dtype)


@pytest.mark.parametrize(
    ("side", "level"), [(1, 0), (111, 0), (112, 1), (223, 1), (224, 2), (448, 3), (9000, 3)]
)
def test_levels_of_squares(side, level):
    assert LevelMapper(2, 5)(square(side)).tolist() == [level]


def test_only_the_area_counts():
    flat = np.array([[0, 0, 56, 224]], np.float32)  # as large as a square of 112
    assert LevelMapper(2, 5)(flat).tolist() == [1]


def test_a_box_just_short_of_a_boundary_is_on_it():
    short = square(224 * (1 - 4e-7), np.float64)  # log2 of it is 5.8e-7 below: less than eps
    assert LevelMapper(2, 5)(short).tolist() == [2]
    assert LevelMapper(2, 5, eps=0)(short).tolist() == [1]


def test_a_box_without_area_or_of_negative_area_is_on_the_finest_level():
    boxes = np.array([[5, 5, 5, 9], [5, 5, 4, 9]], np.float32)
    assert LevelMapper(2, 5)(boxes).tolist() == [0, 0]


def test_scale_level_and_range_can_be_chosen():
    mapper = LevelMapper(3, 5, canonical_scale=56, canonical_level=4)
    assert mapper(np.concatenate([square(28), square(56), square(112)])).tolist() == [0, 1, 2]
    assert mapper(np.zeros((0, 4), np.float32)).shape == (0,)
