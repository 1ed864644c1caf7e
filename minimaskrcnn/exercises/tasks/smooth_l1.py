"""Smooth L1: a parabola near 0 and straight lines beyond beta, with its derivative."""

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

Answers = tuple[np.ndarray, np.ndarray]
BETAS = (1.0, 0.25, 0.125)
ERRORS = (0.0, 0.0625, -0.0625, 0.25, -0.25, 0.5, -0.5, 1.0, 2.0, -2.0)


def reference(d: np.ndarray, beta: float) -> Answers:
    """The package's loss, and its own backward."""
    error = Tensor(d, requires_grad=True)
    loss = ops.smooth_l1_loss(error, np.zeros_like(d), beta=beta, reduction="none")
    loss.backward(np.ones_like(d))
    assert error.grad is not None
    return loss.data, error.grad


def world() -> Iterator[Case]:
    """One error, then two, for three betas."""
    for count, beta in itertools.product((1, 2), BETAS):
        for d in itertools.product(ERRORS, repeat=count):
            yield np.array(d), beta


def draw(ax: Axes, value: Any, d: np.ndarray, beta: float) -> str:
    """The right curve in grey; at each error of the case the loss as a dot, and the slope as a line."""
    loss, slope = value
    reach = 1.3 * max(np.abs(d).max(), beta)
    along = np.linspace(-reach, reach, 201)
    ax.plot(along, reference(along, beta)[0], color=GREY, linewidth=1)
    ax.axvspan(-beta, beta, color="#EEEEEE")
    half = 0.15 * reach
    for error, height, steep in zip(d, loss, slope, strict=True):
        ax.plot([error - half, error + half], [height - steep * half, height + steep * half], color=BLUE)
        ax.plot(error, height, "o", color=ORANGE)
    ax.set_ylim(-0.2 * reach, 1.2 * reach)
    ax.set_xticks([-beta, 0, beta])
    ax.set_yticks([])
    ax.tick_params(labelsize=7, direction="in", pad=-12)
    return f"loss {in_words(np.asarray(loss))}, slope {in_words(np.asarray(slope))}"


def halves(d: np.ndarray, beta: float) -> Answers:
    """The right answer."""
    size = np.abs(d)
    loss = np.where(size < beta, d**2 / (2 * beta), size - beta / 2)
    return loss, np.clip(d / beta, -1, 1)


def jump_at_beta(d: np.ndarray, beta: float) -> Answers:
    """Without - beta / 2 the line begins above the end of the parabola."""
    size = np.abs(d)
    return np.where(size < beta, d**2 / (2 * beta), size), halves(d, beta)[1]


def beta_of_one(d: np.ndarray, beta: float) -> Answers:
    """D squared / 2, whatever beta is."""
    size = np.abs(d)
    return np.where(size < beta, d**2 / 2, size - beta / 2), np.where(size < beta, d, np.sign(d))


def slope_is_not_limited(d: np.ndarray, beta: float) -> Answers:
    """The slope of the parabola, on the lines too: one wild error dominates."""
    return halves(d, beta)[0], d / beta


def slope_without_sign(d: np.ndarray, beta: float) -> Answers:
    """Errors to the left are driven further to the left."""
    return halves(d, beta)[0], np.abs(halves(d, beta)[1])


def negative_errors_are_small(d: np.ndarray, beta: float) -> Answers:
    """`d < beta` is true for -100."""
    loss = np.where(d < beta, d**2 / (2 * beta), np.abs(d) - beta / 2)
    return loss, np.where(d < beta, d / beta, np.sign(d))


EXERCISE = Exercise(
    name="smooth_l1",
    task="Write my_smooth_l1(d, beta): d (N,) are errors, beta > 0. Return two arrays (N,): the loss, d*d / "
    "(2 beta) where |d| < beta and |d| - beta / 2 elsewhere; and its slope, the derivative with respect"
    " to d.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "np.where(condition, a, b) takes the parabola where np.abs(d) < beta, and the line elsewhere.",
        "The slope of the parabola is d / beta. At |d| = beta it has become 1 or -1: the slope of the line.",
        "So the slope is np.clip(d / beta, -1, 1).",
    ),
    wrong={
        "the loss jumps at beta": jump_at_beta,
        "beta is taken as 1": beta_of_one,
        "the slope is not limited": slope_is_not_limited,
        "the slope has no sign": slope_without_sign,
        "negative errors count as small": negative_errors_are_small,
    },
)
