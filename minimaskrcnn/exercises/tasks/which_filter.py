"""A quiz: five boxes of the RPN with their numbers, and the filter that dropped each."""

from matplotlib.axes import Axes

from minimaskrcnn.exercises.quiz import quiz
from minimaskrcnn.viz.style import BLUE, GREY, VERMILLION

FILTERS = {
    "top-k": "rank of its objectness in its level, at most 400",
    "too small": "shorter side in pixels, at least 1",
    "NMS": "IoU with a better kept box of its level, at most 0.7",
    "limit": "rank after NMS in the picture, at most 200",
}
NUMBERS = {  # question: a number for each filter; None: it was never asked
    "A": (35, 22.0, 0.83, None),
    "B": (612, 18.0, None, None),
    "C": (398, 31.0, 0.41, 214),
    "D": (7, 40.0, 0.69, 5),
    "E": (120, 0.4, None, None),
}
KEY = {"A": "NMS", "B": "top-k", "C": "limit", "D": "none", "E": "too small"}


def draw(ax: Axes, choice: str | None, question: str) -> str:
    """The four numbers in the order of the filters; the chosen filter in red."""
    for row, ((name, meaning), number) in enumerate(zip(FILTERS.items(), NUMBERS[question], strict=True)):
        colour = VERMILLION if name == choice else BLUE
        ax.text(0.03, -row, name, color=colour, weight="bold", va="center", fontsize=9)
        ax.text(0.97, -row, told(number), color=colour, va="center", ha="right", fontsize=9)
        ax.text(0.03, -row - 0.36, meaning, color=GREY, va="center", fontsize=6.5)
    ax.set_xlim(0, 1)
    ax.set_ylim(-len(FILTERS) + 0.2, 0.5)
    ax.set_xticks([])
    ax.set_yticks([])
    if choice is None:
        numbers = zip(FILTERS, map(told, NUMBERS[question]), strict=True)
        return ", ".join(f"{name} {number}" for name, number in numbers)
    return "look at the red line" if choice in FILTERS else "none: it became a proposal"


def told(number: float | None) -> str:
    """A number, or that it was never asked for."""
    return "not asked" if number is None else f"{number:g}"


EXERCISE = quiz(
    name="which_filter",
    task="Write my_which_filter, a dictionary from A to E: which filter of the RPN dropped each box? "
    "Choose 'top-k', 'too small', 'NMS', 'limit', or 'none' for a box that became a proposal. The "
    "filters stand in their order, and a box that one has dropped is not asked by the next.",
    key=KEY,
    choices=(*FILTERS, "none"),
    draw=draw,
    hints=(
        "Go down the list of each box, and stop at the first number that breaks its limit.",
        "'not asked' means that the box had left before. So it was dropped by the filter above.",
        "An IoU of 0.69 is below 0.7, and a rank of 398 is within 400.",
    ),
    misread={
        "nearly a duplicate": ("D", "NMS"),
        "nearly out of the top-k": ("C", "top-k"),
        "a good score saves it": ("A", "none"),
        "nothing overlaps it": ("E", "none"),
    },
    panel=(3.1, 2.4),
)
