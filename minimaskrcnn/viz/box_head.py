"""What the box head receives, and where it moves each RoI: levels, features, refined boxes, filters.

Only RoIs that end with a high final score are drawn before and after refinement; a thousand others would hide
them.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import CLEAR, draw_boxes, draw_faintly, draw_key, draw_links, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.features import in_words, liveliest, tiles
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.style import (
    DASHED,
    DOTTED,
    GREEN,
    GREY,
    HIGH_SCORE,
    SOLID,
    VERMILLION,
    class_style,
    headline,
    panels,
    show_message,
    top_indices,
)
from minimaskrcnn.viz.words import class_name, plural

ENTERED_NMS = (Fate.KEPT, Fate.SUPPRESSED, Fate.OVER_LIMIT)


def entered_nms(trace: Trace, min_score: float = 0.0) -> np.ndarray:
    """Indices of the candidates that NMS saw and that score at least `min_score`, best first."""
    scores = trace["candidate_score"]
    index = np.flatnonzero(np.isin(trace["candidate_fate"], ENTERED_NMS) & (scores >= min_score))
    return index[top_indices(scores[index], len(index))]


def in_turn(trace: Trace, candidates: np.ndarray) -> np.ndarray:
    """Order candidates: the survivors of NMS, then the best that each of them suppressed, and so on."""
    by = trace["candidate_suppressed_by"][candidates]
    winner = np.where(by >= 0, by, candidates)
    turn = np.array([np.sum(winner[:place] == one) for place, one in enumerate(winner)], np.int64)
    return candidates[np.argsort(turn, kind="stable")]


def best_proposal(trace: Trace) -> int:
    """The proposal behind the best candidate."""
    return int(trace["candidate_roi"][trace["candidate_score"].argmax()])


@catalogued(
    35,
    "roi-levels",
    Chapter.CLOSE_UPS,
    heading="The level of each RoI",
    note="A box twice as large is read from a map half as fine.",
)
def show_roi_levels(trace: Trace, ax: Axes | None = None, limit: int = 40) -> Axes:
    """Draw the best proposals of each level in its colour and dash, all but the first six faintly."""
    ax = transformed_picture(trace, ax)
    level_of = trace["roi_level"]
    names, styles = [], []
    for level in levels(trace):
        mine = np.flatnonzero(level_of == level.index)
        if len(mine):
            style = class_style(level.index + 1)
            draw_faintly(ax, trace["proposals"][mine[CLEAR // 2 : limit]], style.colour)
            draw_boxes(ax, trace["proposals"][mine[: CLEAR // 2]], style.colour, style.dash)
            names.append(f"{level.name}: {len(mine)}")
            styles.append(style)
    if not names:
        show_message(ax, "no RoIs")
    draw_key(ax, names, styles)
    see = (
        f"{plural(len(level_of), 'RoI')} ({', '.join(names)}): a box twice as large is read one level coarser"
    )
    return headline(ax, "The level of each RoI", see)


@catalogued(
    41,
    "roi-features",
    Chapter.CLOSE_UPS,
    heading="Features of one RoI",
    note="All that the box head is told of the RoI.",
    needs=("trace.proposals",),
)
def show_box_features(
    trace: Trace,
    proposal: int | None = None,
    ax: Axes | None = None,
    channels: Sequence[int] | None = None,
    limit: int = 12,
) -> Axes:
    """Draw the channels that vary most of the 7x7 features of a proposal, the best candidate's by default."""
    proposal = best_proposal(trace) if proposal is None else proposal
    features = trace["box_features"][proposal]  # (C, y, x)
    channels = liveliest(features, limit) if channels is None else channels
    ax = panels(1, 1, 7, 6)[1][0] if ax is None else ax
    shown = [features[channel] for channel in channels]
    tiles(ax, shown, [f"{channel}" for channel in channels])
    height, width = features.shape[1:]
    see = (
        f"{len(channels)} of {len(features)} channels: all the box head knows of this RoI, {in_words(shown)}"
    )
    return headline(ax, f"{height}x{width} features of proposal {proposal}", see)


@catalogued(
    13,
    "rois-before-refinement",
    Chapter.BOX_HEAD,
    heading="RoIs before refinement",
    note="The proposals that end with a high score, dotted, as they come from the RPN.",
)
def show_rois(trace: Trace, ax: Axes | None = None, limit: int = CLEAR) -> Axes:
    """Draw proposals before refinement, dotted, in the colour of the class that they end with."""
    every = in_turn(trace, entered_nms(trace, HIGH_SCORE))
    shown = every[:limit]
    ax = transformed_picture(trace, ax)
    _draw_rest(ax, trace["proposals"][trace["candidate_roi"]], trace, every[limit:])
    rois, labels = trace["proposals"][trace["candidate_roi"][shown]], trace["candidate_label"][shown]
    for label in np.unique(labels):
        draw_boxes(ax, rois[labels == label], class_style(label).colour, DOTTED)
    _name_classes(ax, trace, rois, labels)
    if len(shown) == 0:
        show_message(ax, "no RoI ends with a high score")
        return headline(
            ax, "RoIs before refinement", f"no proposal ends with a score of {HIGH_SCORE} or more"
        )
    faint = f", all but {len(shown)} of them faint" if len(every) > limit else ""
    see = f"{plural(len(every), 'proposal')} with high final scores, where the RPN put them{faint}"
    return headline(ax, "RoIs before refinement", see)


