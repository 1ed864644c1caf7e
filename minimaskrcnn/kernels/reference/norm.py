"""Normalisation, one channel or group at a time: take away the mean, divide by the deviation, scale, shift.

Batch norm shares a mean among the cells of a channel in the whole batch (Ioffe and Szegedy 2015, algorithm
1); group norm among the cells of a group of channels in one image (Wu and He 2018, equations 1 to 3), so
that its answer for an image does not depend on the rest of the batch.
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


def batch_norm(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normalise each channel with the statistics of the batch.

    out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]
    """
    C = x.shape[1]
    out = np.empty_like(x)
    mean, var = np.empty(C, x.dtype), np.empty(C, x.dtype)
    for c in range(C):
        mean[c] = x[:, c].mean()
        var[c] = ((x[:, c] - mean[c]) ** 2).mean()
        out[:, c] = (x[:, c] - mean[c]) / np.sqrt(var[c] + eps) * weight[c] + bias[c]
    return out, mean, var


def batch_norm_backward(
    grad: np.ndarray, x: np.ndarray, weight: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics."""
    dx, dweight, dbias = np.empty_like(x), np.empty_like(weight), np.empty_like(weight)
    for c in range(x.shape[1]):
        rstd = 1 / np.sqrt(var[c] + eps)
        normalised = (x[:, c] - mean[c]) * rstd
        dweight[c] = (grad[:, c] * normalised).sum()
        dbias[c] = grad[:, c].sum()
        dx[:, c] = _through_statistics(grad[:, c] * weight[c], normalised, rstd)
    return dx, dweight, dbias


def affine_norm(
    x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> np.ndarray:
    """Normalise each channel with given statistics: batch norm when it evaluates, or is frozen.

    out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]
    """
    out = np.empty_like(x)
    for c in range(x.shape[1]):
        out[:, c] = (x[:, c] - mean[c]) / np.sqrt(var[c] + eps) * weight[c] + bias[c]
    return out


def affine_norm_backward(
    grad: np.ndarray, x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients with the statistics held constant."""
    dx, dweight, dbias = np.empty_like(x), np.empty_like(weight), np.empty_like(weight)
    for c in range(x.shape[1]):
        rstd = 1 / np.sqrt(var[c] + eps)
        dx[:, c] = grad[:, c] * weight[c] * rstd
        dweight[c] = (grad[:, c] * (x[:, c] - mean[c]) * rstd).sum()
        dbias[c] = grad[:, c].sum()
    return dx, dweight, dbias


def group_norm(
    x: np.ndarray, num_groups: int, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normalise each group of channels of each image with its own statistics.

    out[n, c] = (x[n, c] - mean[n, g]) * rstd[n, g] * weight[c] + bias[c], where g is the group of c
    and rstd = 1 / sqrt(var + eps) with the biased variance of the group.
    """
    N, C = x.shape[:2]
    out = np.empty_like(x)
    mean, rstd = np.empty((N, num_groups), x.dtype), np.empty((N, num_groups), x.dtype)
    for n, g in np.ndindex(N, num_groups):
        channels = _channels(g, num_groups, C)
        cells = x[n, channels]  # (C/num_groups, H, W)
        mean[n, g] = cells.mean()
        rstd[n, g] = 1 / np.sqrt(((cells - mean[n, g]) ** 2).mean() + eps)
        normalised = (cells - mean[n, g]) * rstd[n, g]
        out[n, channels] = normalised * weight[channels, None, None] + bias[channels, None, None]
    return out, mean, rstd


def group_norm_backward(
    grad: np.ndarray, x: np.ndarray, num_groups: int, weight: np.ndarray, mean: np.ndarray, rstd: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics of each group."""
    dx, dweight, dbias = np.empty_like(x), np.zeros_like(weight), np.zeros_like(weight)
    for n, g in np.ndindex(len(x), num_groups):
        channels = _channels(g, num_groups, x.shape[1])
        normalised = (x[n, channels] - mean[n, g]) * rstd[n, g]
        dweight[channels] += (grad[n, channels] * normalised).sum(axis=(1, 2))
        dbias[channels] += grad[n, channels].sum(axis=(1, 2))
        dx[n, channels] = _through_statistics(
            grad[n, channels] * weight[channels, None, None], normalised, rstd[n, g]
        )
    return dx, dweight, dbias


def _channels(group: int, num_groups: int, C: int) -> slice:
    return slice(group * (C // num_groups), (group + 1) * (C // num_groups))


def _through_statistics(grad: np.ndarray, normalised: np.ndarray, rstd: np.ndarray) -> np.ndarray:
    """Gradient of the cells from that of the normalised cells.

    A cell also moves the mean and the variance of all the others. What remains of the gradient is the part
    with no mean and nothing along the normalised cells:
    rstd * (grad - mean(grad) - normalised * mean(grad * normalised)).
    """
    return rstd * (grad - grad.mean() - normalised * (grad * normalised).mean())
