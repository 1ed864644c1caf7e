"""assert_contract notices each broken promise, by an op that breaks only that one."""

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Function
from minimaskrcnn.testing import Case, assert_contract

CASE = Case(np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]))


class Double(Function):
    """A sound op: y = 2 x."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Leaks(Double):
    @staticmethod
    def forward(ctx, x):
        return x * np.array([2.0])


class RoughInSingle(Double):
    """Precise in float64 only."""

    @staticmethod
    def forward(ctx, x):
        return x * 2 if x.dtype == np.float64 else (x.astype(np.float16) * np.float16(2.001)).astype(x.dtype)


class WritesToX(Double):
    @staticmethod
    def forward(ctx, x):
        x *= 2
        return x.copy()


class WritesToGrad(Double):
    @staticmethod
    def backward(ctx, grad):
        if grad.flags.writeable:
            grad *= 2
            return grad.copy()
        return grad * 2


class NeedsToWrite(Double):
    @staticmethod
    def forward(ctx, x):
        x += 0
        return x * 2


class ReadsMemory(Double):
    @staticmethod
    def forward(ctx, x):
        return x.ravel("K").reshape(x.shape) * 2


class NeedsContiguousGrad(Double):
    @staticmethod
    def backward(ctx, grad):
        assert grad.strides[-1] == grad.itemsize
        return grad * 2


class ReturnsX(Double):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad


class ReusesItsBuffer(Double):
    buffer = np.empty((2, 3))

    @classmethod
    def forward(cls, ctx, x):
        if x.shape != cls.buffer.shape:
            return x * 2
        return np.multiply(x, 2, out=cls.buffer.astype(x.dtype) if x.dtype != np.float64 else cls.buffer)


class Forgets(Double):
    """Another answer every time."""

    calls = 0

    @classmethod
    def forward(cls, ctx, x):
        cls.calls += 1
        return x * x.dtype.type(cls.calls)


class NeedsRows(Double):
    @staticmethod
    def forward(ctx, x):
        return np.stack([row * 2 for row in x])


class ForgetsTheWidth(Double):
    @staticmethod
    def forward(ctx, x):
        return x * 2 if len(x) else np.zeros((0, 7), x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * 2 if len(grad) else np.zeros((0, 3), grad.dtype)


class FirstInMemory(Double):
    """The largest of each row; of equals, the first in memory, which in a reversed array is the last."""

    @staticmethod
    def forward(ctx, x):
        ctx.save(x=x)
        return x.max(1)

    @staticmethod
    def backward(ctx, grad):
        x, width = ctx.x, ctx.x.shape[1]
        winner = x.argmax(1) if x.strides[1] > 0 else width - 1 - x[:, ::-1].argmax(1)
        dx = np.zeros(x.shape, grad.dtype)
        dx[np.arange(len(dx)), winner] = grad
        return dx


def test_a_sound_op_passes():
    assert_contract(Double.apply, CASE)


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (Leaks, "float32 inputs"),
        (RoughInSingle, "in float32, not as in float64, output 0"),
        (WritesToX, "input 0 was changed in place"),
        (WritesToGrad, "gradient of output 0 was changed in place"),
        (NeedsToWrite, "given read-only inputs, it raised ValueError"),
        (ReadsMemory, "Fortran-ordered inputs changes output 0 at"),
        (ReturnsX, "shares memory with input 0"),
        (ReusesItsBuffer, "a later call changes output 0|shares memory"),
        (Forgets, "calling it a second time changes output 0"),
        (NeedsRows, "given no rows in input 0, it raised ValueError"),
        (ForgetsTheWidth, r"output 0 must be float64 \(0, 3\); got float64 \(0, 7\)"),
        (FirstInMemory, "reversed inputs changes gradient 0"),
    ],
)
def test_a_broken_promise_is_named(op, message):
    with pytest.raises(AssertionError, match=message):
        assert_contract(op.apply, CASE)


class RowAfterRow(Double):
    """In C order whatever the input's; its gradient keeps the layout."""

    @staticmethod
    def forward(ctx, x):
        return np.ascontiguousarray(x * 2)


class GradientRowAfterRow(Double):
    @staticmethod
    def backward(ctx, grad):
        return np.ascontiguousarray(grad * 2)


@pytest.mark.parametrize(("op", "what"), [(RowAfterRow, "an output"), (GradientRowAfterRow, "a gradient")])
def test_elementwise_ops_keep_the_layout(op, what):
    maps = Case(np.arange(24.0).reshape(2, 3, 4))
    assert_contract(Double.apply, maps, elementwise=True)
    assert_contract(op.apply, maps)
    with pytest.raises(AssertionError, match=f"give {what} in another layout"):
        assert_contract(op.apply, maps, elementwise=True)


def test_an_assertion_of_the_op_itself_comes_through():
    with pytest.raises(AssertionError):
        assert_contract(NeedsContiguousGrad.apply, CASE)


def test_views_are_allowed_where_asked_for():
    assert_contract(ReturnsX.apply, CASE, views=True)


def test_plain_arguments_must_not_change_either():
    def moves_its_boxes(x, boxes):
        boxes += 1
        return Double.apply(x)

    with pytest.raises(AssertionError, match="boxes was changed in place"):
        assert_contract(moves_its_boxes, Case(np.ones(2), boxes=np.zeros((1, 5))))


def test_the_rows_of_a_plain_argument_can_be_taken_away():
    case = Case(np.ones((1, 1, 4, 4)), boxes=np.array([[0.0, 0, 0, 2, 2]]), output_size=2)
    assert_contract(ops.roi_align, case, empty=(("boxes",), (0, "boxes")))


def test_an_op_without_rows_is_left_alone_when_told():
    with pytest.raises(AssertionError, match="mean of nothing"):
        assert_contract(ops.mean, CASE)
    assert_contract(ops.mean, CASE, empty=())
