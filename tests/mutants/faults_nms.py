"""Faults in non-maximum suppression, each a small change to one plain version of it."""

import numpy as np
from fault import Fault


def suppress(
    boxes, scores, exceeds, area=lambda sides: sides[..., 0] * sides[..., 1], order=None, union=None
):
    """Keep the best box, drop what `exceeds` says of its IoU with the others, and so on."""
    order = np.argsort(-scores, kind="stable") if order is None else order
    keep, alive = [], list(order)
    while alive:
        best = alive.pop(0)
        keep.append(best)
        rest = boxes[alive]
        sides = np.clip(
            np.minimum(boxes[best, 2:], rest[:, 2:]) - np.maximum(boxes[best, :2], rest[:, :2]), 0, None
        )
        shared = area(sides) * (sides.min(1, initial=np.inf) > 0)
        areas = area(boxes[best, 2:] - boxes[best, :2]) + area(rest[:, 2:] - rest[:, :2])
        with np.errstate(invalid="ignore"):
            iou = shared / (areas - shared if union is None else union(areas, shared))
        alive = [i for i, drop in zip(alive, exceeds(iou), strict=True) if not drop]
    return np.array(keep, np.int64)


class SuppressesAtTheThreshold(Fault):
    """nms drops boxes whose IoU equals the threshold: >= for >."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        return suppress(boxes, scores, lambda iou: iou >= iou_threshold)


class LastOfEqualScores(Fault):
    """nms takes the last of boxes with equal scores first, as a reversed ascending sort does."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        order = np.argsort(scores, kind="stable")[::-1]
        return suppress(boxes, scores, lambda iou: iou > iou_threshold, order=order)


class UnstableSort(Fault):
    """nms sorts without kind="stable", which shows only where there are many boxes."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        order = np.argsort(-scores)
        return suppress(boxes, scores, lambda iou: iou > iou_threshold, order=order)


class PlusOneInAreas(Fault):
    """nms measures sides as x2 - x1 + 1."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        return suppress(
            boxes,
            scores,
            lambda iou: iou > iou_threshold,
            lambda sides: (sides[..., 0] + 1) * (sides[..., 1] + 1),
        )


class OverlapCountedTwice(Fault):
    """nms divides by the sum of the two areas, which counts the overlap twice."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        return suppress(boxes, scores, lambda iou: iou > iou_threshold, union=lambda areas, shared: areas)


class NotANumberSuppresses(Fault):
    """nms keeps what is <= the threshold, so that the NaN of two empty boxes drops one."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        return suppress(boxes, scores, lambda iou: ~(iou <= iou_threshold))


class AnswersInIndexOrder(Fault):
    """nms returns the boxes kept by index, not best first."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        return np.sort(suppress(boxes, scores, lambda iou: iou > iou_threshold))


class TheDeadSuppress(Fault):
    """nms lets a box that was dropped drop others."""

    suite = "nms"

    @staticmethod
    def nms(boxes, scores, iou_threshold):
        order = np.argsort(-scores, kind="stable")
        keep = [
            i
            for n, i in enumerate(order)
            if all(
                len(suppress(boxes[[j, i]], np.array([1.0, 0.5]), lambda iou: iou > iou_threshold)) == 2
                for j in order[:n]
            )
        ]
        return np.array(keep, np.int64)
