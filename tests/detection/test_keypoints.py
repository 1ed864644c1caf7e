"""Keypoints become cells of a heat map and are read from its peak; names tell left from right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minimaskrcnn.detection.keypoints import (
    cubic_weights,
    keypoint_cells,
    locate_keypoints,
    resize_bicubic,
    resize_keypoints,
)
from minimaskrcnn.detection.skeleton import PERSON, SIGMAS, Skeleton, numbered, sigmas_of
from minimaskrcnn.errors import InputError

TORCH = np.array(
    [
        [0.074939, 0.160945, 0.515172, 1.094618, 1.856280, 3.210507, 4.232376],
        [1.105321, 1.191326, 1.545554, 2.125000, 2.886662, 4.240888, 5.262757],
        [2.135704, 2.221708, 2.575937, 3.155383, 3.917045, 5.271272, 6.293141],
    ],
    np.float32,
)


@given(st.integers(2, 60), st.floats(60, 300), st.floats(60, 300), st.integers(0, 2**32 - 1))
def test_a_peak_is_found_within_a_cell_of_where_the_target_puts_it(side, width, height, seed):
    rng = np.random.default_rng(seed)
    corner, sides = rng.uniform(-20, 20, 2), np.array([width, height])
    box = np.concatenate([corner, corner + sides])[None].astype(np.float32)
    place = corner + rng.uniform(0.01, 0.99, (1, 3, 2)) * sides
    keypoints = np.concatenate([place, np.full((1, 3, 1), 2)], axis=2).astype(np.float32)
    cells, known = keypoint_cells(keypoints, box, side)
    assert known.all()
    heatmaps = np.zeros((1, 3, side * side), np.float32)
    np.put_along_axis(heatmaps, cells[..., None], 8, axis=2)
    found, scores = locate_keypoints(heatmaps.reshape(1, 3, side, side), box)
    assert (found[..., 2] == 1).all()
    assert (scores > 3).all()
    assert (abs(found[..., :2] - place) <= 1.01 * sides / side).all()


def test_cells_edges_and_unknown_keypoints():
    box = np.array([[10, 20, 30, 60]], np.float32)
    keypoints = np.array(
        [[[10, 20, 2], [30, 60, 1], [29.9, 59.9, 2], [30.1, 40, 2], [15, 30, 0], [9.9, 30, 2]]], np.float32
    )
    cells, known = keypoint_cells(keypoints, box, 4)
    assert known.tolist() == [[True, True, True, False, False, False]]
    assert cells[0, :3].tolist() == [0, 15, 15]


def test_a_box_without_an_area_teaches_nothing():
    keypoints = np.array([[[5, 5, 2], [6, 5, 2]]], np.float32)
    _, known = keypoint_cells(keypoints, np.array([[5, 5, 5, 5]], np.float32), 56)
    assert not known[0, 1]


def test_a_tiny_box_counts_as_one_pixel():
    found, _ = locate_keypoints(np.zeros((1, 1, 4, 4)), np.array([[3.0, 4.0, 3.25, 4.25]]))
    np.testing.assert_allclose(found[0, 0], [3.5, 4.5, 1])


@given(st.integers(1, 40), st.integers(1, 80))
def test_cubic_weights_sum_to_one_and_keep_a_constant(old, new):
    weights = cubic_weights(old, new)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
    if old == new:
        np.testing.assert_allclose(weights, np.eye(old), atol=1e-12)


def test_bicubic_is_torchs():
    """Recorded with torch 2.13: interpolate(mode="bicubic", size=(3, 7)) of (3 y + x^2) / 4."""
    y, x = np.mgrid[:4, :5].astype(np.float32)
    resized = resize_bicubic(((3 * y + x * x) / 4)[None], (3, 7))
    np.testing.assert_allclose(resized[0], TORCH, rtol=1e-6, atol=1e-6)


@given(arrays(np.float64, (2, 3, 3), elements=st.floats(-50, 50)))
def test_resizing_there_and_back(keypoints):
    there = resize_keypoints(keypoints, (40, 30), (80, 90))
    np.testing.assert_allclose(there, keypoints * [3, 2, 1])
    np.testing.assert_allclose(resize_keypoints(there, (80, 90), (40, 30)), keypoints, atol=1e-5)


def test_a_person_has_17_keypoints_limbs_and_sigmas():
    assert len(PERSON) == len(SIGMAS) == 17
    assert len(PERSON.limbs) == 19
    assert PERSON.mirror == (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
    assert numbered(17) is PERSON
    assert numbered(3).mirror == (0, 1, 2)
    assert Skeleton(("left", "x", "right")).mirror == (2, 1, 0)
    assert len(sigmas_of(5)) == 5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: keypoint_cells(np.zeros((1, 2, 2)), np.zeros((1, 4)), 4), "must be .1, K, 3."),
        (lambda: keypoint_cells(np.zeros((1, 2, 3)), np.zeros((1, 4)), 0), "side"),
        (lambda: locate_keypoints(np.zeros((2, 1, 4, 4)), np.zeros((1, 4))), "must be .1, K, M, M."),
        (lambda: resize_keypoints(np.zeros((2, 2)), (1, 1), (2, 2)), "must end in 3"),
    ],
)
def test_wrong_arrays_are_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
