"""The gradient of a filter: the windows that it has read, weighed by what arrives, and added."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import gradients_of, windows


def reference(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The package's own backward, of filters of zeros: the gradient does not depend on the filters."""
    w = Tensor(np.zeros((len(grad), len(x), kernel, kernel), grad.dtype), requires_grad=True)
    ops.conv2d(Tensor(x[None]), w, stride=stride).backward(grad[None])
    assert w.grad is not None
    return w.grad


def world() -> Iterator[Case]:
    """One channel with a gradient at one output, then at all; then two outputs and two channels."""
    for kernel, stride, (height, width), out in windows():
        x = np.arange(1.0, height * width + 1).reshape(1, height, width)
        for grad in gradients_of(out):
            yield grad[None], x, stride, kernel
    x = np.arange(18.0).reshape(2, 3, 3) - 7
    yield np.array([[[1.0, 0], [0, 2]], [[0, -1], [3, 0]]]), x, 1, 2


def draw(ax: Axes, value: Any, grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> str:
    """The gradient of the first filter."""
    draw_values(ax, value[0, 0])
    given = f"arriving at the outputs: {in_words(grad[0])}; picture {in_words(x[0])}, stride {stride}"
    return f"gradient of the filter; {given}"


def weighed_windows(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The windows of all outputs, each times its gradient: (O, h, w, C, k, k)."""
    O, h, w = grad.shape
    products = np.empty((O, h, w, len(x), kernel, kernel), grad.dtype)
    for o, i, j in np.ndindex(O, h, w):
        top, left = i * stride, j * stride
        products[o, i, j] = grad[o, i, j] * x[:, top : top + kernel, left : left + kernel]
    return products


def last_window_only(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """`=` where it must be `+=`."""
    return weighed_windows(grad, x, stride, kernel)[:, -1, -1]


def averaged(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The mean over the windows, which makes the gradient depend on the size of the picture."""
    return weighed_windows(grad, x, stride, kernel).mean(axis=(1, 2))


def not_weighed(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The windows are added, and what arrives at the outputs is not looked at."""
    return weighed_windows(np.ones_like(grad), x, stride, kernel).sum(axis=(1, 2))


def stride_is_forgotten(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The windows are taken next to each other, as if the stride were 1."""
    return weighed_windows(grad, x, 1, kernel).sum(axis=(1, 2))


def window_is_flipped(grad: np.ndarray, x: np.ndarray, stride: int, kernel: int) -> np.ndarray:
    """The result is turned by half a turn, as for a convolution of the mathematicians."""
    return weighed_windows(grad, x, stride, kernel).sum(axis=(1, 2))[..., ::-1, ::-1]


EXERCISE = Exercise(
    name="conv_dw",
    task="Write my_conv_dw(grad, x, stride, kernel): grad (O, h, w) is the gradient of the output of a "
    "convolution without padding of the picture x (C, H, W), and kernel the side of its filters. Return"
    " the gradient of the filters, (O, C, kernel, kernel).",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Output (i, j) of filter o is the sum of w[o] times a window of the picture. What is its slope in "
        "w[o]?",
        "The slope is the window itself. All outputs of a filter use the same filter, so their slopes add "
        "up.",
        "dw[o] += grad[o, i, j] * x[:, i*stride : i*stride+kernel, j*stride : j*stride+kernel].",
    ),
    wrong={
        "the last window only": last_window_only,
        "the mean over the windows": averaged,
        "the windows are not weighed": not_weighed,
        "the stride is forgotten": stride_is_forgotten,
        "the window is flipped": window_is_flipped,
    },
)
