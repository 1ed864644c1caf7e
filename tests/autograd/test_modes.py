"""no_grad, detect_anomaly, scope: they hold inside their block, in their thread, and nowhere else."""

import threading
import warnings

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import AnomalyError, Function, Tensor, detect_anomaly, hook, no_grad, scope


def leaf(*values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


class NanBackward(Function):
    @staticmethod
    def forward(ctx, x):
        return x + 0

    @staticmethod
    def backward(ctx, grad):
        return grad * np.float32(np.nan)


def call_nan_backward(x):
    return NanBackward.apply(x)


def test_no_grad_records_nothing():
    x = leaf(1.0)
    with no_grad():
        y = x * 2
    assert not y.requires_grad
    assert y.node is None
    assert (x * 2).requires_grad


def test_no_grad_decorates():
    @no_grad()
    def predict(x):
        return x * 2

    assert not predict(leaf(1.0)).requires_grad
    assert not predict(leaf(1.0)).requires_grad
    assert (leaf(1.0) * 2).requires_grad


def test_a_mode_ends_with_its_block_even_after_an_error():
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (leaf(1.0) * 2).requires_grad


def test_a_mode_of_one_thread_is_not_seen_by_another():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((leaf(1.0) * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_anomaly_in_forward_names_op_scope_and_place():
    with detect_anomaly(), scope("head"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(
            AnomalyError, match=r"head/Log\.forward: 1 of 2 values not finite, first -inf at \(1,\)"
        ):
            ops.log(leaf(1.0, 0.0))


def test_anomaly_in_backward_carries_the_forward_stack():
    with detect_anomaly(), scope("head"):
        loss = call_nan_backward(leaf(1.0)).sum()
        with pytest.raises(AnomalyError, match=r"head/NanBackward\.backward") as caught:
            loss.backward()
    assert "call_nan_backward" in str(caught.value)


def test_anomaly_in_backward_alone_says_how_to_get_the_stack():
    x = leaf(1.0)
    loss = NanBackward.apply(x).sum()
    with detect_anomaly(), pytest.raises(AnomalyError, match="forward pass inside detect_anomaly"):
        loss.backward()
    assert x.grad is None


def test_without_the_mode_nan_passes():
    x = leaf(1.0)
    NanBackward.apply(x).sum().backward()
    assert np.isnan(x.grad).all()


def test_scopes_nest():
    x = leaf(1.0)
    with scope("roi_heads"):
        with scope("mask_head"):
            inner = x * 2
        outer = x * 2
    assert inner.node.scope == "roi_heads/mask_head"
    assert outer.node.scope == "roi_heads"
    assert (x * 2).node.scope == ""


def test_backward_events_carry_the_scope_of_the_forward_call():
    events = []
    with scope("rpn"):
        loss = (leaf(1.0) * 2).sum()
    with hook(events.append):
        loss.backward()
    assert {e.scope for e in events} == {"rpn"}
