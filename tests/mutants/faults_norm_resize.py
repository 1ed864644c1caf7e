"""Faults in norms and resizing: which cells share a mean, what is held constant, where a cell lies."""

import numpy as np
from fault import Fault

from minimaskrcnn.kernels import fast


class UnbiasedVariance(Fault):
    """batch_norm divides the variance by n - 1 in normalising."""

    suite = "batch_norm"

    @staticmethod
    def batch_norm(x, weight, bias, eps):
        n = x.size // x.shape[1]
        _, mean, var = fast.batch_norm(x, weight, bias, eps)
        var = var * x.dtype.type(n / (n - 1))
        return fast.affine_norm(x, mean, var, weight, bias, eps), mean, var


class StatisticsHeldConstant(Fault):
    """batch_norm's backward forgets that the mean and the variance depend on x."""

    suite = "batch_norm"

    @staticmethod
    def batch_norm_backward(grad, x, weight, mean, var, eps):
        return fast.affine_norm_backward(grad, x, mean, var, weight, eps)


class MissingBiasGradient(Fault):
    """batch_norm's backward leaves the gradient of the bias at zero."""

    suite = "batch_norm"

    @staticmethod
    def batch_norm_backward(grad, x, weight, mean, var, eps):
        dx, dweight, dbias = fast.batch_norm_backward(grad, x, weight, mean, var, eps)
        return dx, dweight, np.zeros_like(dbias)


class EpsOutsideTheRoot(Fault):
    """Frozen batch norm divides by sqrt(var) + eps, forward and backward."""

    suite = "batch_norm"

    @staticmethod
    def affine_norm(x, mean, var, weight, bias, eps):
        var = (np.sqrt(var) + var.dtype.type(eps)) ** 2
        return fast.affine_norm(x, mean, var, weight, bias, 0.0)

    @staticmethod
    def affine_norm_backward(grad, x, mean, var, weight, eps):
        var = (np.sqrt(var) + var.dtype.type(eps)) ** 2
        return fast.affine_norm_backward(grad, x, mean, var, weight, 0.0)


class InterleavedGroups(Fault):
    """group_norm's groups are every G-th channel, not neighbours, forward and backward."""

    suite = "group_norm"

    @staticmethod
    def group_norm(x, num_groups, weight, bias, eps):
        order = InterleavedGroups._order(x.shape[1], num_groups)
        out, mean, rstd = fast.group_norm(x[:, order], num_groups, weight[order], bias[order], eps)
        return out[:, np.argsort(order)], mean, rstd

    @staticmethod
    def group_norm_backward(grad, x, num_groups, weight, mean, rstd):
        order = InterleavedGroups._order(x.shape[1], num_groups)
        dx, *rest = fast.group_norm_backward(
            grad[:, order], x[:, order], num_groups, weight[order], mean, rstd
        )
        back = np.argsort(order)
        return dx[:, back], *(d[back] for d in rest)

    @classmethod
    def _order(cls, C, groups):
        return np.arange(C).reshape(-1, groups).T.ravel()


class GradientOfTheFirstImageOnly(Fault):
    """group_norm's backward does not add the bias gradient over the batch."""

    suite = "group_norm"

    @staticmethod
    def group_norm_backward(grad, x, num_groups, weight, mean, rstd):
        dx, dweight, _ = fast.group_norm_backward(grad, x, num_groups, weight, mean, rstd)
        return dx, dweight, grad[:1].sum(axis=(0, 2, 3))


class MeansOfChannelsInBackward(Fault):
    """group_norm's backward takes its means over each channel instead of each group."""

    suite = "group_norm"

    @staticmethod
    def group_norm_backward(grad, x, num_groups, weight, mean, rstd):
        C = x.shape[1]
        mean, rstd = (np.repeat(a, C // num_groups, axis=1) for a in (mean, rstd))
        return fast.group_norm_backward(grad, x, C, weight, mean, rstd)


def resized(x, rows, columns):
    """Interpolate between cells at the positions given, clamped to the map."""
    for axis, positions in ((2, rows), (3, columns)):
        side = x.shape[axis]
        positions = np.clip(positions, 0, side - 1)
        low = np.minimum(positions.astype(np.int64), side - 1)
        high = np.minimum(low + 1, side - 1)
        f = (positions - low).astype(x.dtype).reshape(-1, *[1] * (3 - axis))
        x = x.take(low, axis) * (1 - f) + x.take(high, axis) * f
    return x


class CornersForCentres(Fault):
    """resize_bilinear drops the half pixels: output cell i reads position i * step."""

    suite = "interpolate"

    @staticmethod
    def resize_bilinear(x, size, step, align_corners):
        if align_corners:
            return fast.resize_bilinear(x, size, step, align_corners)
        return resized(x, *(np.arange(n) * s for n, s in zip(size, step, strict=True)))


class AlignCornersIgnored(Fault):
    """resize_bilinear ignores align_corners, forward and backward."""

    suite = "interpolate"

    @staticmethod
    def resize_bilinear(x, size, step, align_corners):
        return fast.resize_bilinear(x, size, step, False)

    @staticmethod
    def resize_bilinear_backward(grad, x_shape, step, align_corners):
        return fast.resize_bilinear_backward(grad, x_shape, step, False)


class ResizeWithoutClamp(Fault):
    """resize_bilinear extrapolates in front of the first cell."""

    suite = "interpolate"

    @staticmethod
    def resize_bilinear(x, size, step, align_corners):
        out = fast.resize_bilinear(x, size, step, align_corners)
        before = 0.5 * step[0] - 0.5
        if align_corners or before >= 0 or x.shape[2] < 2:
            return out
        slope = fast.resize_bilinear(x[:, :, 1:2] - x[:, :, :1], (1, size[1]), (1.0, step[1]), False)
        out[:, :, :1] += x.dtype.type(before) * slope
        return out


class NearestByCentres(Fault):
    """resize_nearest copies the cell under the centre, floor((i + 1/2) * step)."""

    suite = "interpolate"

    @staticmethod
    def resize_nearest(x, size, step):
        rows, columns = NearestByCentres._cells(x.shape, size, step)
        return x.take(rows, 2).take(columns, 3)

    @staticmethod
    def resize_nearest_backward(grad, x_shape, step):
        rows, columns = NearestByCentres._cells(x_shape, grad.shape[2:], step)
        dx = np.zeros(x_shape, grad.dtype)
        np.add.at(dx, (slice(None), slice(None), rows[:, None], columns), grad)
        return dx

    @classmethod
    def _cells(cls, x_shape, size, step):
        return [
            np.minimum(np.floor((np.arange(n) + 0.5) * s), side - 1).astype(np.int64)
            for n, s, side in zip(size, step, x_shape[2:], strict=True)
        ]


class LastCopyWins(Fault):
    """resize_nearest's backward assigns where it should add."""

    suite = "interpolate"

    @staticmethod
    def resize_nearest_backward(grad, x_shape, step):
        rows, columns = (
            np.minimum((np.arange(n) * s).astype(np.int64), side - 1)
            for n, s, side in zip(grad.shape[2:], step, x_shape[2:], strict=True)
        )
        dx = np.zeros(x_shape, grad.dtype)
        dx[:, :, rows[:, None], columns] = grad
        return dx
