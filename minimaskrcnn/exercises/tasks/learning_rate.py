"""The learning rate of a step: up in a straight line during the warm-up, then down along half a cosine."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.nn.optim import warmup_cosine
from minimaskrcnn.viz.style import BLUE, VERMILLION

BASE = 8.0
FINAL = 0.01


def reference(step: int, base: float, steps: int, warmup: int) -> float:
    """The package's schedule."""
    return warmup_cosine(base, steps, warmup, FINAL)(step)


def world() -> Iterator[Case]:
    """All steps of all runs of up to twelve steps."""
    for steps in (1, 2, 4, 8, 12):
        for warmup in range(min(steps, 5)):
            for step in range(steps):
                yield step, BASE, steps, warmup


def draw(ax: Axes, value: Any, step: int, base: float, steps: int, warmup: int) -> str:
    """The whole schedule, and the value of the step."""
    places = np.arange(steps)
    ax.plot(places, [reference(int(s), base, steps, warmup) for s in places], "o-", color=BLUE, markersize=4)
    ax.plot([step], [value], "D", color=VERMILLION, markersize=9, markerfacecolor="none", markeredgewidth=2)
    ax.set_xlim(-0.6, max(steps, 2) - 0.4)
    ax.set_ylim(-0.1 * base, 1.2 * base)
    ax.tick_params(direction="in", pad=-14, labelsize=7)
    return f"{in_words(value)} at step {step} of {steps}, warm-up {warmup}; line: the schedule"


def along_the_cosine(progress: float, base: float, final: float = FINAL) -> float:
    """From base at 0 to final * base at 1."""
    return base * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress)))


def starts_at_zero(step: int, base: float, steps: int, warmup: int) -> float:
    """The first step is wasted."""
    return base * step / warmup if step < warmup else reference(step, base, steps, warmup)


def cosine_from_the_first_step(step: int, base: float, steps: int, warmup: int) -> float:
    """The cosine does not wait for the warm-up, so that the rate jumps where it ends."""
    return reference(step, base, steps, warmup) if step < warmup else along_the_cosine(step / steps, base)


def no_warm_up(step: int, base: float, steps: int, warmup: int) -> float:
    """The full rate from the first step."""
    return base if step < warmup else reference(step, base, steps, warmup)


def straight_down(step: int, base: float, steps: int, warmup: int) -> float:
    """A line instead of a cosine."""
    if step < warmup:
        return reference(step, base, steps, warmup)
    return base * (1 - (1 - FINAL) * (step - warmup) / (steps - warmup))


def down_to_zero(step: int, base: float, steps: int, warmup: int) -> float:
    """A hundredth should be left at the end."""
    if step < warmup:
        return reference(step, base, steps, warmup)
    return along_the_cosine((step - warmup) / (steps - warmup), base, final=0)


EXERCISE = Exercise(
    name="learning_rate",
    task="Write my_learning_rate(step, base, steps, warmup): the learning rate of a step, counted from "
    "0, in a run of `steps` steps. During the first `warmup` steps it rises in a line, base * "
    "(step + 1) / warmup. Then it falls along half a cosine from base towards base / 100, which "
    "it would reach at step `steps`.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "After the warm-up, progress = (step - warmup) / (steps - warmup) runs from 0 to 1.",
        "0.5 * (1 + math.cos(math.pi * progress)) falls from 1 to 0.",
        "base * (0.01 + 0.99 * that) falls from base to base / 100.",
    ),
    wrong={
        "the first step has the rate 0": starts_at_zero,
        "the cosine begins at the first step": cosine_from_the_first_step,
        "no warm-up": no_warm_up,
        "a straight line": straight_down,
        "down to 0": down_to_zero,
    },
)
