"""Normalisation in few passes: statistics by matrix products with ones, then one multiply and one add.

All norms here are out = (x - mean) / sqrt(var + eps) * weight + bias; they differ in which cells share a
mean. Arrays are rows of C channels, one row per cell.

This is the edition for speed; `kernels.plain.norm` computes the same and is the one to learn from.
"""

import numpy as np

from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last
from minimaskrcnn.kernels.fast.engine.memory import Workspace
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side

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
    """Normalise each channel over the batch; see `minimaskrcnn.kernels.reference.norm.batch_norm`."""
    rows = _rows(x)  # (N*H*W, C)
    mean = _column_sums(rows) / rows.dtype.type(len(rows))
    out = rows - mean
    var = _column_dots(out, out) / rows.dtype.type(len(rows))
    out *= weight / np.sqrt(var + eps)
    out += bias
    return _map(out, x.shape), mean, var


def batch_norm_backward(
    grad: np.ndarray, x: np.ndarray, weight: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics."""
    # dx = weight * rstd * (grad - mean(grad) - normalised * mean(grad * normalised))
    rows, dx = _rows(grad), _rows(x) - mean
    count = rows.dtype.type(len(rows))
    rstd = 1 / np.sqrt(var + eps)
    dbias = _column_sums(rows)
    dweight = _column_dots(rows, dx) * rstd
    dx *= -dweight / count * rstd
    dx += rows
    dx -= dbias / count
    dx *= weight * rstd
    return _map(dx, x.shape), dweight, dbias


def affine_norm(
    x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float
) -> np.ndarray:
    """Normalise each channel with given statistics; see `minimaskrcnn.kernels.reference.norm.affine_norm`."""
    scale = weight / np.sqrt(var + eps)
    out = _rows(x) * scale
    out += bias - mean * scale
    return _map(out, x.shape)


def affine_norm_backward(
    grad: np.ndarray, x: np.ndarray, mean: np.ndarray, var: np.ndarray, weight: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients with the statistics held constant."""
    rows = _rows(grad)
    rstd = 1 / np.sqrt(var + eps)
    dweight = _column_dots(rows, _rows(x) - mean) * rstd
    return _map(rows * (weight * rstd), x.shape), dweight, _column_sums(rows)


def group_norm(
    x: np.ndarray, num_groups: int, weight: np.ndarray, bias: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normalise each image over groups of channels; see `minimaskrcnn.kernels.reference.norm.group_norm`."""
    N, C, H, W = x.shape
    rows = channels_last(x).reshape(N, H * W, C)
    out = np.empty_like(rows)
    mean, rstd = np.empty((2, N, num_groups), x.dtype)
    count = x.dtype.type(H * W * C // num_groups)

    def normalise(n: int) -> None:  # one image at a time, while it is in the cache
        mean[n] = _group_sums(_column_sums(rows[n]), num_groups) / count
        centred = np.subtract(rows[n], _per_channel(mean[n], C), out=out[n])
        var = _group_sums(_column_dots(centred, centred), num_groups) / count
        rstd[n] = 1 / np.sqrt(var + eps)
        centred *= _per_channel(rstd[n], C) * weight
        centred += bias

    side_by_side(normalise, range(N))
    return _map(out, x.shape), mean, rstd


def group_norm_backward(
    grad: np.ndarray, x: np.ndarray, num_groups: int, weight: np.ndarray, mean: np.ndarray, rstd: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients through the normalisation and through the statistics of each group."""
    # dx = rstd * (g - mean(g) - normalised * mean(g * normalised)), g = grad * weight, means over the group
    N, C, H, W = x.shape
    rows, grads = (channels_last(a).reshape(N, H * W, C) for a in (x, grad))
    dx = np.empty_like(rows)
    sums = np.empty((2, N, C), x.dtype)  # of each image, for dweight and dbias
    count = x.dtype.type(H * W * C // num_groups)

    def differentiate(n: int) -> None:
        r = _per_channel(rstd[n], C)
        centred = np.subtract(rows[n], _per_channel(mean[n], C), out=dx[n])
        grad_sum, grad_dot = _column_sums(grads[n]), _column_dots(grads[n], centred) * r
        sums[:, n] = grad_dot, grad_sum
        mean_g = _group_sums(grad_sum * weight, num_groups) / count
        mean_g_normalised = _group_sums(grad_dot * weight, num_groups) / count
        centred *= -_per_channel(mean_g_normalised * rstd[n] ** 2, C)
        centred -= _per_channel(mean_g * rstd[n], C)
        with Workspace() as w:
            scaled = w.array("scaled", grads[n].shape, x.dtype)
            centred += np.multiply(grads[n], r * weight, out=scaled)

    side_by_side(differentiate, range(N))
    dweight, dbias = sums.sum(axis=1)
    return _map(dx, x.shape), dweight, dbias


def _rows(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N*H*W, C)."""
    return channels_last(x).reshape(-1, x.shape[1])


def _map(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Rows of C numbers -> (N, C, H, W)."""
    N, C, H, W = shape
    return channels_first(rows.reshape(N, H, W, C))


def _column_sums(rows: np.ndarray) -> np.ndarray:
    return np.ones(len(rows), rows.dtype) @ rows


def _column_dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("pc,pc->c", a, b)


def _group_sums(per_channel: np.ndarray, num_groups: int) -> np.ndarray:
    return per_channel.reshape(num_groups, -1).sum(axis=1)


def _per_channel(per_group: np.ndarray, C: int) -> np.ndarray:
    return np.repeat(per_group, C // len(per_group))
