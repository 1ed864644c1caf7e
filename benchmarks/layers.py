"""Find the distinct convolutions of a model, and their shapes, by recording its calls.

Only the calls matter here, so the convolutions of a prediction need not be computed. Without them, it takes
only a few seconds to record a ResNet-50 at 800x1066.
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
    """One convolution: the first layer of the model with this geometry, and the number of such layers.

    Attributes
    ----------
    name : scope of the call in the model
    x_shape : (N, C, H, W)
    weight_shape : (O, C/groups, KH, KW)
    needs_x_grad : whether the input needs a gradient; the pictures themselves need none
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
        """The key by which two layers do the same work."""
        return self.x_shape, self.weight_shape, self.stride, self.padding, self.dilation, self.groups

    def __str__(self) -> str:
        N, C, H, W = self.x_shape
        O, _, KH, KW = self.weight_shape
        step = f" /{self.stride[0]}" if self.stride != (1, 1) else ""
        return f"{KH}x{KW}{step}, {C} to {O}, {N}x{H}x{W}"


class Watched:
    """An edition of the kernels that records every conv2d; with `skip_work` it returns zeros."""

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
        """Record the call; its name is the current scope."""
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
        """Record that the input of this layer needs a gradient."""
        self.need_x_grad.add((x_shape, weight.shape, stride, padding, dilation, groups))
        return fast.conv2d_input_grad(grad, weight, x_shape, stride, padding, dilation, groups)

    def distinct(self, run: Callable[[], object]) -> list[Layer]:
        """Return the distinct convolutions that `run` calls, in the order of the model."""
        edition = SimpleNamespace(conv2d=self.conv2d, conv2d_input_grad=self.conv2d_input_grad)
        kernels.register("watched", edition)
        with kernels.use("watched"):
            run()
        return [replace(layer, needs_x_grad=key in self.need_x_grad) for key, layer in self.layers.items()]


def of_small_model() -> list[Layer]:
    """Return the layers in a training step of the small model on four pictures of 128x128."""
    step = small_model.training_step(small_model.load(), *small_model.batch())
    return Watched(skip_work=False).distinct(step)


def of_resnet50_fpn(height: int = 800, width: int = 1066) -> list[Layer]:
    """Return the layers in a prediction of `maskrcnn_resnet50_fpn` for one picture with 100 detections."""
    model = maskrcnn_resnet50_fpn(box_score_thresh=0.0)
    image = np.zeros((3, height, width), np.float32)
    return Watched(skip_work=True).distinct(lambda: model.predict([image]))
