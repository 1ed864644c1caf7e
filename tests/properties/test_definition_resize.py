"""interpolate: where an output cell reads its source, shown by a ramp, whose value is the position."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators


def interpolate(x, **arguments):
    return run(ops.interpolate, Case(x, **arguments)).outputs[0]


def ramp(length, axis):
    """A map whose value is its own row (axis 2) or column (axis 3)."""
    shape = [1, 1, 2, 2]
    shape[axis] = length
    return np.broadcast_to(
        np.arange(float(length)).reshape([-1 if a == axis else 1 for a in range(4)]), shape
    )


def along(axis, length):
    """Size (height, width) with `length` on that axis."""
    return (length, 2) if axis == 2 else (2, length)


def first_line(out, axis):
    return out[0, 0, :, 0] if axis == 2 else out[0, 0, 0]


AXES = pytest.mark.parametrize("axis", [2, 3])
LENGTHS = {"source": st.integers(1, 7), "target": st.integers(1, 9)}


@AXES
@given(**LENGTHS)
def test_interpolate_bilinear_reads_cell_centres(axis, source, target):
    out = first_line(interpolate(ramp(source, axis), size=along(axis, target), mode="bilinear"), axis)
    centres = (np.arange(target) + 0.5) * source / target - 0.5
    np.testing.assert_allclose(out, np.clip(centres, 0, source - 1), atol=1e-12)


@AXES
@given(**LENGTHS)
def test_interpolate_with_align_corners_reads_from_corner_to_corner(axis, source, target):
    size = along(axis, target)
    out = interpolate(ramp(source, axis), size=size, mode="bilinear", align_corners=True)
    positions = np.linspace(0, source - 1, target) if target > 1 else np.zeros(1)
    np.testing.assert_allclose(first_line(out, axis), positions, atol=1e-12)


@AXES
@given(**LENGTHS)
def test_interpolate_nearest_reads_the_cell_at_or_before(axis, source, target):
    out = first_line(interpolate(ramp(source, axis), size=along(axis, target)), axis)
    assert out.tolist() == [math.floor(i * source / target + 1e-9) for i in range(target)]


@given(s.resize_cases())
def test_interpolate_of_a_constant_is_the_constant(case):
    out = interpolate(np.full_like(case.tensors[0], 2.5), **case.arguments)
    np.testing.assert_allclose(out, 2.5, rtol=1e-15)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_interpolate_to_the_same_size_is_nothing(mode, rng):
    x = rng.standard_normal((2, 3, 4, 5))
    np.testing.assert_array_equal(interpolate(x, size=(4, 5), mode=mode), x)


def test_interpolate_nearest_by_two_repeats_each_cell():
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    out = interpolate(x, scale_factor=2)
    assert out[0, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_interpolate_by_a_scale_steps_by_its_inverse_unless_told_to_recompute():
    x = ramp(5, 3)  # 5 * 1.5 = 7.5 gives 7 cells
    by_scale = interpolate(x, scale_factor=(1.0, 1.5), mode="bilinear")
    recomputed = interpolate(x, scale_factor=(1.0, 1.5), mode="bilinear", recompute_scale_factor=True)
    np.testing.assert_allclose(by_scale[0, 0, 0], np.clip((np.arange(7) + 0.5) / 1.5 - 0.5, 0, 4))
    np.testing.assert_allclose(recomputed[0, 0, 0], np.clip((np.arange(7) + 0.5) * 5 / 7 - 0.5, 0, 4))


@given(s.resize_cases())
def test_interpolate_loses_no_gradient(case):
    result = run(ops.interpolate, case)
    sums = [a.sum(axis=(2, 3)) for a in (result.grads[0], result.cotangents[0])]
    np.testing.assert_allclose(*sums, atol=1e-12)
