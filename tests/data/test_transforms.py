"""Augmentation: picture, boxes and masks move together, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.data import (
    ColourJitter,
    Compose,
    GammaJitter,
    HorizontalFlip,
    OnCanvas,
    RightAngleTurn,
    ScaleJitter,
    Shapes,
    VerticalFlip,
)
from minimaskrcnn.data.transforms import (
    flip_horizontally,
    flip_vertically,
    lay_on_canvas,
    resample,
    turn_left,
)
from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError

ALL = Compose(HorizontalFlip(), VerticalFlip(), RightAngleTurn(), ScaleJitter(0.5, 2.0), ColourJitter())


def painted(height=20, width=30):
    """A black picture with two white rectangles, the second one a crowd."""
    masks = np.zeros((2, height, width), bool)
    masks[0, 2:8, 3:12] = masks[1, 10:18, 20:28] = True
    image = np.repeat(masks.any(0)[None].astype(np.float32), 3, axis=0)
    target = Target(boxes_from_masks(masks), np.array([1, 2]), masks, np.array([False, True]), 5)
    return image, target


def boxes_only(target):
    return Target(target.boxes, target.labels, None, target.iscrowd, target.image_id)


@pytest.mark.parametrize("move", [flip_horizontally, flip_vertically, turn_left])
def test_boxes_follow_the_masks_and_the_masks_the_picture(move):
    image, target = painted()
    moved_image, moved = move(image, target)
    np.testing.assert_array_equal(moved.boxes, boxes_from_masks(moved.masks))
    np.testing.assert_array_equal(moved.masks.any(0), moved_image[0] == 1)
    assert moved.boxes.dtype == np.float32
    np.testing.assert_array_equal(move(image, boxes_only(target))[1].boxes, moved.boxes)


@pytest.mark.parametrize(("move", "order"), [(flip_horizontally, 2), (flip_vertically, 2), (turn_left, 4)])
def test_repeated_they_come_back(move, order):
    image, target = pair = painted()
    for _ in range(order):
        pair = move(*pair)
        assert pair[0].flags.c_contiguous
    np.testing.assert_array_equal(pair[0], image)
    np.testing.assert_array_equal(pair[1].boxes, target.boxes)
    np.testing.assert_array_equal(pair[1].masks, target.masks)


def test_a_turn_left_moves_the_right_edge_to_the_top():
    image = np.zeros((3, 4, 6), np.float32)
    image[:, 1, 5] = 1
    target = Target(np.float32([[5, 1, 6, 2]]), np.array([1]))
    turned, moved = turn_left(image, target)
    assert turned.shape == (3, 6, 4)
    assert turned[0, 0, 1] == 1
    assert moved.boxes.tolist() == [[1, 0, 2, 1]]


@given(seed=st.integers(0, 2**32), index=st.integers(0, 50))
def test_whatever_is_drawn_the_target_stays_valid(seed, index):
    image, target = Shapes("val")[index]
    before = image.copy(), target.boxes.copy(), target.masks.copy()
    new_image, new = ALL(image, target, np.random.default_rng(seed))
    new.validate(new_image.shape, num_classes=4)
    assert new_image.dtype == np.float32
    assert new_image.min() >= 0
    assert new_image.max() <= 1
    np.testing.assert_array_equal(new.boxes, boxes_from_masks(new.masks))
    for old, kept in zip(before, (image, target.boxes, target.masks), strict=True):
        np.testing.assert_array_equal(old, kept)


def test_the_same_generator_gives_the_same_result():
    image, target = Shapes("val")[0]
    first, second = (ALL(image, target, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    assert not np.array_equal(first[0], ALL(image, target, np.random.default_rng(4))[0])


def test_flips_happen_with_their_probability():
    image, target = painted()
    rng = np.random.default_rng(0)
    for aug in (HorizontalFlip(0.25), VerticalFlip(0.25)):
        flips = [aug(image, target, rng)[0] is not image for _ in range(400)]
        assert np.mean(flips) == pytest.approx(0.25, abs=0.07)


def test_all_four_turns_occur():
    image, target = painted()
    rng = np.random.default_rng(0)
    corners = {tuple(RightAngleTurn()(image, target, rng)[1].boxes[0]) for _ in range(50)}
    assert len(corners) == 4


def test_scaling_by_two_doubles_boxes_and_by_a_half_halves_them():
    image, target = painted()
    small_image, small = resample(image, target, (0, 0, 30, 20), (10, 15))
    assert small_image.shape == (3, 10, 15)
    np.testing.assert_allclose(small.boxes, target.boxes / 2, atol=0.5)
    large_image, large = resample(image, target, (0, 0, 30, 20), (40, 60))
    np.testing.assert_array_equal(large.boxes, 2 * target.boxes)
    np.testing.assert_array_equal(large_image[0] > 0.5, large.masks.any(0))


def test_an_object_out_of_view_is_dropped_with_its_label():
    image, target = painted()
    for given_target in (target, boxes_only(target)):
        _, seen = resample(image, given_target, (15, 5, 30, 20), (15, 15))
        assert seen.labels.tolist() == [2]
        assert seen.iscrowd.tolist() == [True]
        assert seen.image_id == 5
        np.testing.assert_allclose(seen.boxes, [[5, 5, 13, 13]], atol=1e-5)
        _, nothing = resample(image, given_target, (13, 0, 19, 20), (20, 6))
        assert nothing.boxes.shape == (0, 4)


def test_scale_jitter_never_grows_the_picture_and_keeps_its_shape():
    image, target = painted(60, 90)
    rng = np.random.default_rng(0)
    sizes = [ScaleJitter(0.5, 2.0)(image, target, rng)[0].shape[1:] for _ in range(60)]
    assert max(sizes) == (60, 90)
    assert 30 <= min(sizes)[0] <= 36
    assert sum(size == (60, 90) for size in sizes) > 15  # every factor above 1
    assert all(abs(w / h - 1.5) < 0.05 for h, w in sizes)


@given(
    low=st.floats(0.01, 1),
    high=st.floats(1, 50),
    seed=st.integers(0, 1000),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_scale_jitter_of_any_picture(low, high, seed, size):
    target = Target(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros((0, *size), bool))
    image, new = ScaleJitter(low, high)(np.ones((3, *size), np.float32), target, np.random.default_rng(seed))
    assert new.masks.shape[1:] == image.shape[1:]
    assert image.min() == pytest.approx(1)


def test_on_canvas_a_shrunken_picture_stays_small_and_the_rest_is_black():
    image, target = painted(60, 90)
    rng = np.random.default_rng(0)
    places = set()
    for _ in range(20):
        small, moved = OnCanvas(ScaleJitter(0.5, 0.5))(image, target, rng)
        assert small.shape == (3, 60, 90)
        assert moved.masks.shape == (2, 60, 90)
        np.testing.assert_array_equal(moved.boxes, boxes_from_masks(moved.masks))
        assert small.sum() == pytest.approx(image.sum() / 4, rel=0.01)  # half the height, half the width
        assert small[0][moved.masks.any(0)].mean() > 0.75  # the mask lies on the object
        places.add(tuple(moved.boxes[0]))
    assert len(places) > 10


def test_on_canvas_leaves_a_picture_of_full_size_alone_and_refuses_a_larger_one():
    image, target = painted()
    same, moved = OnCanvas(HorizontalFlip(0))(image, target, np.random.default_rng(0))
    np.testing.assert_array_equal(same, image)
    np.testing.assert_array_equal(moved.boxes, target.boxes)

    def double(image, target, rng):
        return resample(image, target, (0, 0, 30, 20), (40, 60))

    with pytest.raises(InputError, match=r"OnCanvas: \(40, 60\) is larger than the canvas"):
        OnCanvas(double)(image, target, np.random.default_rng(0))


def test_gamma_jitter_bends_the_greys_and_keeps_black_and_white():
    ramp = np.tile(np.linspace(0, 1, 5, dtype=np.float32), (3, 1, 1))
    target = painted()[1]
    rng = np.random.default_rng(0)
    brighter, same = GammaJitter(0.5, 0.5)(ramp, target, rng)
    assert same is target
    assert brighter.dtype == np.float32
    np.testing.assert_allclose(brighter, np.sqrt(ramp), rtol=1e-6)
    middles = [GammaJitter(0.5, 2)(ramp, target, rng)[0][0, 0, 2] for _ in range(100)]
    assert 0.25 <= min(middles) < 0.35
    assert 0.6 < max(middles) <= 0.7072


def test_colour_jitter_changes_the_picture_alone_and_zero_changes_nothing():
    image, target = Shapes("val")[1]
    rng = np.random.default_rng(0)
    changed, same = ColourJitter()(image, target, rng)
    assert same is target
    assert changed.dtype == np.float32
    assert not np.allclose(changed, image)
    np.testing.assert_allclose(ColourJitter(0, 0, 0)(image, target, rng)[0], image, atol=1e-6)
    # grey stays grey under any saturation
    grey = np.repeat(image[:1], 3, axis=0)
    np.testing.assert_allclose(ColourJitter(0, 0, 1)(grey, target, rng)[0], grey, atol=1e-6)


def test_bad_settings_are_named():
    for make in (
        lambda: HorizontalFlip(2),
        lambda: VerticalFlip(-1),
        lambda: ScaleJitter(2, 1),
        lambda: ColourJitter(3),
        lambda: GammaJitter(0, 1),
    ):
        with pytest.raises(InputError, match=r"Flip|Jitter"):
            make()


def with_keypoints(seed=0, mirror=None, count=17):
    rng = np.random.default_rng(seed)
    image = rng.random((3, 20, 30), np.float32)
    places = rng.uniform(2, 18, (2, count, 2))
    keypoints = np.concatenate([places, rng.integers(0, 3, (2, count, 1))], axis=2).astype(np.float32)
    boxes = np.array([[1, 2, 15, 18], [4, 4, 20, 19]], np.float32)
    return image, Target(boxes, np.array([1, 1]), keypoints=keypoints, mirror=mirror)


@pytest.mark.parametrize("flip", [flip_horizontally, flip_vertically])
def test_two_flips_put_keypoints_back(flip):
    image, target = with_keypoints()
    once = flip(image, target)
    np.testing.assert_allclose(flip(*once)[1].keypoints, target.keypoints, atol=1e-5)


def test_a_flip_makes_left_hands_right():
    image, target = with_keypoints()
    flipped = flip_horizontally(image, target)[1].keypoints
    np.testing.assert_allclose(flipped[:, 0, 0], 30 - target.keypoints[:, 0, 0])  # the nose
    np.testing.assert_allclose(flipped[:, 9, 0], 30 - target.keypoints[:, 10, 0])  # left and right wrist
    np.testing.assert_array_equal(flipped[:, 9, 2], target.keypoints[:, 10, 2])
    upside_down = flip_vertically(image, target)[1].keypoints
    np.testing.assert_allclose(upside_down[:, 9, 1], 20 - target.keypoints[:, 10, 1])


def test_a_flip_of_keypoints_without_known_sides_is_refused():
    image, target = with_keypoints(count=4)
    with pytest.raises(InputError, match=r"Target\.mirror must name the mirror image of each of the 4"):
        flip_horizontally(image, target)
    image, target = with_keypoints(count=4, mirror=(1, 0, 2, 3))
    flipped = flip_horizontally(image, target)[1]
    np.testing.assert_allclose(flipped.keypoints[:, 0, 0], 30 - target.keypoints[:, 1, 0])


def test_four_turns_put_keypoints_back_and_one_turn_swaps_nothing():
    image, target = with_keypoints()
    once = turn_left(image, target)
    np.testing.assert_allclose(once[1].keypoints[..., 0], target.keypoints[..., 1])
    np.testing.assert_allclose(once[1].keypoints[..., 1], 30 - target.keypoints[..., 0], atol=1e-5)
    four = turn_left(*turn_left(*turn_left(*once)))
    np.testing.assert_allclose(four[1].keypoints, target.keypoints, atol=1e-4)


def test_keypoints_follow_a_window_and_a_canvas_and_are_forgotten_outside():
    image, target = with_keypoints()
    _, seen = resample(image, target, (5, 5, 25, 15), (20, 40))
    inside = ((target.keypoints[..., :2] >= 5) & (target.keypoints[..., :2] <= (25, 15))).all(-1)
    np.testing.assert_array_equal(seen.keypoints[..., 2], target.keypoints[..., 2] * inside)
    np.testing.assert_allclose(
        seen.keypoints[inside][:, :2], (target.keypoints[inside][:, :2] - 5) * 2, atol=1e-5
    )
    _, laid = lay_on_canvas(image, target, 3, 7, (40, 50))
    np.testing.assert_allclose(
        laid.keypoints - target.keypoints, np.broadcast_to([7, 3, 0], (2, 17, 3)), atol=1e-5
    )
