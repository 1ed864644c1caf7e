"""The walk back: right sums, no recursion, no cycles, nothing kept longer than needed."""

import gc
import weakref

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Function, Tensor
from minimaskrcnn.errors import InputError


def leaf(*values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


class Split(Function):
    """Two outputs: (x, 3x). Its backward sees None for an output that nobody used."""

    seen: tuple = ()

    @staticmethod
    def forward(ctx, x):
        return x.copy(), 3 * x

    @staticmethod
    def backward(ctx, first, second):
        Split.seen = (first, second)
        return (0 if first is None else first) + (0 if second is None else 3 * second)


def test_a_value_used_twice_gets_both_gradients():
    x = leaf(2.0, 5.0)
    (x * x + x).sum().backward()
    np.testing.assert_array_equal(x.grad, [5, 11])


def test_a_diamond_is_summed_before_it_is_passed_on():
    calls = []

    class Counted(Function):
        @staticmethod
        def forward(ctx, x):
            return x + 0

        @staticmethod
        def backward(ctx, grad):
            calls.append(grad.copy())
            return grad

    x = leaf(1.0)
    middle = Counted.apply(x)
    (middle * 2 + middle * 3 + middle * 4).sum().backward()
    assert [float(c[0]) for c in calls] == [9]
    np.testing.assert_array_equal(x.grad, [9])


def test_twenty_thousand_ops_deep():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + 1
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [1])
    del y  # freeing the chain must not recurse either


def test_a_graph_dies_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = ops.exp(x * 2)
        loss = (y * y).sum()
        refs = [weakref.ref(o) for o in (y, y.data, y.node, loss, loss.node)]
        del y, loss
        assert [r() for r in refs] == [None] * 5
    finally:
        gc.enable()


def test_a_graph_that_ran_backward_dies_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        loss = ops.relu(x * 2).sum()
        refs = [weakref.ref(o) for o in (loss, loss.node)]
        loss.backward()
        del loss
        assert [r() for r in refs] == [None, None]
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_input_that_backward_does_not_need_is_freed_at_once():
    x = leaf(1.0, -2.0)
    y = x + 1
    array = weakref.ref(y.data)
    z = ops.relu(y)
    del y
    assert array() is None
    assert z.requires_grad


def test_saved_arrays_are_freed_by_backward():
    x = leaf(1.0, 2.0)
    y = x * 2
    z = y * y
    saved = weakref.ref(y.data)
    loss = z.sum()
    del y, z
    assert saved() is not None
    loss.backward()
    assert saved() is None


def test_a_second_backward_is_refused_with_the_remedy():
    x = leaf(3.0)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(InputError, match="retain_graph=True"):
        loss.backward()


def test_retain_graph_allows_a_second_backward():
    x = leaf(3.0)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_array_equal(x.grad, [12])


def test_a_failed_backward_leaves_every_leaf_alone():
    a, b = leaf(1.0), leaf(2.0)
    shared = a * 2
    shared.sum().backward()
    before = a.grad.copy()
    with pytest.raises(InputError):
        (shared + b).sum().backward()  # b is reached before the used part of the graph
    assert b.grad is None
    np.testing.assert_array_equal(a.grad, before)


def test_double_backward_is_refused_with_a_sentence():
    with pytest.raises(InputError, match="gradient of a gradient"):
        leaf(1.0).sum().backward(create_graph=True)


def test_leaves_accumulate_out_of_place():
    x = leaf(1.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    np.testing.assert_array_equal(first, [2])
    np.testing.assert_array_equal(x.grad, [5])


def test_no_two_leaves_share_a_gradient_array():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.ones(2, np.float32)
    (a + b).backward(seed)  # add hands the same array to both
    assert not np.shares_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, seed)


def test_sums_never_write_into_an_array_that_another_op_holds():
    a, b = leaf(1.0), leaf(1.0)
    y = a + 0
    ((y + b) + y * 2 + y * 3).sum().backward()  # y's gradient starts from the array that b gets too
    np.testing.assert_array_equal(a.grad, [6])
    np.testing.assert_array_equal(b.grad, [1])


def test_backward_from_a_leaf():
    x = leaf(1.0, 2.0)
    x.backward(np.array([3, 4], np.float32))
    np.testing.assert_array_equal(x.grad, [3, 4])


def test_several_outputs():
    x = leaf(1.0, 2.0)
    first, second = Split.apply(x)
    (first * 10 + second).sum().backward()
    np.testing.assert_array_equal(x.grad, [13, 13])


def test_an_unused_output_hands_none_to_backward():
    x = leaf(1.0)
    Split.apply(x)[1].sum().backward()
    assert Split.seen[0] is None
    np.testing.assert_array_equal(x.grad, [3])


def test_only_what_requires_a_gradient_gets_one():
    x, constant = leaf(1.0), Tensor([2.0])
    (x * constant).sum().backward()
    np.testing.assert_array_equal(x.grad, [2])
    assert constant.grad is None


def test_needs_grad_names_the_wanted_inputs():
    seen = []

    class Look(Function):
        @staticmethod
        def forward(ctx, a, b, c):
            seen.append(ctx.needs_grad)
            return a + b

        @staticmethod
        def backward(ctx, grad):
            return grad

    Look.apply(leaf(1.0), Tensor([1.0]), 7)
    assert seen == [(True, False, False)]


@pytest.mark.parametrize("answer", [np.ones((3,), np.float32), np.ones((2,), np.float64)])
def test_a_gradient_of_another_shape_or_dtype_names_the_op(answer):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x + 0

        @staticmethod
        def backward(ctx, grad):
            return answer

    with pytest.raises(InputError, match=r"Wrong\.backward: the gradient of input 0"):
        Wrong.apply(leaf(1.0, 2.0)).sum().backward()


def test_too_many_gradients_name_the_op():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x + 0

        @staticmethod
        def backward(ctx, grad):
            return grad, grad

    with pytest.raises(InputError, match=r"Wrong\.backward: returned 2 gradients for 1 inputs"):
        Wrong.apply(leaf(1.0)).sum().backward()


def test_reading_what_was_not_saved_names_what_was():
    class Forgetful(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save(y=1)
            return x + 0

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.x

    with pytest.raises(AttributeError, match=r"ctx\.x was not saved in forward; saved: y"):
        Forgetful.apply(leaf(1.0)).sum().backward()
