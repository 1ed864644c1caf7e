"""What the tests of the kernels share: both editions, arrays in awkward layouts."""

import numpy as np
import pytest
from hypothesis import strategies as st

from minimaskrcnn.kernels import fast, plain, reference

TOLERANCE = {np.dtype(np.float32): 2e-5, np.dtype(np.float64): 1e-12}


@pytest.fixture(params=[reference, plain, fast], ids=["reference", "plain", "fast"])
def edition(request):
    """Each edition in turn."""
    return request.param


@pytest.fixture(scope="session")
def assert_editions_agree():
    """Callable (name, *args): check all that both editions owe; returns the reference's answer."""
    return _assert_editions_agree


def _assert_editions_agree(name, *args):
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    before = [a.copy() for a in arrays]
    slow, *others = (_as_tuple(getattr(module, name)(*args)) for module in (reference, plain, fast))
    for old, new in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(new, old, err_msg=f"{name} changed its inputs")
    dtype = arrays[0].dtype
    for answer in others:
        for a, b in zip(slow, answer, strict=True):
            assert a.shape == b.shape, name
            assert a.dtype == b.dtype, name
            assert a.dtype in (dtype, np.int64), name
            scale = max(1, np.abs(a).max(initial=0))
            np.testing.assert_allclose(b, a, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=name)
    _assert_own_memory(name, others[-1], args)
    return slow if len(slow) > 1 else slow[0]


def _assert_own_memory(name, outputs, args):
    """No output shares memory with an input, or is overwritten by the next call."""
    for array in args:
        if isinstance(array, np.ndarray):
            assert not any(np.may_share_memory(array, out) for out in outputs), name
    before = [out.copy() for out in outputs]
    getattr(fast, name)(*args)
    for old, new in zip(before, outputs, strict=True):
        np.testing.assert_array_equal(new, old, err_msg=f"{name} handed out memory that it uses again")


def _as_tuple(answer):
    return answer if isinstance(answer, tuple) else (answer,)


@st.composite
def _maps(draw, shape, dtype):
    """Strategy for a read-only array of random normal numbers, in one of four memory layouts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layout = draw(st.sampled_from(["contiguous", "channels last", "every second", "reversed"]))
    if layout == "channels last":
        array = np.moveaxis(rng.standard_normal((shape[0], *shape[2:], shape[1])), -1, 1).astype(dtype)
    elif layout == "every second":
        array = rng.standard_normal((*shape[:-1], 2 * shape[-1])).astype(dtype)[..., ::2]
    else:
        array = rng.standard_normal(shape).astype(dtype)
    if layout == "reversed":
        array = array[::-1, ::-1]
    array.flags.writeable = False
    return array


@pytest.fixture(scope="session")
def maps():
    """Strategy: maps(shape, dtype) draws an array of random normal numbers in an awkward layout."""
    return _maps
