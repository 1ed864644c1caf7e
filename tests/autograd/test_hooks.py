"""Observers see every op, forward and backward, and change nothing."""

import io

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Printer, ShapeTrace, Tensor, Timer, hook, scope


def run():
    x = Tensor(np.array([[1, -2, 3]], np.float32), requires_grad=True)
    with scope("head"):
        ops.relu(x * 2).sum().backward()
    return x.grad


def test_every_op_is_seen_once_each_way_in_order():
    events = []
    with hook(events.append):
        run()
    assert [(e.phase, e.op) for e in events] == [
        ("forward", "Multiply"), ("forward", "ReLU"), ("forward", "Sum"),
        ("backward", "Sum"), ("backward", "ReLU"), ("backward", "Multiply"),
    ]  # fmt: skip
    assert all(e.seconds >= 0 for e in events)


def test_a_backward_event_shows_gradients():
    events = []
    with hook(events.append):
        run()
    relu = next(e for e in events if e.phase == "backward" and e.op == "ReLU")
    np.testing.assert_array_equal(relu.inputs[0], [[1, 1, 1]])
    np.testing.assert_array_equal(relu.outputs[0], [[1, 0, 1]])


def test_hooks_nest_and_end_with_their_block():
    outer, inner = [], []
    with hook(outer.append):
        run()
        with hook(inner.append):
            run()
    run()
    assert (len(outer), len(inner)) == (12, 6)


def test_a_hook_does_not_observe_itself():
    def busy(event):
        seen.append(event.op)
        Tensor([1.0]) + 1

    seen = []
    with hook(busy):
        Tensor([1.0]) * 2
    assert seen == ["Multiply"]


def test_hooks_leave_the_result_alone():
    with hook(Timer()), hook(ShapeTrace()), hook(Printer(io.StringIO())):
        observed = run()
    np.testing.assert_array_equal(observed, run())


def test_timer():
    with hook(Timer()) as timer:
        run()
        run()
    assert timer.calls["forward", "ReLU"] == 2
    lines = str(timer).splitlines()
    assert lines[0].split() == ["phase", "op", "calls", "ms"]
    assert len(lines) == 7
    times = [float(line.split()[-1]) for line in lines[1:]]
    assert times == sorted(times, reverse=True)


def test_shape_trace():
    with hook(ShapeTrace()) as trace:
        run()
    assert str(trace).splitlines()[:3] == [
        "forward  head/Multiply  (1, 3) -> (1, 3)",
        "forward  head/ReLU  (1, 3) -> (1, 3)",
        "forward  head/Sum  (1, 3) -> ()",
    ]


def test_printer_gives_ranges_and_counts_what_is_lost():
    stream = io.StringIO()
    with hook(Printer(stream)):
        ops.negative(Tensor([1.0, float("nan"), -2.0]))
        ops.negative(Tensor(np.zeros((0, 4), np.float32)))
    first, second = stream.getvalue().splitlines()
    assert first.endswith("(3,) -> (3,)  [-1, 2] and 1 not finite")
    assert second.endswith("(0, 4) -> (0, 4)  []")


def test_printer_writes_to_stderr_by_default(capsys):
    with hook(Printer()):
        run()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "head/ReLU" in captured.err


def test_a_failing_hook_is_not_hidden():
    with pytest.raises(KeyError), hook(lambda event: {}["missing"]):
        run()
