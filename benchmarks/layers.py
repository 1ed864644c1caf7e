"""The distinct convolutions of a model: what it calls, on which shapes, found by watching it run.

A prediction can be watched without its convolutions being worked out, since only the calls matter here: then
a ResNet-50 at 800x1066 is read in a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from benchmarks import small_model
from minimaskrcnn import kernels
from minimaskrcnn.autograd.modes import current
from minimaskrcnn.kernels import fast
from minimaskrcnn.kernels.geometry import conv_output_size
from minimaskrcnn.models import maskrcnn_resnet50_fpn

Pair = tuple[int, int]


@dataclass(frozen=True)
class Layer:
    """One convolution: the first layer of the model that has this geometry, and how many have it.

    Attributes
    ----------
    name : scope of the call in the model
    x_shape : (N, C, H, W); weight_shape : (O, C/groups, KH, KW)
    needs_x_grad : the pictures themselves get no gradient
    """

    name: str
    x_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    bias: bool
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    needs_x_grad: bool = True
    calls: int = 1

    @property
    def out_size(self) -> Pair:
        """(OH, OW)."""
        height, width = (
            conv_output_size(*numbers)
            for numbers in zip(
                self.x_shape[2:],
                self.weight_shape[2:],
                self.stride,
                self.padding,
                self.dilation,
                strict=True,
            )
        )
        return height, width

    @property
    def geometry(self) -> tuple:
        """What makes two layers the same work."""
        return self.x_shape, self.weight_shape, self.stride, self.padding, self.dilation, self.groups

    def __str__(self) -> str:
        N, C, H, W = self.x_shape
        O, _, KH, KW = self.weight_shape
        step = f" /{self.stride[0]}" if self.stride != (1, 1) else ""
        return f"{KH}x{KW}{step}, {C} to {O}, {N}x{H}x{W}"


class Watched:
    """An edition of the kernels that notes every conv2d; with `skip_work` it answers zeros instead."""

    def __init__(self, skip_work: bool) -> None:
        self.layers: dict[tuple, Layer] = {}
        self.need_x_grad: set[tuple] = set()
        self.skip_work = skip_work

    def conv2d(
        self,
        x: np.ndarray,
        weight: np.ndarray,
        bias: np.ndarray | None,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> np.ndarray:
        """Note the call; its name is the scope it is made in."""
        layer = Layer(
            current().scope, x.shape, weight.shape, bias is not None, stride, padding, dilation, groups
        )
        before = self.layers.get(layer.geometry)
        self.layers[layer.geometry] = replace(before, calls=before.calls + 1) if before else layer
        if self.skip_work:
            return np.zeros((len(x), *layer.out_size, len(weight)), x.dtype).transpose(0, 3, 1, 2)
        return fast.conv2d(x, weight, bias, stride, padding, dilation, groups)

    def conv2d_input_grad(
        self,
        grad: np.ndarray,
        weight: np.ndarray,
        x_shape: tuple[int, ...],
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> np.ndarray:
        """Note that this layer's input wants its gradient."""
        self.need_x_grad.add((x_shape, weight.shape, stride, padding, dilation, groups))
        return fast.conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups)

    def distinct(self, run: Callable[[], object]) -> list[Layer]:
        """The distinct convolutions that `run` calls, in the order of the model."""
        edition = SimpleNamespace(conv2d=self.conv2d, conv2d_input_grad=self.conv2d_input_grad)
        kernels.register("watched", edition)
        with kernels.use("watched"):
            run()
        return [replace(layer, needs_x_grad=key in self.need_x_grad) for key, layer in self.layers.items()]


def of_small_model() -> list[Layer]:
    """Of a training step of the small model on four pictures of 128x128."""
    step = small_model.training_step(small_model.load(), *small_model.batch())
    return Watched(skip_work=False).distinct(step)


def of_resnet50_fpn(height: int = 800, width: int = 1066) -> list[Layer]:
    """Of a prediction of `maskrcnn_resnet50_fpn` for one picture, 100 detections."""
    model = maskrcnn_resnet50_fpn(box_score_thresh=0.0)
    image = np.zeros((3, height, width), np.float32)
    return Watched(skip_work=True).distinct(lambda: model.predict([image]))
