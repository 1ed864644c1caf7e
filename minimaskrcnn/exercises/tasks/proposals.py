"""From moved anchors to proposals: the best, clipped, without slivers or near copies, not too many."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.boxes import clip_boxes_to_image
from minimaskrcnn.detection.nms import nms
from minimaskrcnn.exercises.drawing import colours, draw_box, draw_grid
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead

SIDE = 4  # of the picture, in pixels
LEAST = 1.0  # pixels, of both sides of a proposal
BOXES = [
    np.array(box, float)
    for box in ((0, 0, 2, 2), (0, 0, 2, 3), (1, 1, 4, 4), (2, 2, 8, 8), (3.5, 0, 7, 4), (0, -2, 4, 2))
]
SCORES = np.array([0.875, 0.5, 0.25])
IOU = 0.5


def reference(boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int) -> np.ndarray:
    """The package's selection, for one level of one picture."""
    network = RegionProposalNetwork(
        AnchorGenerator(((1,),)),
        RPNHead(1, 1),
        pre_nms_top_n=(top_k, top_k),
        post_nms_top_n=(limit, limit),
        nms_thresh=iou,
        min_size=LEAST,
    )
    clipped = clip_boxes_to_image(boxes, (SIDE, SIDE))
    selection = network.select_proposals(clipped, scores, scores, np.zeros(len(boxes), np.int64))
    return clipped[selection.kept]


def world() -> Iterator[Case]:
    """One to three boxes with every order of their scores, and several limits."""
    for count in (1, 2, 3):
        for chosen in itertools.combinations(BOXES, count):
            for order in itertools.permutations(range(count)):
                for top_k, limit in {(3, 3): 0, (count - 1, 3): 0, (3, count - 1): 0}:
                    if top_k and limit:
                        yield np.stack(chosen), SCORES[list(order)], top_k, IOU, limit


def draw(
    ax: Axes, value: Any, boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int
) -> str:
    """All boxes, dashed, and the proposals, filled; the picture is the grid."""
    draw_grid(ax, SIDE)
    ax.set_xlim(-0.5, 8.3)
    ax.set_ylim(8.3, -2.3)
    for box, score, colour in zip(boxes, scores, colours(len(boxes)), strict=True):
        draw_box(ax, box, colour, f"{score:g}", filled=0, dashed=True)
    for box in value:
        draw_box(ax, box, "black", filled=0.15)
    return f"proposals {in_words(value)}, filled; top_k {top_k}, IoU {iou:g}, limit {limit}"


def clip(boxes: np.ndarray) -> np.ndarray:
    """Every corner inside the picture."""
    return boxes.clip(0, SIDE)


def large(boxes: np.ndarray) -> np.ndarray:
    """Which boxes are no slivers."""
    return ((boxes[:, 2:] - boxes[:, :2]) >= LEAST).all(axis=1)


def after(boxes: np.ndarray, scores: np.ndarray, iou: float, limit: int) -> np.ndarray:
    """The last two filters."""
    return boxes[nms(boxes, scores, iou)[:limit]]


def best(scores: np.ndarray, top_k: int) -> np.ndarray:
    """Indices of the `top_k` best."""
    return np.argsort(-scores, kind="stable")[:top_k]


def limit_before_nms(boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int) -> np.ndarray:
    """Copies use up the places of others."""
    first = best(scores, min(top_k, limit))
    inside = clip(boxes[first])
    sound = large(inside)
    return after(inside[sound], scores[first][sound], iou, limit)


def top_k_is_forgotten(
    boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int
) -> np.ndarray:
    """NMS sees all boxes, which for 200,000 anchors takes minutes."""
    inside = clip(boxes)
    sound = large(inside)
    return after(inside[sound], scores[sound], iou, limit)


def clipped_at_the_end(
    boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int
) -> np.ndarray:
    """NMS compares boxes that reach beyond the picture."""
    first = best(scores, top_k)
    kept = clip(after(boxes[first], scores[first], iou, limit))
    return kept[large(kept)]


def not_clipped(boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int) -> np.ndarray:
    """Proposals reach beyond the picture."""
    first = best(scores, top_k)
    return after(boxes[first], scores[first], iou, limit)


def slivers_stay(boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int) -> np.ndarray:
    """Boxes that are nearly empty after they were clipped take places."""
    first = best(scores, top_k)
    return after(clip(boxes[first]), scores[first], iou, limit)


def worst_first(boxes: np.ndarray, scores: np.ndarray, top_k: int, iou: float, limit: int) -> np.ndarray:
    """`np.argsort` sorts upwards."""
    first = np.argsort(scores)[:top_k]
    inside = clip(boxes[first])
    sound = large(inside)
    return after(inside[sound], scores[first][sound], iou, limit)


EXERCISE = Exercise(
    name="proposals",
    task="Write my_proposals(boxes, scores, top_k, iou, limit): boxes (N, 4) are moved anchors of one level "
    "in a picture of 4 x 4 pixels, scores (N,). Keep the top_k best, clip them to the picture, drop "
    "those with a side of less than 1 pixel, apply NMS with the threshold iou, and return the first "
    "`limit` boxes, (P, 4), best first. You may use nms(boxes, scores, iou), which returns indices, "
    "best first.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "The order is part of the task. np.argsort(-scores)[:top_k] comes first, [:limit] comes last.",
        "boxes.clip(0, 4) clips. Carry the scores along whenever you select boxes.",
        "A side is measured after clipping: ((b[:, 2:] - b[:, :2]) >= 1).all(axis=1) are the boxes that "
        "stay.",
    ),
    wrong={
        "the limit before NMS": limit_before_nms,
        "top_k is forgotten": top_k_is_forgotten,
        "clipped at the end": clipped_at_the_end,
        "not clipped": not_clipped,
        "slivers stay": slivers_stay,
        "the worst first": worst_first,
    },
)
