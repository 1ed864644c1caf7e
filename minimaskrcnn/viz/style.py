"""The look all figures share: colours with a second cue, a headline that says what to see, room to read.

Nothing here touches pyplot: figures are plain `Figure` objects with an Agg canvas, so importing or drawing
never changes the state of a notebook or a program around it.
"""

import textwrap
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, Normal, Stroke

from minimaskrcnn.viz.plain_text import plain_panel

# Okabe & Ito (2008), told apart with any common colour blindness.
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
GREY = "#8A8A8A"
CLASS_COLOURS = (ORANGE, SKY, VERMILLION, GREEN, PURPLE, YELLOW, BLUE)

Dash = tuple[float, tuple[float, ...] | None]
SOLID: Dash = (0, None)
DOTTED: Dash = (0, (1.0, 1.2))
DASHED: Dash = (0, (4, 2))
CLASS_DASHES: tuple[Dash, ...] = (SOLID, (0, (5, 1.5)), (0, (5, 1, 1, 1)), (0, (2.2, 1)))

MAP, SIGNED = "cividis", "RdBu_r"  # for what has no sign, and for what has one: white is 0
HIGH_SCORE = 0.5  # a detection one would show to a user
HEADLINE, DETAIL, LABEL = 10, 8, 7  # points


class ClassStyle(NamedTuple):
    """How boxes of one class look: a colour, and a dash pattern for those who do not see the colour."""

    colour: str
    dash: Dash


def class_style(label: int) -> ClassStyle:
    """Colour and dash of class `label`; the first 28 classes differ from one another.

    >>> class_style(1).colour, class_style(8).colour == class_style(1).colour
    ('#E69F00', True)
    >>> class_style(1).dash == class_style(8).dash
    False
    """
    index = int(label) - 1
    return ClassStyle(CLASS_COLOURS[index % len(CLASS_COLOURS)], CLASS_DASHES[index % len(CLASS_DASHES)])


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of `width` x `height` inches that lays its axes out by itself."""
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def root_figure(drawing: Axes | Figure) -> Figure:
    """The figure that was drawn, or that axes belong to; of axes in a subfigure the whole figure."""
    figure = drawing if isinstance(drawing, Figure) else drawing.figure.figure
    assert isinstance(figure, Figure)
    return figure


def axes_or_new(ax: Axes | None, width: float = 6, height: float = 4) -> Axes:
    """`ax`, or the only axes of a new figure for a plot."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def panels(
    rows: int, columns: int, width: float, height: float, title: float = 0.8
) -> tuple[Figure, list[Axes]]:
    """A figure of equal panels for pictures, `width` x `height` inches each, `title` inches above each.

    Placed by arithmetic: a layout engine meets fixed picture shapes with gaps and cut titles.
    """
    gap = 0.12  # inches
    figure_width, figure_height = columns * (width + gap) + gap, rows * (height + gap + title) + gap
    figure = Figure(figsize=(figure_width, figure_height), dpi=100)
    FigureCanvasAgg(figure)
    axes = []
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        left, bottom = gap + column * (width + gap), gap + (rows - 1 - row) * (height + gap + title)
        size = (width / figure_width, height / figure_height)
        ax = figure.add_axes((left / figure_width, bottom / figure_height, *size))
        ax.set_anchor("NW")
        axes.append(ax)
    return figure, axes


def halo(width: float = 1.5) -> list[AbstractPathEffect]:
    """A dark rim round lines and letters, so that they are seen on bright and dark pictures alike."""
    return [Stroke(linewidth=width, foreground="black", alpha=0.5), Normal()]


def text_colour(colour: str) -> str:
    """Black or white, whichever is read better on `colour`.

    >>> text_colour(YELLOW), text_colour(BLUE)
    ('black', 'white')
    """
    red, green, blue = to_rgb(colour)
    return "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.42 else "white"


def inches(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes on paper."""
    ax.apply_aspect()
    box, (width, height) = ax.get_position(), root_figure(ax).get_size_inches()
    return box.width * width, box.height * height


def headline(ax: Axes, what: str, see: str) -> Axes:
    """Title the axes: `what` it shows in bold, and under it what to `see`, wrapped to the width of the axes.

    The two together are the alternative text of the axes (`alt_text`). All text of the axes is drawn as it is
    written from here on, so a panel gets its headline last.
    """
    columns = max(24, int(inches(ax)[0] * 72 / (DETAIL * 0.52)))
    lines = textwrap.wrap(see, columns)
    ax.annotate(
        "\n".join(lines),
        (0, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        va="bottom",
        fontsize=DETAIL,
        color="#333333",
        annotation_clip=False,
    )
    room = 8 + len(lines) * DETAIL * 1.25
    ax.set_title(what, x=0, ha="left", fontsize=HEADLINE, fontweight="bold", pad=room)
    ax.set_label(f"{what}: {see}")
    plain_panel(ax)
    return ax


def number_headline(ax: Axes, position: int) -> None:
    """Put the number of a panel before its headline."""
    ax.title.set_text(f"{position}. {ax.title.get_text()}")


def alt_text(figure: Figure) -> str:
    """What the figure shows, in words, for those who cannot see it."""
    labels = [str(ax.get_label()) for ax in figure.axes]
    return " ".join(f"{label.rstrip('.')}." for label in labels if label and not label.startswith("<"))


def show_message(ax: Axes, message: str) -> None:
    """Write `message` in the middle of axes that have nothing to show."""
    ax.text(
        0.5,
        0.5,
        message,
        transform=ax.transAxes,
        ha="center",
        va="center",
        fontsize=HEADLINE,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": GREY, "boxstyle": "round"},
    )


def top_indices(scores: np.ndarray, limit: int) -> np.ndarray:
    """Indices of the `limit` highest scores, best first, ties by index."""
    return np.argsort(-scores, kind="stable")[:limit]
