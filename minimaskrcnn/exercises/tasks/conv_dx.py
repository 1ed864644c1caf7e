"""The gradient of a convolution's input: each output stamps its filter back where its window was."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import gradients_of, windows


def reference(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """The package's own backward, of a picture of zeros: the gradient does not depend on the picture."""
    x = Tensor(np.zeros((1, w.shape[1], *size), grad.dtype), requires_grad=True)
    ops.conv2d(x, Tensor(w), stride=stride).backward(grad[None])
    assert x.grad is not None
    return x.grad[0]


def world() -> Iterator[Case]:
    """A filter on one channel with a gradient at one output, then at all; then two filters, two channels."""
    for kernel, stride, size, out in windows():
        w = np.arange(1.0, kernel * kernel + 1).reshape(1, 1, kernel, kernel)
        for grad in gradients_of(out):
            yield grad[None], w, stride, size
    w = np.arange(16.0).reshape(2, 2, 2, 2) - 5
    for stride, side in ((1, 3), (2, 4)):
        yield np.array([[[1.0, 0], [0, 2]], [[0, -1], [3, 0]]]), w, stride, (side, side)


def draw(ax: Axes, value: Any, grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> str:
    """The gradient of the first channel of the picture."""
    draw_values(ax, value[0])
    given = f"arriving at the outputs: {in_words(grad[0])}; filter {in_words(w[0, 0])}, stride {stride}"
    return f"gradient of the picture; {given}"


def stamped(
    grad: np.ndarray,
    w: np.ndarray,
    stride: int,
    size: tuple[int, int],
    add: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.add,
) -> np.ndarray:
    """The right loops; `add` joins what is there already with the next stamp."""
    _, C, kh, kw = w.shape
    dx = np.zeros((C, *size), grad.dtype)
    for (o, i, j), g in np.ndenumerate(grad):
        window = dx[:, i * stride : i * stride + kh, j * stride : j * stride + kw]  # (C, kh, kw)
        window[:] = add(window, g * w[o])
    return dx


def overwrites(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """`=` where it must be `+=`."""
    return stamped(grad, w, stride, size, add=lambda there, stamp: np.where(stamp, stamp, there))


def filter_is_flipped(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """The filter is turned by half a turn once too often."""
    return stamped(grad, w[:, :, ::-1, ::-1], stride, size)


def filter_is_transposed(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """Rows and columns of the filter are exchanged: "backward is the transpose", taken too literally."""
    return stamped(grad, w.swapaxes(2, 3), stride, size)


def stride_is_forgotten(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """Windows are stamped next to each other, as if the stride were 1."""
    return stamped(grad, w, 1, size)


def first_filter_only(grad: np.ndarray, w: np.ndarray, stride: int, size: tuple[int, int]) -> np.ndarray:
    """The sum over the output channels is missing."""
    return stamped(grad[:1], w[:1], stride, size)


EXERCISE = Exercise(
    name="conv_dx",
    task="Write my_conv_dx(grad, w, stride, size): grad (O, h, w) is the gradient of the output of a "
    "convolution without padding, w (O, C, k, k) its filters and size the (H, W) of the picture. Return"
    " the gradient of the picture, (C, H, W).",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Output (i, j) has read the window that begins at row i * stride and column j * stride.",
        "If that output changes the loss by g per unit, then the window changes it by g * w[o]: a stamp.",
        "dx[:, i*stride : i*stride+k, j*stride : j*stride+k] += g * w[o], for every o, i and j.",
    ),
    wrong={
        "a pixel is overwritten": overwrites,
        "the filter is flipped": filter_is_flipped,
        "the filter is transposed": filter_is_transposed,
        "the stride is forgotten": stride_is_forgotten,
        "the first filter only": first_filter_only,
    },
)
