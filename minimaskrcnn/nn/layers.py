"""Layers: a parameter or two, and the op that uses them. Constructor arguments are torch's.

Every layer with weights takes `rng`, the Generator that draws them; without one the weights are zeros,
to be filled by `load_state_dict`.
"""

from __future__ import annotations

import math

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.checks import check_flag, check_number, check_whole, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.nn import init
from minimaskrcnn.nn.module import Module, Parameter
from minimaskrcnn.ops.checks import pair

Pair = int | tuple[int, int]

MOST_WEIGHTS = 2**28
"""One layer has at most this many weights, a gigabyte."""


class Conv2d(Module):
    """2-D convolution; weight (O, C/groups, KH, KW) from He's normal, bias (O,) zero."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        inputs, outputs = _channels("Conv2d", in_channels, out_channels)
        self.groups = check_whole("Conv2d", groups, "groups", least=1)
        if inputs % self.groups or outputs % self.groups:
            raise InputError(
                f"Conv2d: groups={groups} must divide {inputs} input and {outputs} output channels."
            )
        self.stride = pair("Conv2d", stride, "stride", 1)
        self.padding = pair("Conv2d", padding, "padding", 0)
        self.dilation = pair("Conv2d", dilation, "dilation", 1)
        kernel = pair("Conv2d", kernel_size, "kernel_size", 1)
        self.weight = _weight("Conv2d", (outputs, inputs // self.groups, *kernel), rng)
        self.bias = Parameter(init.constant((outputs,), 0)) if check_flag("Conv2d", bias, "bias") else None

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        """The convolution of x, then ``* scale + shift`` channel by channel if these (O,) are given."""
        weight: Tensor = self.weight
        bias: Tensor | None = self.bias
        if scale is not None:
            weight = weight * scale.reshape((-1, 1, 1, 1))  # s (w * x + b) + t = (s w) * x + (s b + t)
            bias = shift if bias is None else bias * scale + shift
        return ops.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(Module):
    """Transposed convolution; weight (C, O, KH, KW), bias (O,) zero."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        *,
        rng: np.random.Generator | None = None,
    ):
        super().__init__()
        inputs, outputs = _channels("ConvTranspose2d", in_channels, out_channels)
        self.stride = pair("ConvTranspose2d", stride, "stride", 1)
        self.padding = pair("ConvTranspose2d", padding, "padding", 0)
        kernel = pair("ConvTranspose2d", kernel_size, "kernel_size", 1)
        self.weight = _weight("ConvTranspose2d", (inputs, outputs, *kernel), None)
        if rng is not None:
            # Drawn as (O, C, ...): an output cell sums over C inputs and kernel / stride filter cells.
            drawn = init.kaiming_normal((outputs, inputs, *kernel), rng=rng)
            drawn = drawn * np.float32(np.sqrt(np.prod(self.stride)))
            self.weight.data = np.ascontiguousarray(drawn.transpose(1, 0, 2, 3))
        self.bias = Parameter(init.constant((outputs,), 0))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x (N, C, H, W), transposed, to (N, O, OH, OW)."""
        return ops.conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding)


class Linear(Module):
    """y = x W^T + b; weight (out, in) from He's normal, bias (out,) zero."""

    def __init__(self, in_features: int, out_features: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        inputs, outputs = _channels("Linear", in_features, out_features, "features")
        self.weight = _weight("Linear", (outputs, inputs), rng)
        self.bias = Parameter(init.constant((outputs,), 0))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x W^T + b``, (..., out), for x (..., in)."""
        return ops.linear(x, self.weight, self.bias)


class BatchNorm2d(Module):
    """Normalise each channel by the batch's statistics in training, by the running ones in evaluation."""

    running_mean: np.ndarray
    running_var: np.ndarray
    num_batches_tracked: np.ndarray

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        num_features = check_whole("BatchNorm2d", num_features, "num_features", 1, MOST_WEIGHTS)
        self.eps = check_number("BatchNorm2d", eps, "eps", least=0)
        self.momentum = check_number("BatchNorm2d", momentum, "momentum", 0, 1)
        self.weight = Parameter(init.constant((num_features,), 1))
        self.bias = Parameter(init.constant((num_features,), 0))
        self.register_buffer("running_mean", init.constant((num_features,), 0))
        self.register_buffer("running_var", init.constant((num_features,), 1))
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64))

    def scale_and_shift(self) -> tuple[Tensor, Tensor] | None:
        """Scale and shift of each channel (C,): the whole norm in evaluation. None in training."""
        if self.training:
            return None
        return _scale_and_shift(self.weight, self.bias, self.running_mean, self.running_var, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W); in training the running statistics move."""
        if self.training:
            self.num_batches_tracked = self.num_batches_tracked + 1
        return ops.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )


class FrozenBatchNorm2d(Module):
    """Batch norm whose statistics and affine terms are constants: a scale and a shift for each channel."""

    weight: np.ndarray
    bias: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray

    def __init__(self, num_features: int, eps: float = 1e-5):
        super().__init__()
        num_features = check_whole("FrozenBatchNorm2d", num_features, "num_features", 1, MOST_WEIGHTS)
        self.eps = check_number("FrozenBatchNorm2d", eps, "eps", least=0)
        self.register_buffer("weight", init.constant((num_features,), 1))
        self.register_buffer("bias", init.constant((num_features,), 0))
        self.register_buffer("running_mean", init.constant((num_features,), 0))
        self.register_buffer("running_var", init.constant((num_features,), 1))

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """Scale and shift of each channel (C,)."""
        weight, bias = Tensor(self.weight), Tensor(self.bias)
        return _scale_and_shift(weight, bias, self.running_mean, self.running_var, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W) by the constants."""
        weight, bias = Tensor(self.weight), Tensor(self.bias)
        return ops.frozen_batch_norm(x, self.running_mean, self.running_var, weight, bias, self.eps)


