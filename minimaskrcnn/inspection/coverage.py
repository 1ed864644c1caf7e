"""Do the anchors fit the objects? The best IoU that any anchor reaches with each object of a data set.

An object that no anchor overlaps by the RPN's threshold (0.7 by default) is matched to its best anchor only,
and one below 0.3 shares that anchor with the background around it. Better sizes are then worth more than
longer training.

    coverage = anchor_coverage(model, dataset)
    print(coverage)                    # in words
    coverage.suggested                 # one size for each size there is now
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.detection.anchors import cell_anchors
from minimaskrcnn.detection.boxes import box_area, box_iou, resize_boxes

COVERED = 0.5
RATIOS = (0.5, 1.0, 2.0)
AT_ONCE = 1024  # objects that are compared with anchors together


@dataclass(frozen=True)
class Coverage:
    """How well anchors cover the objects of a data set.

    Attributes
    ----------
    best_iou : (N,) with the best anchor, object by object
    sizes : (N, 2) width and height of the objects, pixels of the resized picture
    image_ids : (N,) int, where each object is
    anchors : (S, 2) widths and heights of the anchors of one cell, all levels
    now : sizes of the anchors there are, as the model states them, pixels
    suggested : as many sizes that fit the objects, rounded to whole pixels
    suggested_iou : (N,) best IoU of shapes alone, each centred on its object, with the suggested sizes
    now_iou : (N,) the same with the sizes there are: what is lost to shape and not to position
    fg_iou_thresh : IoU from which the RPN calls an anchor an object
    """

    best_iou: np.ndarray
    sizes: np.ndarray
    image_ids: np.ndarray
    anchors: np.ndarray
    now: list[int]
    suggested: list[int]
    suggested_iou: np.ndarray
    now_iou: np.ndarray
    fg_iou_thresh: float

    @property
    def never(self) -> np.ndarray:
        """Indices of the objects that no anchor covers by one half."""
        return np.flatnonzero(self.best_iou < COVERED)

    def __str__(self) -> str:
        if len(self.best_iou) == 0:
            return "no objects"
        objects = len(self.best_iou)
        pictures = len(np.unique(self.image_ids[self.never]))
        low, mid, high = np.quantile(np.sqrt(self.sizes.prod(1)), [0.05, 0.5, 0.95])
        return "\n".join(
            [
                f"{objects} objects; sides (5, 50, 95 %) {low:.0f}, {mid:.0f}, {high:.0f} px, resized",
                f"best IoU with an anchor: mean {self.best_iou.mean():.2f}, least {self.best_iou.min():.2f}; "
                f"{np.mean(self.best_iou >= self.fg_iou_thresh):.0%} reach {self.fg_iou_thresh}",
                f"never covered (below {COVERED}): {len(self.never)} objects in {pictures} pictures",
                f"sizes now {self.now}: shapes alone reach {self.now_iou.mean():.2f} on average",
                f"sizes suggested {self.suggested}: shapes alone would reach {self.suggested_iou.mean():.2f}",
            ]
        )


def anchor_coverage(model: Any, dataset: Any, indices: Iterable[int] | None = None) -> Coverage:
    """Compare every object of a data set with every anchor that its picture gets.

    The anchors of a picture depend on its size alone, so backbone and RPN are run once for each size that
    occurs.

    Parameters
    ----------
    model : MaskRCNN
    dataset : Dataset
    indices : pictures to look at; all by default
    """
    anchors: dict[tuple[int, ...], np.ndarray] = {}
    best, sizes, ids = [np.zeros(0)], [np.zeros((0, 2))], [np.zeros(0, np.int64)]
    for index in range(len(dataset)) if indices is None else indices:
        image, target = dataset[index]
        if image.shape not in anchors:
            anchors[image.shape] = model.anchors(image)
        resized = model.transform.resized_size(image.shape[1:])
        boxes = resize_boxes(target.boxes[~target.iscrowd], image.shape[1:], resized)
        best.append(best_iou(boxes, anchors[image.shape]))
        sizes.append(boxes[:, 2:] - boxes[:, :2])
        ids.append(np.full(len(boxes), target.image_id))
    generator = model.rpn.anchor_generator
    cells = np.concatenate([cell[:, 2:] - cell[:, :2] for cell in generator.cells])  # (S, 2)
    now = sorted({round(size) for level in generator.sizes for size in level})
    threshold = model.rpn.matcher.high_threshold
    return summarise(np.concatenate(best), np.concatenate(sizes), np.concatenate(ids), cells, now, threshold)


def best_iou(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """The best IoU of each box (N, 4) with any anchor (A, 4): the numbers of ``box_iou(...).max(axis=1)``.

    Anchors of one shape stand at every crossing of a grid, and IoU grows with the area in common, which is
    width times height. So the best column and the best row are found apart from each other: N * (w + h)
    comparisons instead of N * w * h. A picture in which every pixel is an object takes a second.

    Examples
    --------
    >>> best_iou(np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 6, 4], [9, 9, 13, 13]])).round(3)
    array([0.333])
    """
    best = np.zeros(len(boxes), np.result_type(boxes, anchors))
    shapes, shape_of = np.unique(anchors[:, 2:] - anchors[:, :2], axis=0, return_inverse=True)
    for shape in range(len(shapes)):
        mine = anchors[shape_of.ravel() == shape]
        columns, rows = (np.unique(mine[:, [axis, axis + 2]], axis=0) for axis in (0, 1))  # (w, 2), (h, 2)
        is_grid = len(columns) * len(rows) == len(mine)
        for start in range(0, len(boxes), AT_ONCE):
            some = boxes[start : start + AT_ONCE]
            if is_grid:
                common = _longest_common(some[:, [0, 2]], columns) * _longest_common(some[:, [1, 3]], rows)
                iou = common / (box_area(some) + box_area(mine[:1]) - common)
            else:
                iou = box_iou(some, mine).max(axis=1)
            best[start : start + AT_ONCE] = np.maximum(best[start : start + AT_ONCE], iou)
    return best


def _longest_common(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The length that each interval (N, 2) has in common with the best of some others (M, 2): (N,)."""
    common = np.minimum(a[:, None, 1], b[:, 1]) - np.maximum(a[:, None, 0], b[:, 0])  # (N, M)
    return np.maximum(common.max(axis=1), 0)


