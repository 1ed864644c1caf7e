"""How well found objects are drawn: boundary IoU and centroid offset of detections matched to the truth.

    matched pair:     COCO's greedy match of one class at mask IoU >= 0.5
    boundary IoU:     of the pair's masks (`boundary`)
    centroid offset:  distance between the pair's centres of mass, in pixels

AP mixes finding with drawing. These two look at the pairs only, so they say nothing about objects that were
missed: read them beside the matched part of the objects.
"""

import numpy as np

from minimaskrcnn.checks import check_number
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.checks import as_masks
from minimaskrcnn.detection.structures import Detections, Target, as_detections, as_target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import overlap
from minimaskrcnn.evaluation.boundary import boundary_iou
from minimaskrcnn.evaluation.matching import match

IOU = 0.5


def centroids(masks: np.ndarray) -> np.ndarray:
    """Return the centre of mass (x, y) of each mask (N, H, W), in pixels; NaN for an empty one.

    A pixel's mass sits at its middle, so the mask of pixel (0, 0) alone has its centroid at (0.5, 0.5).

    Examples
    --------
    >>> mask = np.zeros((1, 4, 6), bool)
    >>> mask[0, :, 2:5] = True
    >>> centroids(mask)
    array([[3.5, 2. ]])
    """
    masks = as_masks("centroids", masks)
    _, H, W = masks.shape
    area = masks.sum((1, 2)).astype(np.float64)
    x = masks.sum(1) @ (np.arange(W) + 0.5)  # (N, W) @ (W,)
    y = masks.sum(2) @ (np.arange(H) + 0.5)  # (N, H) @ (H,)
    with np.errstate(invalid="ignore"):
        return np.stack([x, y], 1) / area[:, None]


def matched_pairs(target: Target, detections: Detections, iou: float = IOU) -> tuple[np.ndarray, np.ndarray]:
    """Pair detections with the true objects of their class, best score first, at mask IoU >= `iou`.

    Returns
    -------
    found, true : (P,) int64 arrays
        Indices into the detections and into the target; crowds are never paired.

    Raises
    ------
    InputError
        If either comes without masks.
    """
    here = f"matched_pairs: image_id {getattr(target, 'image_id', None)}"
    target = as_target(here, target, masks_needed=True)
    detections = as_detections(here, detections, masks_needed=True)
    iou = check_number("matched_pairs", iou, "iou", 0, 1)
    assert target.masks is not None  # by as_target
    assert detections.masks is not None
    if target.masks.shape[1:] != detections.masks.shape[1:]:
        raise InputError(
            f"{here}: true masks are {target.masks.shape[1:]} (height, width) and detected ones "
            f"{detections.masks.shape[1:]}; paste the masks at the picture's own size."
        )
    order = np.argsort(-detections.scores, kind="stable")
    drawn, outlines = BoxMasks.of(detections.masks), BoxMasks.of(target.masks)
    pairs = [np.zeros((2, 0), np.int64)]
    for label in np.intersect1d(target.labels, detections.labels):
        mine = order[detections.labels[order] == label]  # (D,)
        theirs = np.flatnonzero((target.labels == label) & ~target.iscrowd)  # (G,)
        winner = _winners(drawn[mine], outlines[theirs], iou)
        pairs.append(np.stack([mine[winner >= 0], theirs[winner[winner >= 0]]]))
    found, true = np.concatenate(pairs, 1)
    return found, true


def _winners(found: BoxMasks, true: BoxMasks, iou: float) -> np.ndarray:
    """Index of the true mask that each found mask took, (D,), or -1."""
    none = np.zeros(len(true), bool)
    ious = overlap.iou_matrix(overlap.mask_intersections(found, true), found.areas(), true.areas(), none)
    winner, _ = match(ious, none[None], none, np.array([iou]))  # (1, 1, D)
    return winner[0, 0]


class LocalisationEvaluator:
    """Collects pictures one by one, then gives the means over all matched pairs.

    Examples
    --------
    >>> mask = np.zeros((1, 40, 40), bool)
    >>> mask[0, 5:25, 5:25] = True
    >>> box, label = np.array([[5, 5, 25, 25]], np.float32), np.array([1])
    >>> evaluator = LocalisationEvaluator()
    >>> found = Detections(box, label, np.array([0.9], np.float32), np.roll(mask, 1, axis=2))
    >>> evaluator.add(Target(box, label, mask), found)
    >>> evaluator.summary()["centroid_offset"], evaluator.summary()["matched"]
    (1.0, 1.0)
    """

    def __init__(self) -> None:
        self._boundary: list[np.ndarray] = []
        self._offset: list[np.ndarray] = []
        self._objects = 0

    def add(self, target: Target, detections: Detections) -> None:
        """Match and measure one picture; both need masks of the picture's size."""
        found, true = matched_pairs(target, detections)
        assert target.masks is not None  # by matched_pairs
        assert detections.masks is not None
        a, b = np.asarray(detections.masks[found]), np.asarray(target.masks[true])
        self._boundary.append(boundary_iou(a, b))
        self._offset.append(np.linalg.norm(centroids(a) - centroids(b), axis=1))
        self._objects += int((np.asarray(target.iscrowd) == 0).sum())

    def summary(self) -> dict[str, float]:
        """Means over the pairs of all pictures.

        Returns
        -------
        dict with ``boundary_iou``, ``centroid_offset`` (pixels), NaN without any pair, and ``matched``, the
        part of the true objects that were matched.
        """
        boundary = np.concatenate([np.zeros(0), *self._boundary])
        offset = np.concatenate([np.zeros(0), *self._offset])
        return {
            "boundary_iou": float(boundary.mean()) if len(boundary) else float("nan"),
            "centroid_offset": float(offset.mean()) if len(offset) else float("nan"),
            "matched": len(boundary) / self._objects if self._objects else float("nan"),
        }
