"""Ops of one Tensor that treat every element alike."""

from __future__ import annotations

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_flag
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.arithmetic import gated, memory_of, operand
from minimaskrcnn.ops.checks import check_tensor


class Negative(Function):
    """The op of `negative`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = -x``."""
        return -x

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = -g``."""
        return -grad


class Power(Function):
    """The op of `power`; the exponent is a number."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, exponent: float) -> np.ndarray:
        """``out = x^n``."""
        ctx.save(x=x, exponent=exponent)
        return x**exponent

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g n x^(n-1)``; 0 everywhere for n = 0."""
        # d(x^n)/dx = n x^(n-1); for n = 0 it is 0 everywhere, though 0 * 0^-1 is not
        if ctx.exponent == 0:
            return np.zeros_like(grad)
        return grad * (ctx.exponent * ctx.x ** (ctx.exponent - 1))


class Exp(Function):
    """The op of `exp`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = e^x``."""
        out = np.exp(x)
        ctx.save(out=out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g out``."""
        return grad * ctx.out


class Log(Function):
    """The op of `log`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = ln x``."""
        ctx.save(x=x)
        return np.log(x)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g / x``."""
        return grad / ctx.x


class Sqrt(Function):
    """The op of `sqrt`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = sqrt(x)``."""
        out = np.sqrt(x)
        ctx.save(out=out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g / (2 out)``."""
        return grad / (2 * ctx.out)


class Tanh(Function):
    """The op of `tanh`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = tanh x``."""
        out = np.tanh(x)
        ctx.save(out=out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g (1 - out^2)``."""
        return grad * (1 - ctx.out * ctx.out)


class Abs(Function):
    """The op of `abs`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = |x|``."""
        ctx.save(x=x)
        return np.abs(x)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g sign(x)``; 0 at 0."""
        return grad * np.sign(ctx.x)


class ReLU(Function):
    """The op of `relu`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, inplace: bool) -> np.ndarray:
        """``out = max(x, 0)``; in the memory of x if that is allowed."""
        out = np.maximum(x, 0, out=memory_of(ctx, x) if inplace else None)
        ctx.save(out=out)  # the next layer keeps it anyway; the input could then be freed
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g where out > 0``; elsewhere exactly 0."""
        return gated(grad, ctx.out > 0)


class Sigmoid(Function):
    """The op of `sigmoid`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = 1 / (1 + e^-x)``."""
        out = sigmoid_of(x)
        ctx.save(out=out)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g out (1 - out)``."""
        return grad * (ctx.out * (1 - ctx.out))


class Clip(Function):
    """The op of `clip`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
        """``out = min(max(x, low), high)``."""
        out = np.clip(x, low, high)
        ctx.save(inside=out == x if ctx.needs_grad[0] else None)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g where nothing was clipped``; elsewhere exactly 0."""
        return gated(grad, ctx.inside)


class HardSwish(Function):
    """The op of `hardswish`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        """``out = x h / 6, h = min(max(x + 3, 0), 6)``, in the memory of h."""
        ctx.save(x=x if ctx.needs_grad[0] else None)
        out = np.asarray(x + 3)
        np.clip(out, 0, 6, out=out)
        out *= x
        out /= 6
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g (h + x [|x| < 3]) / 6``; exactly 0 where the slope is: x <= -3 and x = -3/2."""
        x = ctx.x
        slope = (np.clip(x + 3, 0, 6) + gated(x, np.abs(x) < 3)) / 6
        return gated(grad * slope, slope != 0)


def sigmoid_of(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x) of an array, written with exponents <= 0 only, so that nothing overflows:

    1 / (1 + e^-x) = e^min(x, 0) / (1 + e^-|x|)
    """
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def negative(x: Tensor) -> Tensor:
    """``-x``."""
    check_tensor("negative", x)
    return Negative.apply(x)


def power(x: Tensor, exponent: float) -> Tensor:
    """``x ** exponent``, for one number as the exponent."""
    check_tensor("power", x)
    exponent = operand("power", exponent)
    if isinstance(exponent, Tensor):
        raise InputError(
            "power: the exponent must be a number; got a Tensor. Write ops.exp(exponent * ops.log(x))."
        )
    return Power.apply(x, exponent)


def exp(x: Tensor) -> Tensor:
    """``e ** x``."""
    check_tensor("exp", x)
    return Exp.apply(x)


def log(x: Tensor) -> Tensor:
    """Natural logarithm."""
    check_tensor("log", x)
    return Log.apply(x)


def sqrt(x: Tensor) -> Tensor:
    """Square root; its slope at 0 is infinite."""
    check_tensor("sqrt", x)
    return Sqrt.apply(x)


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    check_tensor("tanh", x)
    return Tanh.apply(x)


def abs(x: Tensor) -> Tensor:
    """|x|; the gradient at 0 is 0."""
    check_tensor("abs", x)
    return Abs.apply(x)


def relu(x: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0); the gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor
    inplace : bool
        The result may take over the memory of x, which nobody else may need any more. Where a gradient is
        recorded it does not.

    Examples
    --------
    >>> relu(Tensor([-1.0, 2.0]))
    Tensor([0., 2.])
    """
    check_tensor("relu", x)
    return ReLU.apply(x, check_flag("relu", inplace, "inplace"))


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x), without overflow at either end."""
    check_tensor("sigmoid", x)
    return Sigmoid.apply(x)


def clip(x: Tensor, min: float | None = None, max: float | None = None) -> Tensor:
    """Limit x to [min, max]; the gradient is 1 inside, limits included, and 0 outside."""
    check_tensor("clip", x)
    low, high = (None if v is None else operand("clip", v) for v in (min, max))
    if low is None and high is None:
        raise InputError("clip: give min, max or both.")
    return Clip.apply(x, low, high)


def hardswish(x: Tensor) -> Tensor:
    """``x min(max(x + 3, 0), 6) / 6``, which comes near x sigmoid(x) without an exponential.

    Its slope at -3 and 3, where it has none, is 0 and 1.

    Source: Howard et al. 2019, "Searching for MobileNetV3", section 5.2.

    Examples
    --------
    >>> hardswish(Tensor([0.0, 1.5, 5.0]))
    Tensor([0.   , 1.125, 5.   ])
    """
    check_tensor("hardswish", x)
    return HardSwish.apply(x)