class GroupNorm(Module):
    """Normalise groups of channels of each sample: no dependence on the batch, which is small here.

    Source: Wu & He 2018, "Group normalization".
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5):
        super().__init__()
        self.num_groups = check_whole("GroupNorm", num_groups, "num_groups", least=1)
        num_channels = check_whole("GroupNorm", num_channels, "num_channels", 1, MOST_WEIGHTS)
        if num_channels % self.num_groups:
            raise InputError(f"GroupNorm: num_groups={num_groups} must divide the {num_channels} channels.")
        self.eps = check_number("GroupNorm", eps, "eps", least=0)
        self.weight = Parameter(init.constant((num_channels,), 1))
        self.bias = Parameter(init.constant((num_channels,), 0))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x (N, C, H, W)."""
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class ReLU(Module):
    """max(x, 0). With `inplace` the result takes over the memory of x where no gradient is recorded."""

    def __init__(self, inplace: bool = False):
        super().__init__()
        self.inplace = check_flag("ReLU", inplace, "inplace")

    def forward(self, x: Tensor) -> Tensor:
        """``max(x, 0)`` for x of any shape."""
        return ops.relu(x, self.inplace)


class MaxPool2d(Module):
    """Largest value under each window."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Take the largest value under each window of x (N, C, H, W); return (N, C, OH, OW)."""
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class Flatten(Module):
    """All axes but the first as one."""

    def forward(self, x: Tensor) -> Tensor:
        """Turn x (N, ...) into (N, product of the other axes); N may be 0."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class Identity(Module):
    """A layer that returns x unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x."""
        return x


def _scale_and_shift(
    weight: Tensor, bias: Tensor, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[Tensor, Tensor]:
    """(x - mean) / sqrt(var + eps) * weight + bias = x * scale + shift."""
    scale = weight * Tensor(1 / np.sqrt(var + eps))
    return scale, bias - scale * Tensor(mean)


def _channels(layer: str, inputs: int, outputs: int, what: str = "channels") -> tuple[int, int]:
    return (
        check_whole(layer, inputs, f"in_{what}", 1, MOST_WEIGHTS),
        check_whole(layer, outputs, f"out_{what}", 1, MOST_WEIGHTS),
    )


def _weight(layer: str, shape: tuple[int, ...], rng: np.random.Generator | None) -> Parameter:
    if math.prod(shape) > MOST_WEIGHTS:
        raise InputError(
            f"{layer}: {shape} makes {math.prod(shape):,} weights; at most {MOST_WEIGHTS:,} fit."
        )
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise InputError(f"{layer}: rng must be a numpy.random.Generator; got {describe(rng)}.")
    return Parameter(init.constant(shape, 0) if rng is None else init.kaiming_normal(shape, rng=rng))
