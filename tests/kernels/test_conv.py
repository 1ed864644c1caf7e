"""Convolution: editions agree, and gradients are adjoints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.kernels import fast

pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def conv_geometries(draw):
    """Shapes and parameters of a convolution, built from the output size so that every draw is possible."""
    out_size, kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs), draw(pairs)
    padding = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    spare = [draw(st.integers(0, s - 1)) for s in stride]  # cells at the far edge that no window reaches
    size = tuple(
        max(1, (o - 1) * s + (k - 1) * d + 1 - 2 * p + e)
        for o, k, s, d, p, e in zip(out_size, kernel, stride, dilation, padding, spare, strict=True)
    )
    groups, batch = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(0, 2))
    channels, filters = draw(st.integers(1, 3)) * groups, draw(st.integers(1, 3)) * groups
    if draw(st.booleans()):
        channels *= 3  # past the number of channels that are copied one by one
    return (
        (batch, channels, *size),
        (filters, channels // groups, *kernel),
        (stride, padding, dilation, groups),
    )


@given(data=st.data(), geometry=conv_geometries(), dtype=st.sampled_from([np.float32, np.float64]))
def test_editions_agree(data, geometry, dtype, maps, assert_editions_agree):
    x_shape, weight_shape, params = geometry
    x, weight = data.draw(maps(x_shape, dtype)), data.draw(maps(weight_shape, dtype))
    bias = data.draw(st.sampled_from([None, np.arange(weight_shape[0], dtype=dtype)]))
    out = assert_editions_agree("conv2d", x, weight, bias, *params)
    grad = data.draw(maps(out.shape, dtype))
    assert_editions_agree("conv2d_input_grad", grad, weight, x.shape, *params)
    assert_editions_agree("conv2d_weight_grad", grad, x, weight.shape, *params)


def depthwise(geometry, channels):
    """The same geometry with as many groups as channels."""
    (batch, _, *size), (_, _, *kernel), (stride, padding, dilation, _) = geometry
    return (batch, channels, *size), (channels, 1, *kernel), (stride, padding, dilation, channels)


@pytest.mark.parametrize(("band_bytes", "run"), [(1, 256), (200, 256), (10**6, 256), (10**6, 4)])
@given(
    data=st.data(),
    geometry=st.builds(depthwise, conv_geometries(), st.integers(2, 5)),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_editions_agree_where_each_channel_is_a_group(
    data, geometry, dtype, maps, assert_editions_agree, band_bytes, run
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minimaskrcnn.kernels.fast.engine.tuning.DEPTHWISE_BYTES", band_bytes)
        patch.setattr("minimaskrcnn.kernels.fast.engine.tuning.DEPTHWISE_RUN", run)
        test_editions_agree.hypothesis.inner_test(data, geometry, dtype, maps, assert_editions_agree)


@given(data=st.data(), geometry=conv_geometries(), dtype=st.sampled_from([np.float32, np.float64]))
def test_transposed_editions_agree(data, geometry, dtype, maps, assert_editions_agree):
    # A transposed convolution takes the output of a convolution to (nearly) its input.
    map_shape, weight_shape, (stride, padding, dilation, groups) = geometry
    out_padding = tuple(data.draw(st.integers(0, s - 1)) for s in stride)
    sizes = zip(map_shape[2:], weight_shape[2:], stride, padding, dilation, out_padding, strict=True)
    side = [
        max(-(-(1 + 2 * p - e - d * (k - 1) - 1) // s) + 1, (m + 2 * p - d * (k - 1) - 1) // s + 1)
        for m, k, s, p, d, e in sizes
    ]
    x = data.draw(maps((map_shape[0], weight_shape[0], *side), dtype))
    weight = data.draw(maps(weight_shape, dtype))
    bias = data.draw(st.sampled_from([None, np.arange(map_shape[1], dtype=dtype)]))
    out = assert_editions_agree(
        "conv_transpose2d", x, weight, bias, stride, padding, out_padding, dilation, groups
    )
    grad = data.draw(maps(out.shape, dtype))
    assert_editions_agree("conv_transpose2d_input_grad", grad, weight, stride, padding, dilation, groups)
    assert_editions_agree(
        "conv_transpose2d_weight_grad", grad, x, weight.shape, stride, padding, dilation, groups
    )


@given(geometry=conv_geometries(), seed=st.integers(0, 2**32 - 1))
def test_gradients_are_adjoints(geometry, seed):
    # conv2d is linear in x and in weight, so <conv2d(x, w), g> = <x, dx> = <w, dw>.
    x_shape, weight_shape, params = geometry
    rng = np.random.default_rng(seed)
    x, weight = rng.standard_normal(x_shape), rng.standard_normal(weight_shape)
    out = fast.conv2d(x, weight, None, *params)
    grad = rng.standard_normal(out.shape)
    product = np.vdot(out, grad)
    dx = fast.conv2d_input_grad(grad, weight, x.shape, *params)
    dw = fast.conv2d_weight_grad(grad, x, weight.shape, *params)
    assert np.vdot(x, dx) == pytest.approx(product, rel=1e-10, abs=1e-10)
    assert np.vdot(weight, dw) == pytest.approx(product, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("strip_bytes", [1, 3000, 40000])
def test_strips_of_any_size_give_the_same_answer(strip_bytes, rng, monkeypatch):
    x, weight = rng.standard_normal((3, 6, 11, 9)), rng.standard_normal((4, 6, 3, 3))
    params = ((2, 1), (1, 2), (1, 1), 1)
    out = fast.conv2d(x, weight, None, *params)
    dx = fast.conv2d_input_grad(out, weight, x.shape, *params)
    dw = fast.conv2d_weight_grad(out, x, weight.shape, *params)
    monkeypatch.setattr("minimaskrcnn.kernels.fast.engine.tuning.STRIP_BYTES", strip_bytes)
    np.testing.assert_allclose(fast.conv2d(x, weight, None, *params), out, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        fast.conv2d_input_grad(out, weight, x.shape, *params), dx, rtol=1e-12, atol=1e-12
    )
    np.testing.assert_allclose(
        fast.conv2d_weight_grad(out, x, weight.shape, *params), dw, rtol=1e-12, atol=1e-12
    )


def test_a_filter_is_not_flipped(edition):
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1
    weight = np.arange(9.0).reshape(1, 1, 3, 3)
    out = edition.conv2d(x, weight, None, (1, 1), (1, 1), (1, 1), 1)
    np.testing.assert_array_equal(out[0, 0], weight[0, 0, ::-1, ::-1])


def test_a_transposed_filter_is_a_stamp(edition):
    x = np.zeros((1, 1, 2, 2))
    x[0, 0, 0, 1] = 1
    weight = np.arange(1.0, 5).reshape(1, 1, 2, 2)
    out = edition.conv_transpose2d(x, weight, None, (2, 2), (0, 0), (0, 0), (1, 1), 1)
    np.testing.assert_array_equal(out[0, 0], [[0, 0, 1, 2], [0, 0, 3, 4], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_fast_maps_are_channels_last_in_memory(rng):
    x, weight = rng.random((2, 3, 8, 8), np.float32), rng.random((4, 3, 3, 3), np.float32)
    out = fast.conv2d(x, weight, None, (1, 1), (1, 1), (1, 1), 1)
    assert out.transpose(0, 2, 3, 1).flags.c_contiguous
    dx = fast.conv2d_input_grad(out, weight, x.shape, (1, 1), (1, 1), (1, 1), 1)
    assert dx.transpose(0, 2, 3, 1).flags.c_contiguous
