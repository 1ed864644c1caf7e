"""Tiny worlds that several exercises share: all boxes on a small grid, smallest first."""

import itertools

import numpy as np


def intervals(edges: list[float]) -> list[tuple[float, float]]:
    """All pairs of edges (low, high) with low < high.

    >>> intervals([0, 1, 2])
    [(0, 1), (0, 2), (1, 2)]
    """
    return list(itertools.combinations(edges, 2))


def boxes_on(edges: list[float]) -> list[np.ndarray]:
    """All boxes (x1, y1, x2, y2) whose corners lie on `edges`: those near the corner and small ones first.

    >>> [box.tolist() for box in boxes_on([0, 1, 2])][:3]
    [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 2.0], [1.0, 0.0, 2.0, 1.0]]
    """
    sides = intervals(edges)
    boxes = [np.array([x1, y1, x2, y2], float) for y1, y2 in sides for x1, x2 in sides]
    return sorted(boxes, key=lambda box: (box.max(), (box[2] - box[0]) * (box[3] - box[1]), *box))


def pairs_of_boxes(edges: list[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """All ordered pairs of such boxes; pairs that need the least room come first."""
    boxes = boxes_on(edges)
    return sorted(itertools.product(boxes, boxes), key=lambda pair: max(pair[0].max(), pair[1].max()))


def windows() -> list[tuple[int, int, tuple[int, int], tuple[int, int]]]:
    """Small convolutions without padding: side of the filter, stride, and the sizes of picture and output.

    >>> windows()[:2]
    [(1, 1, (1, 1), (1, 1)), (1, 2, (1, 1), (1, 1))]
    """
    found = []
    for kernel, stride in itertools.product((1, 2, 3), (1, 2)):
        sides = range(kernel, kernel + 3)
        for size in itertools.product(sides, sides):
            height, width = ((side - kernel) // stride + 1 for side in size)
            found.append((kernel, stride, size, (height, width)))
    return sorted(found, key=lambda one: (max(one[2]), sum(one[2])))


def gradients_of(size: tuple[int, int]) -> list[np.ndarray]:
    """What may arrive at an output (h, w): 1 at one place and 0 elsewhere, for each place; then 2, 3, 4, ...

    >>> [grad.tolist() for grad in gradients_of((1, 2))]
    [[[1.0, 0.0]], [[0.0, 1.0]], [[2.0, 3.0]]]
    """
    height, width = size
    single = np.eye(height * width).reshape(-1, height, width)  # (places, h, w)
    return [*single, np.arange(2.0, height * width + 2).reshape(height, width)]
