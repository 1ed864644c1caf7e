"""Targets on the way in: masks follow the picture by the same rule as the nearest kernel, without floats."""

import tracemalloc

import numpy as np
import pytest

from minimaskrcnn.detection.structures import Target
from minimaskrcnn.kernels import reference
from minimaskrcnn.models.transform import resize_target


@pytest.mark.parametrize("new", [(7, 11), (20, 30), (23, 29), (64, 5)])
def test_resized_masks_equal_the_nearest_kernel(rng, new):
    old = (20, 30)
    masks = rng.random((3, *old)) > 0.5
    target = Target(np.tile(np.float32([1, 2, 9, 8]), (3, 1)), np.ones(3, np.int64), masks)
    step = (old[0] / new[0], old[1] / new[1])
    expected = reference.resize_nearest(masks[None].astype(np.float32), new, step)[0] > 0
    resized = resize_target(target, old, new).masks
    np.testing.assert_array_equal(resized, expected)
    assert resized.flags.c_contiguous  # else RoIAlign sums in another order, and training has other bytes


def test_resizing_masks_takes_less_memory_than_the_masks():
    masks = np.zeros((20, 600, 800), bool)
    target = Target(np.tile(np.float32([1, 2, 9, 8]), (20, 1)), np.ones(20, np.int64), masks)
    tracemalloc.start()
    resize_target(target, (600, 800), (128, 170))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < masks.nbytes
