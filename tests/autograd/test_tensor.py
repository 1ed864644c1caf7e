"""What a Tensor is, and what it refuses with advice."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError


@pytest.fixture
def x():
    return Tensor(np.array([[1, 2], [3, 4]], np.float32), requires_grad=True)


ARRAY = np.ones((2, 2), np.float32)

MIXES = {
    "tensor + array": lambda x: x + ARRAY,
    "array + tensor": lambda x: ARRAY + x,
    "tensor - array": lambda x: x - ARRAY,
    "array - tensor": lambda x: ARRAY - x,
    "tensor * array": lambda x: x * ARRAY,
    "array * tensor": lambda x: ARRAY * x,
    "tensor / array": lambda x: x / ARRAY,
    "array / tensor": lambda x: ARRAY / x,
    "where": lambda x: ops.where(ARRAY > 0, x, ARRAY),
}


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES.keys())
def test_a_plain_array_is_not_mixed_in_silently(x, mix):
    with pytest.raises(InputError, match=r"Tensor\(array\)"):
        mix(x)


@pytest.mark.parametrize("product", [lambda x: x @ ARRAY, lambda x: ARRAY @ x])
def test_a_matrix_product_with_a_plain_array_is_refused(x, product):
    with pytest.raises(InputError, match="must be a Tensor"):
        product(x)


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        np.array,
        np.mean,
        lambda x: np.concatenate([x, x]),
        lambda x: np.testing.assert_allclose(x, 1),
    ],
)
def test_numpy_functions_are_refused_with_advice(x, convert):
    with pytest.raises(InputError, match=r"\.numpy\(\)"):
        convert(x)


def test_numpy_ufuncs_are_refused(x):
    with pytest.raises(TypeError, match="__array_ufunc__"):
        np.exp(x)


def test_assignment_is_refused_with_advice(x):
    with pytest.raises(InputError, match=r"ops\.where"):
        x[0] = 1


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.float16, np.complex64])
def test_only_float32_and_float64(dtype):
    with pytest.raises(InputError, match="float32 or float64"):
        Tensor(np.ones(3, dtype))


def test_a_tensor_of_a_tensor_is_refused(x):
    with pytest.raises(InputError, match="detach"):
        Tensor(x)


@pytest.mark.parametrize("op", [ops.add, ops.multiply, ops.divide, ops.matmul, ops.linear, ops.maximum])
def test_float32_and_float64_do_not_mix(x, op):
    with pytest.raises(InputError, match="a float32 Tensor and a float64 Tensor do not mix"):
        op(x, Tensor(np.ones((2, 2))))


@pytest.mark.parametrize("scalar", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2)])
@pytest.mark.parametrize(
    "op", [lambda x, s: x + s, lambda x, s: s * x, lambda x, s: s - x, lambda x, s: x / s, lambda x, s: x**s]
)
def test_scalars_are_weak(x, op, scalar):
    y = op(x, scalar)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


def test_lists_and_numbers_become_float32():
    assert Tensor([1, 2]).dtype == Tensor(3).dtype == Tensor(2.5).dtype == np.float32


def test_arrays_are_kept_without_a_copy():
    array = np.ones(3)
    assert Tensor(array).data is array
    assert Tensor(array).numpy() is array


def test_truth_is_refused_where_ambiguous(x):
    with pytest.raises(InputError, match="ambiguous"):
        bool(x)
    assert bool(Tensor(1.0))
    assert not bool(Tensor([0.0]))


def test_comparisons_are_plain_bool_arrays(x):
    for result, expected in [
        (x > 2, [[False, False], [True, True]]),
        (x <= x, [[True, True], [True, True]]),
        (x == 3, [[False, False], [True, False]]),
        (x != Tensor(3.0), [[True, True], [False, True]]),
        (x < ARRAY * 2, [[True, False], [False, False]]),
        (x >= 4, [[False, False], [False, True]]),
    ]:
        assert isinstance(result, np.ndarray)
        assert result.dtype == bool
        np.testing.assert_array_equal(result, expected)


def test_a_tensor_is_its_own_key(x):
    assert {x: "here"}[x] == "here"


def test_item_and_float():
    assert Tensor([2.5]).item() == float(Tensor(2.5)) == 2.5
    with pytest.raises(InputError, match="one element"):
        Tensor([1.0, 2.0]).item()


def test_len_of_a_scalar_is_refused(x):
    assert len(x) == 2
    with pytest.raises(InputError, match="no length"):
        len(Tensor(1.0))


def test_iteration_gives_rows(x):
    rows = list(x)
    assert [r.shape for r in rows] == [(2,), (2,)]
    (rows[1] * 2).sum().backward()
    np.testing.assert_array_equal(x.grad, [[0, 0], [2, 2]])


def test_in_place_operators_make_a_new_tensor(x):
    y = x
    y += 1
    assert y is not x
    np.testing.assert_array_equal(x.data, [[1, 2], [3, 4]])


def test_detach_cuts_the_history(x):
    y = (x * 2).detach()
    assert not y.requires_grad
    assert y.node is None


def test_repr_says_where_it_comes_from(x):
    assert repr(Tensor([1.0])) == "Tensor([1.])"
    assert repr(Tensor(np.array([1.0]))) == "Tensor([1.], float64)"
    assert repr((x * 2).sum()) == "Tensor(20., from Sum)"
    assert "requires_grad" in repr(x)
    assert "..." in repr(Tensor(np.zeros(1000, np.float32)))


class TestBackwardArguments:
    def test_nothing_requires_a_gradient(self):
        with pytest.raises(InputError, match="requires_grad=True"):
            (Tensor([1.0]) * 2).sum().backward()

    def test_a_scalar_is_needed_without_an_argument(self, x):
        with pytest.raises(InputError, match=r"needs a scalar; the Tensor is \(2, 2\)"):
            x.backward()

    @pytest.mark.parametrize("grad", [np.ones(3, np.float32), np.ones((2, 2)), 1.0])
    def test_a_gradient_that_does_not_fit(self, x, grad):
        with pytest.raises(InputError, match=r"grad must be float32 \(2, 2\)"):
            (x * 2).backward(grad)

    def test_a_tensor_as_gradient(self, x):
        with pytest.raises(InputError, match="plain array"):
            (x * 2).backward(Tensor(ARRAY))


def test_methods_are_the_ops(x):
    assert x.reshape(4).shape == x.reshape((4,)).shape == x.flatten().shape == (4,)
    assert x.permute(1, 0).data[0, 1] == x.permute((1, 0)).data[0, 1] == x.transpose(0, 1).data[0, 1] == 3
    assert x.max().item() == 4
    assert x.mean(0, keepdims=True).shape == (1, 2)
    assert abs(-x).sum().item() == 10
    assert (x @ x).data[0, 0] == 7
