"""A quiz: the stages of a forward pass as cards, to be put in order."""

from matplotlib.axes import Axes

from minimaskrcnn.exercises.quiz import quiz
from minimaskrcnn.viz.style import BLUE, GREY, VERMILLION

ORDER = (
    "transform",
    "backbone",
    "pyramid",
    "RPN",
    "proposals",
    "box head",
    "NMS per class",
    "mask head",
    "paste",
)
WHAT = {
    "transform": "normalise, resize, pad",
    "backbone": "C2, C3, C4",
    "pyramid": "P2, P3, P4",
    "RPN": "a score and four deltas per anchor",
    "proposals": "decode, clip, top-k, NMS per level",
    "box head": "class scores and better boxes",
    "NMS per class": "one box per object is left",
    "mask head": "28 x 28 for each detection",
    "paste": "masks in pixels of the picture",
}
KEY = {f"place {place}": card for place, card in enumerate(ORDER, start=1)}


def draw(ax: Axes, choice: str | None, question: str) -> str:
    """The cards before the place, and the card that was put on it."""
    place = list(KEY).index(question)
    shown = [*ORDER[:place], choice or "?"]
    for row, card in enumerate(shown):
        here = row == place
        colour = VERMILLION if here and choice else GREY if here else BLUE
        ax.text(0.03, -row, f"{row + 1}. {card}", color=colour, weight="bold", va="center", fontsize=9)
        ax.text(0.97, -row, WHAT.get(card, ""), color="#333333", va="center", ha="right", fontsize=7)
    ax.set_xlim(0, 1)
    ax.set_ylim(0.7 - len(ORDER), 0.7)
    ax.set_xticks([])
    ax.set_yticks([])
    return f"which card comes at {question}?" if choice is None else f"{choice!r} at {question}"


EXERCISE = quiz(
    name="stage_cards",
    task="Write my_stage_cards, a list of all nine cards in the order of a forward pass: 'box head', "
    "'mask head', 'RPN', 'paste', 'backbone', 'NMS per class', 'pyramid', 'transform', "
    "'proposals'.",
    key=KEY,
    choices=ORDER,
    draw=draw,
    hints=(
        "Ask of each card what it needs. The RPN reads maps, and the box head reads boxes and maps.",
        "The mask head runs last of the heads: only on boxes that have survived everything else.",
        "Transform, three cards that know no boxes, proposals, and then the second half of the detector.",
    ),
    misread={
        "masks before NMS": ("place 7", "mask head"),
        "the pyramid before the backbone": ("place 2", "pyramid"),
        "proposals before the RPN": ("place 4", "proposals"),
        "the box head before the proposals": ("place 5", "box head"),
    },
)
