"""The product through SciPy, for a NumPy without a BLAS, is NumPy's product."""

import numpy as np
import pytest

from minimaskrcnn.kernels import blas, fast

LAYOUTS = [np.ascontiguousarray, np.asfortranarray, lambda x: np.repeat(x, 2, -1)[..., ::2]]
SHAPES = [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((6, 3, 4), (6, 4, 5)), ((1, 1), (1, 1))]
OTHER_SHAPES = [((4,), (4, 5)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((2, 1, 3, 4), (5, 4, 2))]


@pytest.fixture
def without(monkeypatch):
    """NumPy has no BLAS, or so it seems."""
    monkeypatch.setattr(blas, "NUMPY_HAS_BLAS", False)


def test_numpy_of_a_wheel_has_a_blas():
    assert blas.NUMPY_HAS_BLAS


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize(
    "layout", [np.ascontiguousarray, np.asfortranarray, lambda x: np.repeat(x, 2, -1)[..., ::2]]
)
def test_a_product_through_scipy_is_numpys(left, right, dtype, layout, without, rng, monkeypatch):
    a, b = (layout(rng.standard_normal(shape).astype(dtype)) for shape in (left, right))
    expected = a @ b
    monkeypatch.setattr(np, "matmul", None)  # not asked
    got = blas.matmul(a, b)
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)
    rows = np.zeros((2 * left[-2], right[-1]), dtype)[::2]  # as a strip's phases are written
    if len(left) == 2:
        assert blas.matmul(a, b, out=rows) is rows
        np.testing.assert_array_equal(rows, got)


@pytest.mark.parametrize(
    ("left", "right"), [((4,), (4, 5)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((2, 1, 3, 4), (5, 4, 2))]
)
def test_other_products_are_left_to_numpy(left, right, without, rng):
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    np.testing.assert_array_equal(blas.matmul(a, b), a @ b)
    whole = np.ones((3, 4), int), np.ones((4, 2), int)
    np.testing.assert_array_equal(blas.matmul(*whole), np.full((3, 2), 4))


@pytest.mark.parametrize("channels", [6, 64])  # 64: by Winograd's method
def test_convolution_and_its_gradients_are_those_of_numpys_product(channels, rng, monkeypatch):
    def convolutions():
        yield fast.conv2d(x, weight, None, *geometry)
        yield fast.conv2d_input_grad(x, weight, x.shape, *geometry)
        yield fast.conv2d_weight_grad(x, x, weight.shape, *geometry)

    x = rng.standard_normal((2, channels, 12, 11), dtype=np.float32)
    weight = rng.standard_normal((channels, channels, 3, 3), dtype=np.float32)
    geometry = (1, 1), (1, 1), (1, 1), 1
    expected = list(convolutions())
    monkeypatch.setattr(blas, "NUMPY_HAS_BLAS", False)
    for a, b in zip(convolutions(), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(b).max())
