"""The three losses of the detector, each one op: stable in floating point, and with a one-line gradient.

==================================  ====================================  ==========================
loss                                of one element                        gradient
==================================  ====================================  ==========================
cross_entropy                       -log softmax(z)[t]                    softmax(z) - onehot(t)
binary_cross_entropy_with_logits    max(z, 0) - z t + log(1 + e^-|z|)     sigmoid(z) - t
smooth_l1_loss                      d^2/(2 beta) if |d| < beta            clip(d / beta, -1, 1)
                                    else |d| - beta/2
==================================  ====================================  ==========================

Targets are plain arrays: no gradient flows into them.
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_choice, check_number, check_whole, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.arithmetic import gated
from minimaskrcnn.ops.checks import check_array, check_same_dtype, check_tensor, check_vector
from minimaskrcnn.ops.elementwise import sigmoid_of
from minimaskrcnn.ops.reduce import log_softmax_of


def _reduced(terms: np.ndarray, reduction: str) -> np.ndarray:
    if reduction == "none":
        return terms
    return terms.sum() if reduction == "sum" else _ratio(terms.sum(), terms.size)


def _spread(grad: np.ndarray, count: int, reduction: str) -> np.ndarray:
    """The part of the loss's gradient that each term receives; it broadcasts over the terms."""
    return _ratio(grad, count) if reduction == "mean" else grad


def _ratio(total: np.ndarray, count: float) -> np.ndarray:
    """``total / count``; the mean of nothing is NaN, as in torch, and no warning is printed."""
    return total / count if count else np.full_like(total, np.nan)


class CrossEntropy(Function):
    """The op of `cross_entropy`."""

    @staticmethod
    def forward(
        ctx: Context,
        logits: np.ndarray,
        target: np.ndarray,
        class_weight: np.ndarray | None,
        ignore_index: int,
        reduction: str,
    ) -> np.ndarray:
        """``loss = -w_t ln softmax(z)_t``; for each row that counts, then reduced."""
        rows = np.moveaxis(logits, 1, -1).reshape(-1, logits.shape[1])  # (N, K, ...) -> (R, K)
        labels = target.reshape(-1)  # (R,)
        counted = labels != ignore_index
        labels = np.where(counted, labels, 0)
        weight = counted.astype(logits.dtype) if class_weight is None else class_weight[labels] * counted
        log_p = log_softmax_of(rows, 1)
        # A row that is ignored is left out: times 0, its infinities would still make NaN.
        terms = gated(-log_p[np.arange(len(labels)), labels] * weight, counted)  # (R,)
        ctx.save(log_p=log_p, labels=labels, counted=counted, weight=weight, reduction=reduction)
        ctx.save(shape=logits.shape)
        if reduction == "mean":
            return _ratio(terms.sum(), weight.sum())
        return terms.sum() if reduction == "sum" else terms.reshape(target.shape)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dz = g w_t (softmax(z) - onehot(t))``; 0 in rows that are ignored."""
        # d/dz = (softmax(z) - onehot(t)) * weight
        dz = np.exp(ctx.log_p)
        dz[np.arange(len(dz)), ctx.labels] -= 1
        share = _ratio(grad, ctx.weight.sum()) if ctx.reduction == "mean" else grad.reshape(-1)
        dz = gated(dz * (share * ctx.weight)[:, None], ctx.counted[:, None])
        n, k, *rest = ctx.shape
        return np.moveaxis(dz.reshape(n, *rest, k), -1, 1)  # (R, K) -> (N, K, ...)


class BinaryCrossEntropyWithLogits(Function):
    """The op of `binary_cross_entropy_with_logits`."""

    @staticmethod
    def forward(ctx: Context, logits: np.ndarray, target: np.ndarray, reduction: str) -> np.ndarray:
        """``loss = max(z, 0) - z t + ln(1 + e^-|z|)``; reduced."""
        ctx.save(logits=logits, target=target, reduction=reduction)
        terms = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
        return _reduced(terms, reduction)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dz = g (sigmoid(z) - t)``."""
        return (sigmoid_of(ctx.logits) - ctx.target) * _spread(grad, ctx.logits.size, ctx.reduction)


class SmoothL1(Function):
    """The op of `smooth_l1_loss`."""

    @staticmethod
    def forward(ctx: Context, x: np.ndarray, target: np.ndarray, beta: float, reduction: str) -> np.ndarray:
        """``loss = d^2 / (2 beta) where |d| < beta, else |d| - beta / 2``; with d = x - target, reduced."""
        d = x - target
        ctx.save(d=d, beta=beta, reduction=reduction)
        size = np.abs(d)
        # With m = min(|d|, beta) both branches are (|d| - m/2) * m / beta; beta = 0 leaves |d|.
        m = np.minimum(size, beta)
        return _reduced((size - m / 2) * m / beta if beta else size, reduction)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> np.ndarray:
        """``dx = g min(max(d / beta, -1), 1)``."""
        slope = np.clip(ctx.d / ctx.beta, -1, 1) if ctx.beta else np.sign(ctx.d)
        return slope * _spread(grad, ctx.d.size, ctx.reduction)


