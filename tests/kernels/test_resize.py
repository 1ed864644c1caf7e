"""Resizing: editions agree, and both conventions for centres hold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

sides = st.tuples(st.integers(1, 7), st.integers(1, 7))
dtypes = st.sampled_from([np.float32, np.float64])


@st.composite
def resizes(draw):
    """Map shape, output size, step: either exactly in/out, or a scale that the sizes only round to."""
    size, out_size = draw(sides), draw(sides)
    if draw(st.booleans()):
        out_size = tuple(side * draw(st.integers(1, 3)) for side in size)
    stretch = draw(st.sampled_from([1.0, 1.0, 0.9, 1.05]))
    step = tuple(a / b * stretch for a, b in zip(size, out_size, strict=True))
    return (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *size), out_size, step


@given(data=st.data(), resize=resizes(), dtype=dtypes)
def test_nearest_editions_agree(data, resize, dtype, maps, assert_editions_agree):
    shape, size, step = resize
    out = assert_editions_agree("resize_nearest", data.draw(maps(shape, dtype)), size, step)
    assert_editions_agree("resize_nearest_backward", data.draw(maps(out.shape, dtype)), shape, step)


@given(data=st.data(), resize=resizes(), align_corners=st.booleans(), dtype=dtypes)
def test_bilinear_editions_agree(data, resize, align_corners, dtype, maps, assert_editions_agree):
    shape, size, step = resize
    out = assert_editions_agree("resize_bilinear", data.draw(maps(shape, dtype)), size, step, align_corners)
    grad = data.draw(maps(out.shape, dtype))
    assert_editions_agree("resize_bilinear_backward", grad, shape, step, align_corners)


def test_nearest_enlarges_in_blocks(edition):
    x = np.array([[[[1.0, 2.0]]]])
    out = edition.resize_nearest(x, (2, 4), (0.5, 0.5))
    np.testing.assert_array_equal(out[0, 0], [[1, 1, 2, 2], [1, 1, 2, 2]])


def test_centres_are_half_way_into_cells(edition):
    x = np.array([[[[0.0, 4.0]]]])
    out = edition.resize_bilinear(x, (1, 4), (1.0, 0.5), False)
    np.testing.assert_array_equal(out[0, 0, 0], [0, 1, 3, 4])


def test_aligned_corners_coincide(edition):
    x = np.array([[[[0.0, 3.0]]]])
    out = edition.resize_bilinear(x, (1, 4), (9.0, 9.0), True)  # the step plays no part
    np.testing.assert_allclose(out[0, 0, 0], [0, 1, 2, 3], rtol=1e-15)


def test_a_ramp_stays_a_ramp(edition):
    x = np.broadcast_to(np.arange(8.0), (1, 1, 3, 8))
    out = edition.resize_bilinear(x, (6, 16), (0.5, 0.5), False)
    np.testing.assert_allclose(out[0, 0, :, 1:-1], np.tile(np.arange(14) / 2 + 0.25, (6, 1)), rtol=1e-15)


def test_gradient_mass_is_conserved(edition, rng):
    grad = rng.standard_normal((2, 3, 5, 11))
    for dx in (
        edition.resize_nearest_backward(grad, (2, 3, 4, 7), (4 / 5, 7 / 11)),
        edition.resize_bilinear_backward(grad, (2, 3, 4, 7), (4 / 5, 7 / 11), False),
        edition.resize_bilinear_backward(grad, (2, 3, 4, 7), (4 / 5, 7 / 11), True),
    ):
        np.testing.assert_allclose(dx.sum(axis=(2, 3)), grad.sum(axis=(2, 3)), rtol=1e-12)


def test_a_nan_stays_where_it_is(edition):
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 0] = np.nan
    out = edition.resize_bilinear(x, (8, 8), (0.5, 0.5), False)
    assert not np.isnan(out[0, 0, 4:]).any()
    assert not np.isnan(out[0, 0, :, 4:]).any()
