"""Convolution and its transpose, differentiable; the arithmetic is in the kernels."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.checks import check_whole
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels.geometry import conv_output_size, conv_transpose_output_size
from minimaskrcnn.ops.checks import check_feature_map, check_vector, pair

Pair = int | tuple[int, int]


def _bias_grad(grad: np.ndarray) -> np.ndarray:
    """Each output cell of a channel adds the bias once: (N, O, OH, OW) -> (O,).

    Row by row and then all rows: one long float32 sum would lose more digits.
    """
    return np.einsum("nohw->nho", grad).sum(axis=(0, 1))


class Conv2d(Function):
    """The op of `conv2d`."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int],
        groups: int,
    ) -> np.ndarray:
        """Hand the arrays to the kernel, and keep what its backward needs."""
        ctx.save(x=x if ctx.needs_grad[1] else None, x_shape=x.shape, weight=weight)
        ctx.save(geometry=(stride, padding, dilation, groups))
        return kernels.active().conv2d(x, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Return the gradients of the picture, the filters and the bias, each only if it is wanted."""
        need_x, need_weight, need_bias = ctx.needs_grad[:3]
        edition = kernels.active()
        return (
            edition.conv2d_input_grad(grad, ctx.weight, ctx.x_shape, *ctx.geometry) if need_x else None,
            edition.conv2d_weight_grad(grad, ctx.x, ctx.weight.shape, *ctx.geometry) if need_weight else None,
            _bias_grad(grad) if need_bias else None,
        )


class ConvTranspose2d(Function):
    """The op of `conv_transpose2d`."""

    @staticmethod
    def forward(
        ctx: Context,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        output_padding: tuple[int, int],
        dilation: tuple[int, int],
        groups: int,
    ) -> np.ndarray:
        """Hand the arrays to the kernel, and keep what its backward needs."""
        ctx.save(
            x=x if ctx.needs_grad[1] else None, weight=weight, geometry=(stride, padding, dilation, groups)
        )
        return kernels.active().conv_transpose2d(
            x, weight, bias, stride, padding, output_padding, dilation, groups
        )

    @staticmethod
    def backward(ctx: Context, grad: np.ndarray) -> tuple[np.ndarray | None, ...]:
        """Return the gradients of x, the filters and the bias, each only if it is wanted."""
        need_x, need_weight, need_bias = ctx.needs_grad[:3]
        edition = kernels.active()
        return (
            edition.conv_transpose2d_input_grad(grad, ctx.weight, *ctx.geometry) if need_x else None,
            edition.conv_transpose2d_weight_grad(grad, ctx.x, ctx.weight.shape, *ctx.geometry)
            if need_weight
            else None,
            _bias_grad(grad) if need_bias else None,
        )


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Slide a bank of small filters over the map and take a dot product at every place.

    out[n, o, y, x] = bias[o] + sum over (c, i, j) of
        weight[o, c, i, j] * padded[n, c, y*stride + i*dilation, x*stride + j*dilation]

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    weight : Tensor (O, C/groups, KH, KW)
    bias : Tensor (O,), optional
    stride, padding, dilation : int or (y, x), in cells of x; the padding is zeros on all four sides
    groups : int; group k of the outputs sees only group k of the input channels

    Returns
    -------
    Tensor (N, O, OH, OW), OH = floor((H + 2*padding - dilation*(KH - 1) - 1) / stride) + 1

    Raises
    ------
    InputError
        If the shapes do not fit each other, or the filter is larger than the padded map.

    Examples
    --------
    >>> conv2d(Tensor(np.ones((1, 1, 3, 3))), Tensor(np.ones((1, 1, 3, 3))), padding=1).data[0, 0, 0]
    array([4., 6., 4.])
    """
    check_feature_map("conv2d", x)
    check_feature_map("conv2d", weight, "weight")
    steps, margins, spacing = _geometry("conv2d", stride, padding, dilation)
    _check_not_empty("conv2d", weight)
    out_channels, per_group, *kernel = weight.shape
    groups = _checked_groups("conv2d", groups, x.shape[1], out_channels)
    if x.shape[1] != per_group * groups:
        raise InputError(
            f"conv2d: weight {weight.shape} with groups={groups} reads {per_group * groups} channels, "
            f"but x {x.shape} has {x.shape[1]}. weight is (out, in/groups, KH, KW)."
        )
    for side, k, p, d, name in zip(x.shape[2:], kernel, margins, spacing, ("height", "width"), strict=True):
        if conv_output_size(side, k, 1, p, d) < 1:
            raise InputError(
                f"conv2d: the filter spans {d * (k - 1) + 1} cells but the padded {name} is {side + 2 * p} "
                f"(x {x.shape}, weight {weight.shape}). Raise the padding or use a smaller filter."
            )
    if bias is not None:
        check_vector("conv2d", bias, out_channels, "bias", "output channel")
    return Conv2d.apply(x, weight, bias, steps, margins, spacing, groups)


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Tensor:
    """The adjoint of `conv2d`: every cell stamps its filter onto the output, stride cells apart.

    out[n, o, y*stride - padding + i*dilation, x*stride - padding + j*dilation] +=
        x[n, c, y, x] * weight[c, o, i, j]

    Parameters
    ----------
    x : Tensor (N, C, H, W)
    weight : Tensor (C, O/groups, KH, KW)
    bias : Tensor (O,), optional
    stride, padding, output_padding, dilation : int or (y, x)
        output_padding adds cells below and to the right.
    groups : int

    Returns
    -------
    Tensor (N, O, OH, OW), OH = (H - 1)*stride - 2*padding + dilation*(KH - 1) + output_padding + 1

    Raises
    ------
    InputError
        If the shapes do not fit each other, or nothing would be left of the output.

    Examples
    --------
    >>> conv_transpose2d(Tensor(np.ones((1, 1, 2, 2))), Tensor(np.ones((1, 1, 2, 2))), stride=2).shape
    (1, 1, 4, 4)
    """
    check_feature_map("conv_transpose2d", x)
    check_feature_map("conv_transpose2d", weight, "weight")
    steps, margins, spacing = _geometry("conv_transpose2d", stride, padding, dilation)
    extra = pair("conv_transpose2d", output_padding, "output_padding", 0)
    _check_not_empty("conv_transpose2d", weight)
    in_channels, per_group, *kernel = weight.shape
    groups = _checked_groups("conv_transpose2d", groups, x.shape[1])
    if x.shape[1] != in_channels:
        raise InputError(
            f"conv_transpose2d: weight {weight.shape} reads {in_channels} channels, but x {x.shape} has "
            f"{x.shape[1]}. weight is (in, out/groups, KH, KW), the other way round than in conv2d."
        )
    for side, k, s, p, d, e in zip(x.shape[2:], kernel, steps, margins, spacing, extra, strict=True):
        if e >= max(s, d):
            raise InputError(
                f"conv_transpose2d: output_padding {extra} must be smaller than the stride {steps} or the "
                f"dilation {spacing}: it chooses among the sizes that conv2d maps to the same x."
            )
        if conv_transpose_output_size(side, k, s, p, e, d) < 1:
            raise InputError(
                f"conv_transpose2d: padding {margins} leaves nothing of the output of x {x.shape}."
            )
    if bias is not None:
        check_vector("conv_transpose2d", bias, per_group * groups, "bias", "output channel")
    return ConvTranspose2d.apply(x, weight, bias, steps, margins, extra, spacing, groups)


def _geometry(op: str, stride: Pair, padding: Pair, dilation: Pair) -> tuple[tuple[int, int], ...]:
    return pair(op, stride, "stride", 1), pair(op, padding, "padding", 0), pair(op, dilation, "dilation", 1)


def _check_not_empty(op: str, weight: Tensor) -> None:
    if not weight.size:
        raise InputError(f"{op}: weight {weight.shape} has a side of 0; there is nothing to filter with.")


def _checked_groups(op: str, groups: int, in_channels: int, out_channels: int = 0) -> int:
    """The number of groups, which divides the channels on both sides."""
    groups = check_whole(op, groups, "groups", least=1)
    if in_channels % groups or out_channels % groups:
        outputs = f" and the {out_channels} output channels" if out_channels else ""
        raise InputError(f"{op}: groups={groups} must divide the {in_channels} input channels{outputs}.")
    return groups
