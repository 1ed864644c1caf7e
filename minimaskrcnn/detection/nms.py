"""Non-maximum suppression: of boxes that overlap too much, only the one with the best score stays."""

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.checks import check_number
from minimaskrcnn.detection.checks import as_boxes, as_indices, as_vector


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Indices of the boxes that survive, best score first.

    Boxes are visited by falling score, equal scores in the order of their indices; one goes when its IoU with
    a box already kept is greater than the threshold. The IoU is worked out in the precision of the boxes.

    Parameters
    ----------
    boxes : (N, 4) float array, pixels
    scores : (N,) float array
    iou_threshold : float

    Returns
    -------
    keep : (K,) int64

    Raises
    ------
    InputError
        If the shapes do not go together.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30.0]])
    >>> nms(boxes, np.array([0.8, 0.9, 0.1]), 0.5)
    array([1, 2])
    """
    boxes = as_boxes("nms", boxes)
    scores = as_vector("nms", scores, "scores", len(boxes))
    iou_threshold = check_number("nms", iou_threshold, "iou_threshold")
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        return kernels.active().nms(boxes, scores, iou_threshold)


def batched_nms(boxes: np.ndarray, scores: np.ndarray, idxs: np.ndarray, iou_threshold: float) -> np.ndarray:
    """NMS within each group alone: boxes of different classes (or levels) never suppress each other.

    torchvision moves each class to its own part of the plane and runs NMS once; with negative coordinates the
    parts can overlap, and in float32 the shift disturbs the IoU. This runs the groups one by one, which is
    exact.

    Parameters
    ----------
    boxes : (N, 4) float array, pixels
    scores : (N,) float array
    idxs : (N,) int array, the group of each box
    iou_threshold : float

    Returns
    -------
    keep : (K,) int64, best score first, equal scores in the order of their indices

    Raises
    ------
    InputError
        If the shapes do not go together.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10.0]])
    >>> batched_nms(boxes, np.array([0.8, 0.9]), np.array([1, 2]), 0.5)
    array([1, 0])
    """
    boxes = as_boxes("batched_nms", boxes)
    scores = as_vector("batched_nms", scores, "scores", len(boxes))
    idxs = as_indices("batched_nms", idxs, "idxs", len(boxes))
    check_number("batched_nms", iou_threshold, "iou_threshold")
    members = [np.flatnonzero(idxs == group) for group in np.unique(idxs)]
    kept = [member[nms(boxes[member], scores[member], iou_threshold)] for member in members]
    keep = np.sort(np.concatenate([np.zeros(0, np.int64), *kept]))
    return keep[np.argsort(-scores[keep], kind="stable")]
