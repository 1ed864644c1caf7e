"""Normalisation: subtract a mean, divide by a standard deviation, then scale and shift by learned values.

    y = (x - mean) / sqrt(var + eps) * weight + bias

The ops differ in where mean and var come from: the batch (`batch_norm` in training), given arrays
(`batch_norm` in evaluation, `frozen_batch_norm`), or groups of channels of one sample (`group_norm`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_flag, check_number, check_whole
from minimaskrcnn.errors import InputError
from minimaskrcnn.ops.checks import check_array, check_feature_map, check_same_dtype, check_vector


class BatchNorm(Function):
    """Normalise by the statistics of the batch, and move the running statistics towards them, in place."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray,
        running_mean: np.ndarray,
        running_var: np.ndarray,
        momentum: float,
        eps: float,
    ) -> np.ndarray:
        """Normalise by the mean and the variance of the batch, and move the running ones towards them."""
        out, mean, var = kernels.active().batch_norm(x, weight, bias, eps)
        ctx.save(x=x, weight=weight, mean=mean, var=var, eps=eps)
        n = x.size // x.shape[1]
        _move(running_mean, mean, momentum)
        _move(running_var, var * (n / (n - 1)), momentum)  # the unbiased estimate of the variance
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Return the gradients of x, the weight and the bias."""
        return kernels.active().batch_norm_backward(grad, ctx.x, ctx.weight, ctx.mean, ctx.var, ctx.eps)


class AffineNorm(Function):
    """Normalise by given statistics, which are constants: the gradient passes through a scale and a shift."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray,
        mean: np.ndarray,
        var: np.ndarray,
        eps: float,
    ) -> np.ndarray:
        """Normalise by a mean and a variance that are given."""
        ctx.save(x=x, weight=weight, mean=mean, var=var, eps=eps)
        return kernels.active().affine_norm(x, mean, var, weight, bias, eps)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Return the gradients of x, the weight and the bias."""
        return kernels.active().affine_norm_backward(grad, ctx.x, ctx.mean, ctx.var, ctx.weight, ctx.eps)


class GroupNorm(Function):
    """The op of `group_norm`."""

    @staticmethod
    def forward(
        ctx: Context, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, num_groups: int, eps: float
    ) -> np.ndarray:
        """Normalise each group of channels of each picture by its own mean and variance."""
        out, mean, rstd = kernels.active().group_norm(x, num_groups, weight, bias, eps)
        ctx.save(x=x, weight=weight, num_groups=num_groups, mean=mean, rstd=rstd)
        return out

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Return the gradients of x, the weight and the bias."""
        return kernels.active().group_norm_backward(
            grad, ctx.x, ctx.num_groups, ctx.weight, ctx.mean, ctx.rstd
        )


def _move(running: np.ndarray, value: np.ndarray, momentum: float) -> None:
    """``running = (1 - momentum) * running + momentum * value``, in place."""
    running *= 1 - momentum
    running += momentum * value


def batch_norm(
    x: Tensor,
    running_mean: np.ndarray,
    running_var: np.ndarray,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalise each channel over the batch and all places (Ioffe and Szegedy 2015).

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    running_mean, running_var : arrays (C,)
        Used in evaluation. In training they are changed in place, by the fraction `momentum`, towards the
        batch's mean and *unbiased* variance; the batch itself is normalised by the biased one.
    weight, bias : Tensors (C,); 1 and 0 if left out
    training : bool
    momentum, eps : float

    Returns
    -------
    Tensor (N, C, H, W)

    Raises
    ------
    InputError
        If a shape does not fit, or in training there is only one value per channel.
    """
    check_feature_map("batch_norm", x)
    weight, bias = _scale_and_shift("batch_norm", x, weight, bias)
    _check_statistics("batch_norm", x, running_mean=running_mean, running_var=running_var)
    momentum = check_number("batch_norm", momentum, "momentum", 0, 1)
    eps = check_number("batch_norm", eps, "eps", least=0)
    if not check_flag("batch_norm", training, "training"):
        _check_variance("batch_norm", running_var)
        return AffineNorm.apply(x, weight, bias, running_mean.copy(), running_var.copy(), eps)
    if not (running_mean.flags.writeable and running_var.flags.writeable):
        raise InputError("batch_norm: training changes running_mean and running_var; they are read-only.")
    if x.size // max(x.shape[1], 1) < 2:
        raise InputError(
            f"batch_norm: training needs at least two values per channel; x is {x.shape}. "
            "Use a larger batch or map, training=False, or group_norm."
        )
    return BatchNorm.apply(x, weight, bias, running_mean, running_var, momentum, eps)


def frozen_batch_norm(
    x: Tensor,
    mean: np.ndarray,
    var: np.ndarray,
    weight: Tensor | np.ndarray,
    bias: Tensor | np.ndarray,
    eps: float = 1e-5,
) -> Tensor:
    """Batch norm whose statistics, scale and shift no longer change, as when a pretrained network is refined.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    mean, var : arrays (C,)
    weight, bias : arrays (C,), or Tensors if they are to be trained
    eps : float; the published detection weights use 0

    Returns
    -------
    Tensor (N, C, H, W)
    """
    check_feature_map("frozen_batch_norm", x)
    weight, bias = _scale_and_shift("frozen_batch_norm", x, weight, bias)
    _check_statistics("frozen_batch_norm", x, mean=mean, var=var)
    _check_variance("frozen_batch_norm", var)
    eps = check_number("frozen_batch_norm", eps, "eps", least=0)
    return AffineNorm.apply(x, weight, bias, mean, var, eps)


def group_norm(
    x: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Normalise each group of channels of each sample over its channels and places (Wu and He 2018).

    It does not look at the rest of the batch, so that it works for batches of one or two images.

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    num_groups : int that divides C; channels k*C/num_groups to (k+1)*C/num_groups - 1 form group k
    weight, bias : Tensors (C,); 1 and 0 if left out
    eps : float

    Returns
    -------
    Tensor (N, C, H, W)

    Raises
    ------
    InputError
        If num_groups does not divide C, or a shape does not fit.
    """
    check_feature_map("group_norm", x)
    num_groups = check_whole("group_norm", num_groups, "num_groups", least=1)
    eps = check_number("group_norm", eps, "eps", least=0)
    if x.shape[1] % num_groups:
        raise InputError(
            f"group_norm: num_groups={num_groups} must divide the {x.shape[1]} channels of x {x.shape}."
        )
    weight, bias = _scale_and_shift("group_norm", x, weight, bias)
    return GroupNorm.apply(x, weight, bias, num_groups, eps)


def _scale_and_shift(op: str, x: Tensor, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Weight and bias (C,) of x's dtype; 1 and 0 where left out."""
    channels = x.shape[1]
    weight = np.ones(channels, x.dtype) if weight is None else weight
    bias = np.zeros(channels, x.dtype) if bias is None else bias
    check_vector(op, weight, channels, "weight", "channel")
    check_vector(op, bias, channels, "bias", "channel")
    check_same_dtype(op, x, weight=weight, bias=bias)
    return weight, bias


def _check_statistics(op: str, x: Tensor, **statistics: np.ndarray) -> None:
    for name, array in statistics.items():
        check_array(op, array, name)
        check_vector(op, array, x.shape[1], name, "channel")
    check_same_dtype(op, x, **statistics)


def _check_variance(op: str, var: np.ndarray) -> None:
    if (var < 0).any():
        raise InputError(f"{op}: a variance is never negative; the smallest one here is {var.min():g}.")