def cross_entropy(
    logits: Tensor,
    target: np.ndarray,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    weight: np.ndarray | None = None,
) -> Tensor:
    """Minus the log of the probability that softmax gives to the right class.

    Parameters
    ----------
    logits : Tensor (N, K) or (N, K, ...)
    target : int array (N,) or (N, ...), classes 0 to K-1
    ignore_index : a target of this value adds nothing, to the loss or to the count
    reduction : "mean" (over the targets not ignored, weighted by `weight`), "sum" or "none"
    weight : array (K,), importance of each class; 1 if left out

    Returns
    -------
    scalar Tensor, or one of target's shape for "none". The mean of no targets is NaN.

    Raises
    ------
    InputError
        If the shapes differ, or a target is not a class.

    Examples
    --------
    >>> cross_entropy(Tensor([[0.0, 0.0]]), np.array([1]))  # ln 2
    Tensor(0.6931472)
    """
    check_tensor("cross_entropy", logits, "logits")
    check_array("cross_entropy", target, "target")
    _check_reduction("cross_entropy", reduction)
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise InputError(
            f"cross_entropy: logits (N, K, ...) need target (N, ...); got {logits.shape} and {target.shape}."
        )
    ignore_index = check_whole("cross_entropy", ignore_index, "ignore_index", -(2**31), 2**31)
    _check_labels(target, logits.shape[1], ignore_index)
    if weight is not None:
        check_array("cross_entropy", weight, "weight")
        check_vector("cross_entropy", weight, logits.shape[1], "weight", "class")
        check_same_dtype("cross_entropy", logits, weight=weight)
    return CrossEntropy.apply(logits, target, weight, ignore_index, reduction)


def binary_cross_entropy_with_logits(
    logits: Tensor, target: np.ndarray, *, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy of independent yes/no questions: -t log s - (1 - t) log(1 - s), s = sigmoid(logits).

    Parameters
    ----------
    logits : Tensor of any shape
    target : array of the same shape, each value in [0, 1]; bool and int are converted
    reduction : "mean", "sum" or "none"

    Returns
    -------
    scalar Tensor, or one of logits' shape for "none". The mean of nothing is NaN.

    Examples
    --------
    >>> binary_cross_entropy_with_logits(Tensor([0.0]), np.array([1.0]))  # ln 2
    Tensor(0.6931472)
    """
    target = _float_target("binary_cross_entropy_with_logits", logits, target, "logits")
    _check_reduction("binary_cross_entropy_with_logits", reduction)
    return BinaryCrossEntropyWithLogits.apply(logits, target, reduction)


def smooth_l1_loss(x: Tensor, target: np.ndarray, *, beta: float = 1.0, reduction: str = "mean") -> Tensor:
    """Quadratic near zero, linear beyond beta (Girshick 2015, equation 3, with the corner at beta).

    Parameters
    ----------
    x : Tensor of any shape
    target : array of the same shape
    beta : where the parabola ends; 0 gives the absolute error
    reduction : "mean", "sum" or "none"

    Returns
    -------
    scalar Tensor, or one of x's shape for "none". The mean of nothing is NaN.

    Examples
    --------
    >>> smooth_l1_loss(Tensor([0.5, 3.0]), np.zeros(2), reduction="none")
    Tensor([0.125, 2.5  ])
    """
    target = _float_target("smooth_l1_loss", x, target, "x")
    _check_reduction("smooth_l1_loss", reduction)
    beta = check_number("smooth_l1_loss", beta, "beta", least=0)
    return SmoothL1.apply(x, target, beta, reduction)


def _check_reduction(op: str, reduction: str) -> None:
    check_choice(op, reduction, "reduction", ("mean", "sum", "none"))


def _check_labels(target: np.ndarray, classes: int, ignore_index: int) -> None:
    if target.dtype.kind not in "iu":
        raise InputError(
            f"cross_entropy: target must hold integer classes; got {describe(target)}. "
            "Convert: target.astype(np.int64)."
        )
    wrong = ((target < 0) | (target >= classes)) & (target != ignore_index)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise InputError(
            f"cross_entropy: target{list(place)} is {target[place]}, "
            f"but logits have classes 0 to {classes - 1}. Class 0 is the background; check num_classes."
        )


def _float_target(op: str, x: Tensor, target: np.ndarray, name: str) -> np.ndarray:
    """The target in x's dtype."""
    check_tensor(op, x, name)
    check_array(op, target, "target")
    if target.shape != x.shape:
        raise InputError(f"{op}: target {target.shape} must have the shape of {name}, {x.shape}.")
    if target.dtype.kind not in "biuf":
        raise InputError(f"{op}: target must hold real numbers; got {describe(target)}.")
    return target.astype(x.dtype, copy=False)
