"""What the region proposal network hands on: boxes that hold something, of no class yet."""

from matplotlib.axes import Axes

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.style import DOTTED, SKY, best, headline, plural, say


def show_proposals(trace: Trace, ax: Axes | None = None, limit: int = 50) -> Axes:
    """The `limit` proposals of highest objectness, dotted, as all boxes before refinement are."""
    proposals, scores = trace["proposals"], trace["proposal_scores"]
    shown = best(scores, limit)
    ax = transformed_picture(trace, ax)
    draw_boxes(ax, proposals[shown], SKY, DOTTED)
    if len(shown) == 0:
        say(ax, "no proposals")
        return headline(ax, "RPN proposals", "the network saw nothing that looks like an object")
    boxes = plural(len(proposals), "box")
    which = boxes if len(shown) == len(proposals) else f"the {len(shown)} best of {boxes}"
    see = (
        f"{which}, objectness {scores[shown].min():.2f} to {scores[shown].max():.2f}; "
        "no class yet, and many for one object"
    )
    return headline(ax, "RPN proposals", see)
