"""From the records that a model's parts return to a `Trace`: the name of each stage and of its axes.

This is the table of all stages, in the order in which they happen.
"""

from __future__ import annotations

from collections.abc import Callable

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.fates import Fates
from minimaskrcnn.detection.stages import BoxStages, KeypointStages, MaskStages, PictureStages, RPNStages
from minimaskrcnn.inspection.context import TraceContext
from minimaskrcnn.inspection.trace import LazyStage, MaskStage, Stage, Trace

Stages = dict[str, Stage | LazyStage | MaskStage]

MAP = ("channel", "y", "x")


def assemble(stages: PictureStages, context: TraceContext) -> Trace:
    """The trace of one picture. It shares memory with `stages`, but not with the caller's picture."""
    named: Stages = {
        "input": Stage(stages.image.copy(), MAP),
        "transformed": Stage(stages.transformed, MAP),
    }
    named |= {f"backbone.{name}": Stage(features, MAP) for name, features in stages.backbone.items()}
    named |= {
        f"pyramid.{name}": Stage(features, MAP)
        for name, features in stages.pyramid.items()
        if name not in stages.backbone
    }
    named |= _rpn(stages.rpn) | _boxes(stages.boxes)
    if stages.masks is not None:
        named |= _masks(stages.masks)
    if stages.keypoints is not None:
        named |= _keypoints(stages.keypoints)
    return Trace(named | _detections(stages), context)


def _rpn(rpn: RPNStages) -> Stages:
    kept = rpn.selection.kept
    return {
        "anchors": Stage(rpn.anchors, ("anchor", "xyxy")),
        "anchor_level": Stage(rpn.levels, ("anchor",)),
        "objectness": Stage(rpn.objectness, ("anchor",)),
        "rpn_deltas": Stage(rpn.deltas, ("anchor", "dxdydwdh")),
        "decoded": Stage(rpn.decoded, ("anchor", "xyxy")),
        "clipped": Stage(rpn.clipped, ("anchor", "xyxy")),
        **_fates("anchor", lambda: rpn.fates),
        "proposals": Stage(rpn.proposals, ("proposal", "xyxy")),
        "proposal_scores": Stage(rpn.scores[kept], ("proposal",)),
        "proposal_anchor": Stage(kept, ("proposal",)),
    }


def _boxes(boxes: BoxStages) -> Stages:
    candidates = boxes.candidates
    return {
        "roi_level": Stage(boxes.levels, ("proposal",)),
        "box_features": Stage(boxes.features, ("proposal", *MAP)),
        "class_logits": Stage(boxes.logits, ("proposal", "class")),
        "class_scores": Stage(boxes.scores, ("proposal", "class")),
        "box_deltas": Stage(boxes.deltas, ("proposal", "class", "dxdydwdh")),
        "refined": Stage(boxes.refined, ("proposal", "class", "xyxy")),
        "candidate_roi": Stage(candidates.rois, ("candidate",)),
        "candidate_label": Stage(candidates.labels, ("candidate",)),
        "candidate_score": Stage(candidates.scores, ("candidate",)),
        "candidate_box": Stage(candidates.boxes, ("candidate", "xyxy")),
        **_fates("candidate", lambda: boxes.fates),
        "detection_candidate": Stage(boxes.selection.kept, ("detection",)),
    }


def _masks(masks: MaskStages) -> Stages:
    return {
        "mask_features": Stage(masks.features, ("detection", *MAP)),
        "mask_logits": Stage(masks.logits, ("detection", "class", "y", "x")),
        "mask_probs": Stage(masks.probs, ("detection", "y", "x")),
    }


def _keypoints(points: KeypointStages) -> Stages:
    return {
        "keypoint_features": Stage(points.features, ("detection", *MAP)),
        "keypoint_heatmaps": Stage(points.heatmaps, ("detection", "keypoint", "y", "x")),
        "keypoint_scores": Stage(points.scores, ("detection", "keypoint")),
        "keypoint_peaks": Stage(points.points, ("detection", "keypoint", "xyv")),
    }


def _detections(stages: PictureStages) -> Stages:
    found = stages.detections
    named: Stages = {
        "detection_boxes": Stage(stages.detection_boxes, ("detection", "xyxy")),
        "boxes": Stage(found.boxes, ("detection", "xyxy")),
        "labels": Stage(found.labels, ("detection",)),
        "scores": Stage(found.scores, ("detection",)),
    }
    if found.masks is not None:
        named["masks"] = MaskStage(BoxMasks.of(found.masks), ("detection", "y", "x"))
    if found.keypoints is not None:
        named["keypoints"] = Stage(found.keypoints, ("detection", "keypoint", "xyv"))
    return named


def _fates(kind: str, fates: Callable[[], Fates]) -> Stages:
    """What became of every anchor or candidate, worked out when one of the three stages is read."""
    return {
        f"{kind}_fate": LazyStage(lambda: fates().fate, (kind,)),
        f"{kind}_suppressed_by": LazyStage(lambda: fates().suppressed_by, (kind,)),
        f"{kind}_suppressed_iou": LazyStage(lambda: fates().suppressed_iou, (kind,)),
    }