@catalogued(
    14,
    "rois-after-refinement",
    Chapter.BOX_HEAD,
    heading="RoIs after refinement",
    note="The box head moves each RoI (dotted) onto its object (solid); a line links the two corners.",
)
def show_refinement(trace: Trace, ax: Axes | None = None, limit: int = CLEAR) -> Axes:
    """Draw the same RoIs before (dotted) and after refinement (solid), with a line from corner to corner."""
    every = in_turn(trace, entered_nms(trace, HIGH_SCORE))
    shown = every[:limit]
    ax = transformed_picture(trace, ax)
    _draw_rest(ax, trace["candidate_box"], trace, every[limit:])
    before = trace["proposals"][trace["candidate_roi"][shown]]
    after, labels = trace["candidate_box"][shown], trace["candidate_label"][shown]
    for label in np.unique(labels):
        mine, colour = labels == label, class_style(label).colour
        draw_boxes(ax, before[mine], colour, DOTTED, alpha=0.8)
        draw_boxes(ax, after[mine], colour)
        draw_links(ax, before[mine], after[mine], colour)
    _name_classes(ax, trace, after, labels)
    if len(shown) == 0:
        show_message(ax, "nothing to refine")
        return headline(ax, "RoIs after refinement", f"no proposal ends with a score of {HIGH_SCORE} or more")
    moved = np.abs(after - before).mean()
    see = f"dotted to solid: sides move {moved:.1f} px on average, and the boxes of one object come together"
    return headline(ax, "RoIs after refinement", see)


def _draw_rest(ax: Axes, boxes: np.ndarray, trace: Trace, rest: np.ndarray) -> None:
    """Draw the boxes of the candidates `rest` faintly, in the colour of their class."""
    labels = trace["candidate_label"][rest]
    for label in np.unique(labels):
        draw_faintly(ax, boxes[rest[labels == label]], class_style(label).colour)


def _name_classes(ax: Axes, trace: Trace, boxes: np.ndarray, labels: np.ndarray) -> None:
    """Name each class once, at its best box, so that its colour can be read."""
    kinds, first = np.unique(labels, return_index=True)
    names = [class_name(label, trace.class_names) for label in kinds]
    label_boxes(ax, boxes[first], names, [class_style(label).colour for label in kinds])


@catalogued(
    15,
    "filters",
    Chapter.BOX_HEAD,
    heading="Background and confidence filters",
    note="RoIs that are background go, and so do classes with too low a score.",
)
def show_filters(trace: Trace, ax: Axes | None = None, limit: int = 40) -> Axes:
    """Draw each RoI as the box of its likeliest class: background (grey, dotted), unsure (dashed), or kept.

    An RoI is kept when one of its classes scores high enough for NMS to see it.
    """
    ax = transformed_picture(trace, ax)
    scores = trace["class_scores"]
    if len(scores) == 0:
        show_message(ax, "no RoIs")
        return headline(ax, "Background and confidence filters", "no proposal reached the box head")
    kept = np.zeros(len(scores), bool)
    kept[trace["candidate_roi"][np.isin(trace["candidate_fate"], ENTERED_NMS)]] = True
    background = ~kept & (scores.argmax(axis=1) == 0)
    unsure = ~kept & ~background
    likeliest = scores[:, 1:].argmax(axis=1) + 1
    boxes = trace["refined"][np.arange(len(scores)), likeliest]  # (P, K, 4) -> (P, 4)
    few = CLEAR // 3
    for chosen, colour, dash in (
        (background, GREY, DOTTED),
        (unsure, VERMILLION, DASHED),
        (kept, GREEN, SOLID),
    ):
        mine = np.flatnonzero(chosen)[top_indices(scores[chosen, 1:].max(axis=1), limit)]
        draw_faintly(ax, boxes[mine[few:]], colour)
        draw_boxes(ax, boxes[mine[:few]], colour, dash, 1.3)
    see = (
        f"of {plural(len(scores), 'RoI')}, {background.sum():,} are background (grey, dotted), "
        f"{unsure.sum():,} of a class but with too low a score (red, dashed); {kept.sum():,} go on to NMS "
        f"(green, solid); the {few} likeliest of each are clear"
    )
    return headline(ax, "Background and confidence filters", see)
