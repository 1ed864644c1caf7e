"""Shapes with keypoints: the same pictures, and every keypoint at a place that can be checked by eye."""

import numpy as np
import pytest

from minimaskrcnn.data import HorizontalFlip, Shapes, ShapesWithKeypoints
from minimaskrcnn.data.shapes import Scene, circle, draw_scene, square, triangle
from minimaskrcnn.data.shapes_keypoints import HIDDEN, UNKNOWN, VISIBLE, keypoint_pixels

PAINTERS = (circle, square, triangle)


def test_only_the_keypoints_are_new():
    for split in ("train", "val"):
        for index in range(50):
            (image, target), (plain, other) = ShapesWithKeypoints(split)[index], Shapes(split)[index]
            assert np.array_equal(image, plain)
            assert np.array_equal(target.boxes, other.boxes)
            assert np.array_equal(target.masks, other.masks)
            assert np.array_equal(target.labels, other.labels)
            target.validate(image.shape, num_classes=4)
            assert (target.keypoints.shape, target.keypoints.dtype) == ((len(target), 3, 3), np.float32)


@pytest.mark.parametrize("label", [1, 2, 3])
@pytest.mark.parametrize("half", [10, 19, 27])
def test_keypoints_are_pixels_of_the_outline(label, half):
    scene = Scene(np.array([label]), np.array([half]), np.array([[64, 60]]), np.zeros((2, 3), np.float32))
    mask = PAINTERS[label - 1](64, 60, half)
    (top, left, right) = keypoint_pixels(scene)[0]
    for row, column in (top, left, right):
        assert mask[row, column]
        assert not mask[row - 1 : row + 2, column - 1 : column + 2].all()
    assert tuple(top) == (64 - half, 60)
    assert left[0] == right[0]
    assert left[1] + right[1] == 2 * 60


def test_visibility_says_what_is_hidden_and_what_is_outside():
    seen = {UNKNOWN: 0, HIDDEN: 0, VISIBLE: 0}
    shapes = ShapesWithKeypoints("val")
    for image, target in (shapes[index] for index in range(len(shapes))):
        for mask, points in zip(target.masks, target.keypoints, strict=True):
            for x, y, visibility in points:
                seen[int(visibility)] += 1
                if visibility == UNKNOWN:
                    assert (x, y) == (0, 0)
                else:
                    assert (x % 1, y % 1) == (0.5, 0.5)
                    assert 0 < min(x, y) <= max(x, y) < image.shape[1]
                    assert mask[int(y), int(x)] == (visibility == VISIBLE)
    assert seen == {UNKNOWN: 23, HIDDEN: 41, VISIBLE: 620}


def test_unseen_shapes_lose_their_keypoints():
    shapes = ShapesWithKeypoints("train")
    scenes = ((draw_scene(shapes._generator(index)), shapes[index][1]) for index in range(300))
    scene, target = next((scene, target) for scene, target in scenes if len(target) < len(scene.labels))
    drawn = {
        (x + 0.5, y + 0.5): k for k, shape in enumerate(keypoint_pixels(scene)) for y, x in shape.tolist()
    }
    owners = [
        {drawn[x, y] for x, y, visibility in points.tolist() if visibility} for points in target.keypoints
    ]
    assert all(len(one) == 1 for one in owners)
    assert [scene.labels[one.pop()] for one in owners] == target.labels.tolist()


def test_a_flip_exchanges_left_and_right(rng):
    shapes = ShapesWithKeypoints("val")
    for index in range(20):
        image, target = shapes[index]
        _, flipped = HorizontalFlip(1.0)(image, target, rng)
        known = flipped.keypoints[:, :, 2].min(1) > 0
        assert (flipped.keypoints[known, 1, 0] < flipped.keypoints[known, 2, 0]).all()
        assert np.array_equal(flipped.keypoints[:, [0, 2, 1], 2], target.keypoints[:, :, 2])
