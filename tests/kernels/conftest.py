"""What the tests of the kernels share: the editions, and arrays in awkward layouts."""

import numpy as np
import pytest
from hypothesis import strategies as st

from minimaskrcnn.kernels import fast, plain, reference
from minimaskrcnn.testing import assert_kernels_agree


@pytest.fixture(params=[reference, plain, fast], ids=["reference", "plain", "fast"])
def edition(request):
    """Each edition in turn."""
    return request.param


@pytest.fixture(scope="session")
def assert_editions_agree():
    """Callable (name, *args): the editions agree, and the fast one gives new memory; returns its answer."""
    return _assert_editions_agree


def _assert_editions_agree(name, *args):
    assert_kernels_agree(name, *args)
    answer = getattr(fast, name)(*args)
    outputs = answer if isinstance(answer, tuple) else (answer,)
    assert {out.dtype for out in outputs} <= {args[0].dtype, np.dtype(np.int64)}, name
    _assert_own_memory(name, outputs, args)
    return answer


def _assert_own_memory(name, outputs, args):
    """No output shares memory with an input, or is overwritten by the next call."""
    for array in args:
        if isinstance(array, np.ndarray):
            assert not any(np.may_share_memory(array, out) for out in outputs), name
    before = [out.copy() for out in outputs]
    getattr(fast, name)(*args)
    for old, new in zip(before, outputs, strict=True):
        np.testing.assert_array_equal(new, old, err_msg=f"{name} handed out memory that it uses again")


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
