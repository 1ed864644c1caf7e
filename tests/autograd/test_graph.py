"""The graph as text and as dot: every op, or one block a scope."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor, scope, to_dot, to_text
from minimaskrcnn.errors import InputError


@pytest.fixture
def network():
    x = Tensor(np.ones((1, 4), np.float32))
    w = Tensor(np.ones((3, 4), np.float32), requires_grad=True)
    v = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    with scope("net"):
        with scope("hidden"):
            h = ops.relu(ops.linear(x, w))
        with scope("out"):
            y = ops.linear(h, v)
    return (y * y).sum(), {"w": w, "v": v}


def test_text_collapsed_to_the_outer_scope(network):
    loss, names = network
    assert to_text(loss, names=names).splitlines() == [
        "1 net (3 ops: 2 Linear, ReLU): w, v -> (1, 2)",
        "2 Multiply: 1 -> (1, 2)",
        "3 Sum: 2 -> ()",
    ]


def test_text_collapsed_to_two_levels(network):
    loss, names = network
    assert to_text(loss, depth=2, names=names).splitlines()[:2] == [
        "1 net/hidden (2 ops: Linear, ReLU): w -> (1, 3)",
        "2 net/out: 1, v -> (1, 2)",
    ]


def test_text_of_every_op(network):
    loss, _ = network
    assert to_text(loss, depth=None).splitlines() == [
        "1 net/hidden/Linear: leaf (3, 4) -> (1, 3)",
        "2 net/hidden/ReLU: 1 -> (1, 3)",
        "3 net/out/Linear: 2, leaf (2, 3) -> (1, 2)",
        "4 Multiply: 3 -> (1, 2)",
        "5 Sum: 4 -> ()",
    ]


def test_dot(network):
    loss, names = network
    assert to_dot(loss, names=names).splitlines() == [
        "digraph {",
        "  node [shape=box];",
        '  b1 [label="net (3 ops: 2 Linear, ReLU)"];',
        '  l1 [shape=ellipse, label="w"];',
        "  l1 -> b1;",
        '  l2 [shape=ellipse, label="v"];',
        "  l2 -> b1;",
        '  b2 [label="Multiply"];',
        '  b1 -> b2 [label="(1, 2)"];',
        '  b3 [label="Sum"];',
        '  b2 -> b3 [label="(1, 2)"];',
        "}",
    ]


def test_quotes_in_a_scope_do_not_break_dot():
    with scope('a "b"'):
        y = Tensor([1.0], requires_grad=True) * 2
    assert r'label="a \"b\""' in to_dot(y)


def test_a_deep_graph_is_walked_without_recursion():
    y = x = Tensor([1.0], requires_grad=True)
    for _ in range(5_000):
        y = y + x
    assert len(to_text(y).splitlines()) == 5_000


def test_the_graph_can_be_printed_after_backward(network):
    loss, names = network
    before = to_text(loss, names=names)
    loss.backward()
    assert to_text(loss, names=names) == before


def test_a_leaf_has_no_graph():
    with pytest.raises(InputError, match="no graph"):
        to_text(Tensor([1.0]))
