"""Masks in their boxes answer as the whole array does, and take the room of the boxes."""

import copy
import operator
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.masks import paste_masks, paste_masks_aligned
from minimaskrcnn.errors import InputError


@st.composite
def arrays(draw):
    """(N, H, W) bool arrays, masks without a pixel and pictures of one row among them."""
    shape = draw(st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return rng.random(shape) < draw(st.sampled_from([0.0, 0.05, 0.5, 1.0]))


@given(arrays())
def test_nothing_is_lost(whole):
    masks = BoxMasks.of(whole)
    assert (masks.shape, masks.dtype, masks.ndim, len(masks)) == (whole.shape, bool, 3, len(whole))
    np.testing.assert_array_equal(masks, whole)
    np.testing.assert_array_equal(masks.areas(), whole.sum((1, 2)))
    for mask, wanted in zip(masks, whole, strict=True):
        np.testing.assert_array_equal(mask, wanted)


@given(arrays())
def test_the_window_is_the_smallest(whole):
    for crop in BoxMasks.of(whole).crops:
        if crop.size:
            assert all(edge.any() for edge in (crop[0], crop[-1], crop[:, 0], crop[:, -1]))


@pytest.fixture
def whole(rng):
    return rng.random((5, 6, 8)) < 0.3


@pytest.mark.parametrize(
    "index",
    [
        np.array([True, False, True, True, False]),
        np.array([4, 0, 0]),
        [1, 3],
        [],
        slice(None, None, -2),
        Ellipsis,
    ],
    ids=str,
)
def test_several_masks_stay_in_their_boxes(whole, index):
    chosen = BoxMasks.of(whole)[index]
    assert isinstance(chosen, BoxMasks)
    np.testing.assert_array_equal(chosen, whole[index])


@pytest.mark.parametrize(
    "index",
    [
        2,
        -1,
        np.int64(3),
        None,
        np.array([[0, 1], [2, 3]]),
        (slice(None), slice(2, 4), 3),
        (1, 2),
        (Ellipsis, 0),
        np.ones((5, 6, 8), bool),
    ],
    ids=str,
)
def test_other_indices_answer_with_arrays(whole, index):
    answer = BoxMasks.of(whole)[index]
    assert isinstance(answer, np.ndarray)
    np.testing.assert_array_equal(answer, whole[index])


@pytest.mark.parametrize("index", [5, -6, np.array([5]), np.ones(4, bool)], ids=str)
def test_what_is_out_of_range_for_the_array_is_out_of_range(whole, index):
    with pytest.raises(IndexError):
        BoxMasks.of(whole)[index]


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor, operator.eq, operator.ne])
def test_operators_are_those_of_the_array(whole, op):
    masks, other = BoxMasks.of(whole), np.roll(whole, 1, axis=2)
    for answer in (op(masks, other), op(masks, BoxMasks.of(other)), op(other, masks).astype(bool)):
        np.testing.assert_array_equal(answer, op(whole, other))
    np.testing.assert_array_equal(~masks, ~whole)


def test_methods_and_functions_are_those_of_the_array(whole):
    masks = BoxMasks.of(whole)
    np.testing.assert_array_equal(masks.sum((1, 2)), whole.sum((1, 2)))
    np.testing.assert_array_equal(masks.any(axis=0), whole.any(axis=0))
    np.testing.assert_array_equal(np.asarray(masks, np.float32), whole.astype(np.float32))
    assert np.count_nonzero(masks) == np.count_nonzero(whole)
    assert masks.size == whole.size
    with pytest.raises(AttributeError, match="no_such"):
        masks.no_such  # noqa: B018


def test_nothing_is_written_into_the_masks(whole):
    masks, before = BoxMasks.of(whole), whole.copy()
    np.asarray(masks)[:] = True
    masks[0][:] = True
    with pytest.raises(TypeError):
        masks[0] = True
    with pytest.raises(TypeError):
        masks &= whole
    with pytest.raises(ValueError, match="BoxMasks"):
        np.asarray(masks, copy=False)
    np.testing.assert_array_equal(masks, before)


def test_copies_and_pickles_are_equal(whole):
    masks = BoxMasks.of(whole)
    for again in (copy.deepcopy(masks), pickle.loads(pickle.dumps(masks))):
        np.testing.assert_array_equal(again, whole)
    assert repr(masks) == "<BoxMasks: 5 of 6 x 8 pixels>"
    assert BoxMasks.of(masks) is masks


@pytest.mark.parametrize("paste", [paste_masks, paste_masks_aligned])
def test_pasting_into_a_large_picture_takes_the_room_of_the_boxes(rng, paste):
    boxes = np.array([[10, 20, 60, 70], [-40, -40, -10, -9], [29_990, 29_950, 30_020, 30_000.5]], np.float32)
    tracemalloc.start()
    masks = paste(rng.random((3, 28, 28), np.float32), boxes, (30_000, 30_000), 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert masks.shape == (3, 30_000, 30_000)
    assert peak < 200_000
    np.testing.assert_array_equal(masks.areas() > 0, [True, False, True])


@pytest.mark.parametrize("paste", [paste_masks, paste_masks_aligned])
@given(seed=st.integers(0, 999))
def test_the_cut_is_where_the_probability_passes_the_threshold(paste, seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-15, 45, (3, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0, 40, (3, 2))], axis=1)
    probabilities = rng.random((3, 5, 5))
    cut = paste(probabilities, boxes, (20, 30), 0.5)
    np.testing.assert_array_equal(cut, paste(probabilities, boxes, (20, 30)) > 0.5)


def test_what_is_no_mask_is_refused():
    crop, corner = np.ones((2, 3), bool), np.array([[1, 0]])
    with pytest.raises(InputError, match=r"crops\[0\] must be an \(h, w\) bool array"):
        BoxMasks([crop.astype(float)], corner, (4, 4))
    with pytest.raises(InputError, match=r"corners must be \(1, 2\)"):
        BoxMasks([crop], np.zeros((2, 2), int), (4, 4))
    for outside in ([[2, 0]], [[0, 3]], [[-1, 0]]):
        with pytest.raises(InputError, match=r"crops\[0\] leaves the 4 x 4 picture"):
            BoxMasks([crop], np.array(outside), (4, 4))
    with pytest.raises(InputError, match=r"must be \(N, H, W\) bool; got \(2, 3\)"):
        BoxMasks.of(crop)
    with pytest.raises(InputError, match="Use masks > 0"):
        BoxMasks.of(np.ones((1, 2, 2)))
