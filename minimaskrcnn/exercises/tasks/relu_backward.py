"""The backward pass of ReLU: an open gate hands on what arrives, a shut one exactly 0."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words

INPUTS = (-2.0, 0.0, 3.0)
ARRIVING = (-1.0, 0.5, 4.0)


def reference(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The package's own backward."""
    inputs = Tensor(x, requires_grad=True)
    ops.relu(inputs).backward(grad)
    assert inputs.grad is not None
    return inputs.grad


def world() -> Iterator[Case]:
    """One number, then two, then maps; at last a gradient that has overflowed."""
    for count in (1, 2):
        for x in itertools.product(INPUTS, repeat=count):
            for grad in itertools.product(ARRIVING, repeat=count):
                yield np.array(grad), np.array(x)
    yield np.arange(6.0).reshape(2, 3) - 3, 2 - np.arange(6.0).reshape(2, 3)
    yield np.array([np.inf, 1.0]), np.array([-2.0, 3.0])


def draw(ax: Axes, value: Any, grad: np.ndarray, x: np.ndarray) -> str:
    """The gradient of the input."""
    draw_values(ax, value, low=-4, high=4)
    return f"gradient of x; x {in_words(x)}, arriving {in_words(grad)}"


def open_at_zero(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`>=`: a gate at exactly 0 counts as open."""
    return np.where(x >= 0, grad, 0)


def gates_by_the_gradient(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """ReLU is applied to the gradient."""
    return np.maximum(grad, 0)


def times_the_output(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The output stands where its slope should."""
    return grad * np.maximum(x, 0)


def slope_alone(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What arrives from above is forgotten."""
    return (x > 0).astype(x.dtype)


def multiplied_by_zero(grad: np.ndarray, x: np.ndarray) -> np.ndarray:
    """0 times infinity is NaN, and then the whole network is."""
    return grad * (x > 0)


EXERCISE = Exercise(
    name="relu_backward",
    task="Write my_relu_backward(grad, x): grad is the gradient of max(x, 0), both of one shape; return the "
    "gradient of x. At x = 0 the gate is shut. A shut gate hands on exactly 0, even if an infinite gradient "
    "arrives.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Where x > 0 the output is x, with the slope 1. Elsewhere the output is 0 whatever x is.",
        "Whether a gate is open depends on x alone. What goes through it is grad.",
        "0 * inf is NaN. np.where(condition, a, b) chooses without multiplying.",
    ),
    wrong={
        "the gate is open at 0": open_at_zero,
        "ReLU of the gradient": gates_by_the_gradient,
        "times the output": times_the_output,
        "the slope alone": slope_alone,
        "multiplied by 0": multiplied_by_zero,
    },
)
