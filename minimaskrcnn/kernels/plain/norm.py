"""Normalisation over whole axes: take away the mean, divide by the deviation, scale, shift.

    normalised = (x - mean) / sqrt(var + eps),    out = normalised * weight + bias

The norms differ in the axes that share a mean: (N, H, W) for a batch, (C/groups, H, W) for a group.
"""

import numpy as np

__all__ = [
    "affine_norm",
    "affine_norm_backward",
    "batch_norm",
    "batch_norm_backward",
    "group_norm",
    "group_norm_backward",
]

BATCH = (0, 2, 3)  # axes of (N, C, H, W) that one channel's statistics are taken over
GROUP = (2, 3, 4)  # axes of (N, groups, C/groups, H, W) that one group's are


def batch_norm(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], statistics of the batch."""
    mean, var = x.mean(BATCH), x.var(BATCH)
    return affine_norm(x, mean, var, weight, bias, eps), mean, var


def batch_norm_backward(
    grad: np.ndarray, x: np.ndarray, weight: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics."""
    rstd = 1 / np.sqrt(_column(var) + eps)
    normalised = (x - _column(mean)) * rstd
    dx = _through_statistics(grad * _column(weight), normalised, rstd, BATCH)
    return dx, (grad * normalised).sum(BATCH), grad.sum(BATCH)


def affine_norm(
    x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> np.ndarray:
    """out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], statistics given."""
    return (x - _column(mean)) / np.sqrt(_column(var) + eps) * _column(weight) + _column(bias)


def affine_norm_backward(
    grad: np.ndarray, x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients with the statistics held constant: dx = grad * weight / sqrt(var + eps)."""
    rstd = 1 / np.sqrt(_column(var) + eps)
    normalised = (x - _column(mean)) * rstd
    return grad * _column(weight) * rstd, (grad * normalised).sum(BATCH), grad.sum(BATCH)


def group_norm(
    x: np.ndarray, num_groups: int, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """out[n, c] = (x[n, c] - mean[n, g]) * rstd[n, g] * weight[c] + bias[c], where g is the group of c."""
    groups = _in_groups(x, num_groups)
    mean, rstd = groups.mean(GROUP), 1 / np.sqrt(groups.var(GROUP) + eps)  # (N, groups)
    normalised = (groups - _cube(mean)) * _cube(rstd)
    return normalised.reshape(x.shape) * _column(weight) + _column(bias), mean, rstd


def group_norm_backward(
    grad: np.ndarray, x: np.ndarray, num_groups: int, weight: np.ndarray, mean: np.ndarray, rstd: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics of each group."""
    normalised = (_in_groups(x, num_groups) - _cube(mean)) * _cube(rstd)
    weighted = _in_groups(grad * _column(weight), num_groups)
    dx = _through_statistics(weighted, normalised, _cube(rstd), GROUP)
    dweight = (grad * normalised.reshape(x.shape)).sum(BATCH)
    return dx.reshape(x.shape), dweight, grad.sum(BATCH)


def _through_statistics(
    grad: np.ndarray, normalised: np.ndarray, rstd: np.ndarray, axes: tuple[int, ...]
) -> np.ndarray:
    """Gradient dx = rstd * (grad - mean(grad) - normalised * mean(grad * normalised)), means over `axes`.

    A cell also moves the mean and the variance that it shares: what they take from each other goes.
    """
    along = (grad * normalised).mean(axes, keepdims=True)
    return rstd * (grad - grad.mean(axes, keepdims=True) - normalised * along)


def _in_groups(x: np.ndarray, num_groups: int) -> np.ndarray:
    N, C, H, W = x.shape
    return x.reshape(N, num_groups, C // num_groups, H, W)  # (N, C, H, W) -> (N, groups, C/groups, H, W)


def _column(values: np.ndarray) -> np.ndarray:
    return values[:, None, None]  # (C,) -> (C, 1, 1), beside (N, C, H, W)


def _cube(values: np.ndarray) -> np.ndarray:
    return values[:, :, None, None, None]  # (N, groups) -> (N, groups, 1, 1, 1)
