"""A quiz: four training runs, each with a planted fault, to be told apart by their curves alone.

The runs were real: `docs/make_faulty_logs.py` made them.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from matplotlib.axes import Axes

from minimaskrcnn import exercises
from minimaskrcnn.exercises.quiz import quiz
from minimaskrcnn.viz.style import CLASS_COLOURS, CLASS_DASHES, DOTTED

KEY = {
    "A": "masks not mirrored",
    "B": "RPN losses left out",
    "C": "learning rate x 100",
    "D": "random labels",
}
CURVES = {
    "loss_objectness": "objectness",
    "loss_rpn_box_reg": "RPN box",
    "loss_classifier": "class",
    "loss_box_reg": "box",
    "loss_mask": "mask",
}
STEPS, POINTS = 400, 40
TOP = 1.6


@cache
def logs() -> dict[str, dict[str, list[float]]]:
    """The curves of each fault; "none" is the run without one."""
    return json.loads((files(exercises) / "data" / "four_logs.json").read_text("utf-8"))


def draw(ax: Axes, choice: str | None, question: str) -> str:
    """The five losses of the run, or of the run with the chosen fault; faint, the run without one."""
    shown = choice or KEY[question]
    dashes = [*CLASS_DASHES, DOTTED]
    for (name, label), colour, dash in zip(CURVES.items(), CLASS_COLOURS, dashes, strict=False):
        plot(ax, logs()["none"][name], color=colour, alpha=0.3, linewidth=3)
        plot(ax, logs()[shown][name], color=colour, linestyle=dash, label=label)
    ax.set_ylim(0, TOP)
    ax.set_xlim(0, STEPS)
    ax.tick_params(direction="in", pad=-14, labelsize=7)
    ax.legend(fontsize=6.5, ncols=3, loc="upper center", handlelength=2.6, columnspacing=1.0)
    ends = ", ".join(f"{label} {logs()[shown][name][-1]:.2f}" for name, label in CURVES.items())
    return f"{choice or 'given'}; the losses end at {ends}"


def plot(ax: Axes, values: list[float], **style: Any) -> None:
    """One curve; what lies above the axes runs along their edge."""
    steps = [STEPS * (place + 0.5) / POINTS for place in range(len(values))]
    ax.plot(steps, [min(value, TOP) for value in values], **style)


EXERCISE = quiz(
    name="four_logs",
    task="Write my_four_logs, a dictionary from A to D: which fault was planted in each run? Choose "
    "'random labels' (the class of each object was drawn at random), 'learning rate x 100', "
    "'masks not mirrored' (every second picture was mirrored with its boxes, but without its "
    "masks) or 'RPN losses left out' (they are in the log, but nothing learns from them). The "
    "faint lines are the run without a fault.",
    key=KEY,
    choices=(*KEY.values(), "none"),
    draw=draw,
    hints=(
        "A loss that cannot learn stays where a guess puts it: ln 2 = 0.69 for a mask or for objectness.",
        "Ask which loss would notice the fault, and which would not. A mask does not touch the boxes.",
        "Three runs differ from the faint lines in one or two curves; the fourth differs in all.",
    ),
    misread={
        "a high mask loss for a high rate": ("A", "learning rate x 100"),
        "a flat objectness for a high rate": ("B", "learning rate x 100"),
        "a high rate for a part that is left out": ("C", "RPN losses left out"),
        "a class loss that falls a little is healthy": ("D", "none"),
    },
    panel=(3.1, 2.5),
)
