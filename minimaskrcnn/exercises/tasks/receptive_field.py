"""How many pixels one cell sees after a row of convolutions."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.viz.style import BLUE, GREY, ORANGE

Layers = tuple[tuple[int, int], ...]
"""Side of the kernel and stride of each convolution, first layer first."""

KERNELS = (1, 2, 3)
STRIDES = (1, 2)
ROOM = 96  # pixels, more than any cell of this world sees


def reference(layers: Layers) -> int:
    """Measured: the pixels between the first and the last that have a gradient from one cell."""
    x = Tensor(np.zeros((1, 1, 1, ROOM)), requires_grad=True)
    features = x
    for kernel, stride in layers:
        features = ops.conv2d(features, Tensor(np.ones((1, 1, 1, kernel))), stride=(1, stride))
    features[:, :, :, :1].sum().backward()
    assert x.grad is not None
    seen = np.flatnonzero(x.grad)
    return int(seen[-1] - seen[0]) + 1


def world() -> Iterator[Case]:
    """One to three layers, with kernels of 1 to 3 cells and strides of 1 and 2."""
    for count in (1, 2, 3):
        for layers in itertools.product(itertools.product(KERNELS, STRIDES), repeat=count):
            yield (layers,)


def draw(ax: Axes, value: Any, layers: Layers) -> str:
    """The cells of each map that the cell at the top needs; below, the pixels of the answer."""
    step = [1]  # pixels between the cells of each map
    for _, stride in layers:
        step.append(step[-1] * stride)
    needed = 1
    for depth in range(len(layers), 0, -1):
        for cell in range(needed):
            _draw_cell(ax, cell * step[depth], depth, BLUE)
        kernel, stride = layers[depth - 1]
        needed = (needed - 1) * stride + kernel
    for pixel in range(int(value)):
        _draw_cell(ax, pixel, 0, ORANGE)
    names = ["pixels", *(f"layer {n}: kernel {k}, stride {s}" for n, (k, s) in enumerate(layers, 1))]
    for row, name in enumerate(names):
        ax.text(0, row + 0.36, name, fontsize=7, color=GREY)
    ax.set_xlim(-0.3, max(needed, int(value), 4) + 0.3)
    ax.set_ylim(-0.5, len(layers) + 0.7)
    ax.set_xticks([])
    ax.set_yticks([])
    return f"{in_words(value)} pixels; one cell at the top, and what it reads below"


def _draw_cell(ax: Axes, x: float, row: int, colour: str) -> None:
    ax.fill([x, x + 0.8, x + 0.8, x], [row - 0.3, row - 0.3, row + 0.3, row + 0.3], color=colour)


def widened(layers: Layers, before: bool = False) -> tuple[int, int]:
    """The view and the jump after all layers; `before` counts a layer's own stride in its step."""
    view, jump = 1, 1
    for kernel, stride in layers:
        view += (kernel - 1) * (jump * stride if before else jump)
        jump *= stride
    return view, jump


def strides_are_forgotten(layers: Layers) -> int:
    """Each layer adds k - 1 pixels, as if all maps were as fine as the picture."""
    return 1 + sum(kernel - 1 for kernel, _ in layers)


def own_stride_counts(layers: Layers) -> int:
    """The jump is multiplied before it is used."""
    return widened(layers, before=True)[0]


def product_of_kernels(layers: Layers) -> int:
    """Windows overlap: their sizes do not multiply."""
    return int(np.prod([kernel for kernel, _ in layers]))


def kernel_for_kernel_less_one(layers: Layers) -> int:
    """A kernel of one cell would widen the view."""
    view, jump = 0, 1
    for kernel, stride in layers:
        view, jump = view + kernel * jump, jump * stride
    return view


def jump_for_view(layers: Layers) -> int:
    """The distance between neighbouring cells, which is the product of the strides."""
    return widened(layers)[1]


EXERCISE = Exercise(
    name="receptive_field",
    task="Write my_receptive_field(layers): layers is a tuple of pairs (kernel, stride), the first layer "
    "first. Return how many pixels wide the view of one cell of the last map is, an int.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Keep two numbers: the view r of one cell, and the jump j, the distance between neighbouring cells "
        "in pixels.",
        "Both begin at 1. A layer reads k neighbouring cells, so its view is wider by k - 1 jumps.",
        "r += (k - 1) * j first, with the jump of the map that is read; then j *= stride.",
    ),
    wrong={
        "the strides are forgotten": strides_are_forgotten,
        "a layer's own stride counts in its view": own_stride_counts,
        "the product of the kernels": product_of_kernels,
        "the kernel for the kernel less one": kernel_for_kernel_less_one,
        "the jump for the view": jump_for_view,
    },
)
