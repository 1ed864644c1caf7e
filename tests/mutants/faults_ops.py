"""Faults above the kernels, in the ops themselves: each replaces one function of one op for a whole run."""

import numpy as np
from fault import Fault

from minimaskrcnn.ops import arithmetic, conv, elementwise, losses, reduce, shape


class OpFault(Fault, listed=False):
    """A fault in `replaces`, a (class or module, name): its static method `wrong` takes the place."""

    replaces: tuple = ()

    @classmethod
    def kernels(cls):
        return {}

    @classmethod
    def plant(cls, name):
        super().plant(name)
        setattr(*cls.replaces, vars(cls)["wrong"])


class SlopeOneAtZero(OpFault):
    """abs has slope 1 at 0."""

    suite = "abs- or test_abs"
    replaces = (elementwise.Abs, "backward")

    @staticmethod
    def wrong(ctx, grad):
        return np.where(ctx.x >= 0, grad, -grad)


class SigmoidOverflows(OpFault):
    """sigmoid is e^x / (1 + e^x) as it stands: of large x, infinity by infinity."""

    suite = "sigmoid"
    replaces = (elementwise.Sigmoid, "forward")

    @staticmethod
    def wrong(ctx, x):
        out = np.exp(x) / (1 + np.exp(x))
        ctx.save(out=out)
        return out


class RepeatedIndexOverwrites(OpFault):
    """getitem's backward assigns where it should add."""

    suite = "getitem"
    replaces = (shape.GetItem, "backward")

    @staticmethod
    def wrong(ctx, grad):
        dx = np.zeros(ctx.shape, grad.dtype)
        dx[ctx.index] = grad
        return dx


class MeanOfOneAxisTooMany(OpFault):
    """mean's backward divides by all elements."""

    suite = "mean- or test_mean"
    replaces = (reduce.Mean, "backward")

    @staticmethod
    def wrong(ctx, grad):
        return reduce._stretch(grad / np.prod(ctx.shape).astype(grad.dtype), ctx.shape, ctx.axes)


class TiesShareTheMaximum(OpFault):
    """max hands its gradient to every element that equals the largest."""

    suite = "max- or test_max_gives"
    replaces = (reduce.Max, "backward")

    @staticmethod
    def wrong(ctx, grad):
        dx = np.zeros(ctx.shape, grad.dtype)
        np.put_along_axis(dx, ctx.winner, grad.reshape(ctx.winner.shape), ctx.axis)
        last = np.full(ctx.winner.shape, ctx.shape[ctx.axis] - 1)
        np.put_along_axis(dx, last, grad.reshape(ctx.winner.shape), ctx.axis)
        return dx


class IgnoredTargetsCount(OpFault):
    """cross_entropy's mean divides by all targets, also by those it ignores."""

    suite = "cross_entropy"
    replaces = (losses.CrossEntropy, "forward")
    right = losses.CrossEntropy.forward

    @staticmethod
    def wrong(ctx, logits, target, class_weight, ignore_index, reduction):
        loss = IgnoredTargetsCount.right(ctx, logits, target, class_weight, ignore_index, reduction)
        if reduction != "mean":
            return loss
        return loss * ctx.weight.sum() / logits.dtype.type(target.size)


class BetaInThePlaceOfOne(OpFault):
    """smooth_l1_loss's line begins at 1 whatever beta."""

    suite = "smooth_l1_loss"
    replaces = (losses.SmoothL1, "forward")
    right = losses.SmoothL1.forward

    @staticmethod
    def wrong(ctx, x, target, beta, reduction):
        return BetaInThePlaceOfOne.right(ctx, x, target, 1.0, reduction)


class QuotientWithoutMinus(OpFault):
    """divide's second gradient lacks its minus."""

    suite = "divide- or test_divide"
    replaces = (arithmetic.Divide, "backward")

    @staticmethod
    def wrong(ctx, grad):
        da = grad / ctx.b
        return (
            arithmetic.unbroadcast(da, ctx.a_shape),
            arithmetic.unbroadcast(da * ctx.out, np.shape(ctx.b)),
        )


class DoublesFromANumber(OpFault):
    """add turns a Python number into a float64 array, which makes the sum float64."""

    suite = "add- or test_add or python_numbers"
    replaces = (arithmetic.Add, "forward")

    @staticmethod
    def wrong(ctx, a, b):
        ctx.save(a_shape=np.shape(a), b_shape=np.shape(b))
        return np.add(a, np.asarray(b, np.float64))


class ConvolutionWithoutBiasGradient(OpFault):
    """conv2d and conv_transpose2d leave the gradient of their bias at zero."""

    suite = "conv2d or conv_transpose2d"
    replaces = (conv, "_bias_grad")

    @staticmethod
    def wrong(grad):
        return np.zeros(grad.shape[1], grad.dtype)


class ReluRowAfterRow(OpFault):
    """relu's result is in C order whatever the order of its input."""

    suite = "relu- or test_relu"
    replaces = (elementwise.ReLU, "forward")

    @staticmethod
    def wrong(ctx, x, inplace):
        out = np.ascontiguousarray(np.maximum(x, 0))
        ctx.save(out=out)
        return out


class SigmoidInHalfPrecision(OpFault):
    """sigmoid of float32 numbers is computed in float16."""

    suite = "sigmoid"
    replaces = (elementwise, "sigmoid_of")
    right = elementwise.sigmoid_of

    @staticmethod
    def wrong(x):
        half = x.astype(np.float16) if x.dtype == np.float32 else x
        return SigmoidInHalfPrecision.right(half).astype(x.dtype)


class SquareWithoutTwo(OpFault):
    """power's gradient of x^2, a case of its own, is x."""

    suite = "power"
    replaces = (elementwise.Power, "backward")
    right = elementwise.Power.backward

    @staticmethod
    def wrong(ctx, grad):
        return grad * ctx.x if ctx.exponent == 2 else SquareWithoutTwo.right(ctx, grad)


class ClipWithOneBoundIsShut(OpFault):
    """clip takes a bound that is not there for one that nothing reaches."""

    suite = "clip"
    replaces = (elementwise.Clip, "forward")

    @staticmethod
    def wrong(ctx, x, low, high):
        out = np.clip(x, low, high)
        ctx.save(inside=(out == x) & (high is not None))
        return out


class RepeatedListOverwrites(OpFault):
    """getitem looks for repeats in arrays, not in lists."""

    suite = "getitem"
    replaces = (shape, "_may_repeat")
    right = shape._may_repeat

    @staticmethod
    def wrong(index):
        return not isinstance(index, list) and RepeatedListOverwrites.right(index)


class MeanOfSeveralAxesDividesByOne(OpFault):
    """mean's backward divides by the first of its axes only."""

    suite = "mean- or test_mean"
    replaces = (reduce.Mean, "backward")

    @staticmethod
    def wrong(ctx, grad):
        return reduce._stretch(grad / grad.dtype.type(ctx.shape[ctx.axes[0]]), ctx.shape, ctx.axes)


class ClassWeightsOnlyForward(OpFault):
    """cross_entropy's gradient forgets the weights of the classes."""

    suite = "cross_entropy"
    replaces = (losses.CrossEntropy, "backward")
    right = losses.CrossEntropy.backward

    @staticmethod
    def wrong(ctx, grad):
        ctx.save(weight=ctx.counted.astype(grad.dtype))
        return ClassWeightsOnlyForward.right(ctx, grad)
