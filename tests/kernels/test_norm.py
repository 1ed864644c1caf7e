"""Norms: editions agree, statistics mean what they say, and a large mean does no harm."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

sides = st.integers(1, 5)
dtypes = st.sampled_from([np.float32, np.float64])
# A variance near 0 makes the gradient ill-conditioned; eps of this size keeps rounding out of the comparison.
EPS = 1e-2


@given(data=st.data(), N=st.integers(1, 3), C=st.integers(1, 6), H=sides, W=sides, dtype=dtypes)
def test_batch_norm_editions_agree(data, N, C, H, W, dtype, maps, assert_editions_agree):
    x, grad = data.draw(maps((N, C, H, W), dtype)), data.draw(maps((N, C, H, W), dtype))
    weight, bias = np.linspace(0.5, 2, C, dtype=dtype), np.linspace(-1, 1, C, dtype=dtype)
    _, mean, var = assert_editions_agree("batch_norm", x, weight, bias, EPS)
    assert_editions_agree("batch_norm_backward", grad, x, weight, mean, var, EPS)


@given(data=st.data(), N=st.integers(0, 3), C=st.integers(1, 6), H=sides, W=sides, dtype=dtypes)
def test_affine_norm_editions_agree(data, N, C, H, W, dtype, maps, assert_editions_agree):
    x, grad = data.draw(maps((N, C, H, W), dtype)), data.draw(maps((N, C, H, W), dtype))
    weight, bias = np.linspace(0.5, 2, C, dtype=dtype), np.linspace(-1, 1, C, dtype=dtype)
    mean, var = np.linspace(-2, 2, C, dtype=dtype), np.linspace(0.1, 3, C, dtype=dtype)
    assert_editions_agree("affine_norm", x, mean, var, weight, bias, EPS)
    assert_editions_agree("affine_norm_backward", grad, x, mean, var, weight, EPS)


@given(
    data=st.data(),
    N=st.integers(0, 3),
    groups=st.integers(1, 3),
    channels=st.integers(1, 3),
    H=sides,
    W=sides,
    dtype=dtypes,
)
def test_group_norm_editions_agree(data, N, groups, channels, H, W, dtype, maps, assert_editions_agree):
    C = groups * channels
    x, grad = data.draw(maps((N, C, H, W), dtype)), data.draw(maps((N, C, H, W), dtype))
    weight, bias = np.linspace(0.5, 2, C, dtype=dtype), np.linspace(-1, 1, C, dtype=dtype)
    _, mean, rstd = assert_editions_agree("group_norm", x, groups, weight, bias, EPS)
    assert_editions_agree("group_norm_backward", grad, x, groups, weight, mean, rstd)


def test_batch_norm_leaves_mean_bias_and_deviation_weight(edition, rng):
    x = 3 + 5 * rng.standard_normal((4, 3, 9, 7))
    weight, bias = np.array([1.0, 2, 3]), np.array([0.0, 10, 20])
    out, mean, var = edition.batch_norm(x, weight, bias, 0.0)
    np.testing.assert_allclose(out.mean(axis=(0, 2, 3)), bias, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=(0, 2, 3)), weight, rtol=1e-12)
    np.testing.assert_allclose(mean, x.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(var, x.var(axis=(0, 2, 3)), rtol=1e-12)


def test_group_norm_does_not_mix_images_or_groups(edition, rng):
    x, weight, bias = rng.standard_normal((2, 4, 5, 5)), np.ones(4), np.zeros(4)
    before, _, _ = edition.group_norm(x, 2, weight, bias, 1e-5)
    x[0, :2] += 100 * rng.standard_normal((2, 5, 5))
    after, _, _ = edition.group_norm(x, 2, weight, bias, 1e-5)
    np.testing.assert_allclose(after[1], before[1], rtol=1e-12)
    np.testing.assert_allclose(after[0, 2:], before[0, 2:], rtol=1e-12)
    assert not np.allclose(after[0, :2], before[0, :2])


def test_a_mean_far_from_zero_costs_no_precision(edition, rng):
    # var = mean(x^2) - mean(x)^2 would keep one digit here.
    cells = rng.standard_normal((2, 4, 16, 16))
    x = (cells + 1000).astype(np.float32)
    exact = x.astype(np.float64)
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    want = (exact - exact.mean(axis=(0, 2, 3), keepdims=True)) / exact.std(axis=(0, 2, 3), keepdims=True)
    out, _, _ = edition.batch_norm(x, ones, zeros, 0.0)
    np.testing.assert_allclose(out, want, atol=1e-3)
    want = (exact - exact.mean(axis=(2, 3), keepdims=True)) / exact.std(axis=(2, 3), keepdims=True)
    out, _, _ = edition.group_norm(x, 4, ones, zeros, 0.0)
    np.testing.assert_allclose(out, want, atol=1e-3)


def test_gradient_of_the_cells_sums_to_zero(edition, rng):
    # Adding a constant to every cell changes nothing, and neither (without eps) does a common factor.
    x, grad, weight = (
        rng.standard_normal((2, 3, 4, 5)),
        rng.standard_normal((2, 3, 4, 5)),
        np.array([1.0, 2, 3]),
    )
    _, mean, var = edition.batch_norm(x, weight, weight, 0.0)
    dx, _, _ = edition.batch_norm_backward(grad, x, weight, mean, var, 0.0)
    np.testing.assert_allclose(dx.sum(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose((dx * x).sum(axis=(0, 2, 3)), 0, atol=1e-12)