def summarise(
    best_iou: np.ndarray,
    sizes: np.ndarray,
    image_ids: np.ndarray,
    cells: np.ndarray,
    now: list[int],
    fg_iou_thresh: float,
) -> Coverage:
    """Add the suggestion: as many sizes as there are now."""
    suggested = suggest_sizes(sizes, len(now))
    shapes = cell_anchors(suggested, RATIOS)
    return Coverage(
        best_iou,
        sizes,
        image_ids,
        cells,
        now,
        suggested,
        shape_iou(sizes, shapes[:, 2:] - shapes[:, :2]),
        shape_iou(sizes, cells),
        fg_iou_thresh,
    )


def suggest_sizes(sizes: np.ndarray, count: int) -> list[int]:
    """`count` sizes that split the objects into groups of equal number, each its group's median side.

    >>> suggest_sizes(np.array([[10, 10], [12, 12], [40, 40], [44, 44.0]]), 2)
    [11, 42]
    """
    if len(sizes) == 0:
        return []
    sides = np.sqrt(np.asarray(sizes, np.float64).prod(axis=1))
    middles = (np.arange(count) + 0.5) / count
    return sorted({max(1, round(float(side))) for side in np.quantile(sides, middles, method="hazen")})


def shape_iou(sizes: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """Best IoU (N,) of each object (N, 2) with any shape (S, 2), both centred on one point."""
    common = np.minimum(sizes[:, None], shapes).prod(axis=2)  # (N, S)
    union = sizes.prod(axis=1)[:, None] + shapes.prod(axis=1) - common
    return (common / union).max(axis=1, initial=0)
