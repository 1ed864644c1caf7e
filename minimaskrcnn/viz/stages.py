"""Every figure of one forward pass, in the order of the pass: what a tour or a report walks through."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Story, Trace
from minimaskrcnn.viz import (
    anchors,
    detections,
    distributions,
    features,
    filters,
    mask_steps,
    mask_targets,
    masks,
    microscope,
    nms_steps,
    objectness,
    picture,
    proposals,
    refinement,
    roi_inputs,
    rpn_boxes,
    story,
    suppression,
    truth,
)
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import HIGH_SCORE

Draw = Callable[[], Axes | Figure]


def stage_figures(
    trace: Trace, class_names: Sequence[str] | None = None, target: Target | None = None
) -> dict[str, Callable[[], Figure]]:
    """Name and drawing of every stage figure, in order; a figure is drawn when it is called for.

    Figures without a subject in this picture (masks of a model without a mask head, the microscope without
    proposals) are left out, and so are those that need the truth where no `target` is given.

    Parameters
    ----------
    trace : Trace
    class_names : names by label, 0 the background
    target : the true objects, in input pixels

    Examples
    --------
    ``for name, draw in stage_figures(trace, names).items(): save(draw(), f"{name}.png")``
    """
    figures: dict[str, Draw] = {"input": lambda: picture.show_input(trace)}
    for stage in trace.names("backbone.") + trace.names("pyramid."):
        figures[f"features-{stage.split('.')[1]}"] = partial(features.show_features, trace, stage)
    figures["backbone-maps"] = lambda: features.features_figure(trace, trace.names("backbone."))
    figures["features"] = lambda: features.features_figure(trace, [level.stage for level in levels(trace)])
    figures |= _rpn(trace, target)
    figures |= _box_head(trace, class_names)
    figures |= _answers(trace, class_names, target)
    return {name: figure_of(draw) for name, draw in figures.items()}


def _rpn(trace: Trace, target: Target | None) -> dict[str, Draw]:
    figures: dict[str, Draw] = {"anchors-of-one-cell": lambda: anchors.show_cell_anchors(trace)}
    if target is not None:
        figures["anchor-matches"] = lambda: anchors.show_anchor_matches(trace, target.boxes)
    figures |= {
        "objectness": lambda: objectness.objectness_figure(trace),
        "top-anchors": lambda: anchors.show_top_anchors(trace),
        "rpn-deltas": lambda: distributions.delta_figure(trace),
        "refined": lambda: rpn_boxes.refined_figure(trace),
        "refined-anchors": lambda: rpn_boxes.show_decoded(trace),
        "clipped": lambda: rpn_boxes.show_clipped(trace),
        "rpn-nms": lambda: rpn_boxes.show_rpn_nms(trace),
        "anchor-fates": lambda: distributions.show_fates(trace, "anchor"),
        "proposals": lambda: proposals.show_proposals(trace),
        "proposal-corners": lambda: distributions.show_corners(trace),
    }
    if target is not None:
        figures["recall"] = lambda: truth.show_recall(trace, target.boxes)
    return figures


def _box_head(trace: Trace, class_names: Sequence[str] | None) -> dict[str, Draw]:
    figures: dict[str, Draw] = {"roi-levels": lambda: roi_inputs.show_roi_levels(trace)}
    if len(trace["proposals"]):
        best = _best_proposal(trace)
        figures["roi-microscope"] = lambda: microscope.proposal_microscope(trace, best)
        figures["roi-features"] = lambda: roi_inputs.show_box_features(trace, best)
    return figures | {
        "roi-classes": lambda: distributions.show_class_counts(trace, None, class_names),
        "rois-before-refinement": lambda: refinement.show_rois(trace, None, class_names),
        "rois-after-refinement": lambda: refinement.show_refinement(trace, None, class_names),
        "filters": lambda: filters.show_filters(trace),
        "before-nms": lambda: suppression.show_before_nms(trace, None, class_names),
        "nms-by-class": lambda: nms_steps.suppression_figure(trace, class_names),
        "after-nms": lambda: suppression.show_after_nms(trace, None, class_names),
        "candidate-fates": lambda: distributions.show_fates(trace, "candidate"),
    }


def _answers(trace: Trace, class_names: Sequence[str] | None, target: Target | None) -> dict[str, Draw]:
    figures: dict[str, Draw] = {
        "detection-boxes": lambda: detections.show_detection_boxes(trace, None, class_names)
    }
    if "mask_probs" in trace:
        figures["mask-probabilities"] = lambda: masks.show_mask_probabilities(trace, None, class_names)
        figures["pasted-masks"] = lambda: masks.show_pasted_masks(trace)
        if len(trace["boxes"]):
            figures["mask-steps"] = lambda: mask_steps.mask_figure(trace, 0, target)
    if len(trace["boxes"]):
        figures["story"] = lambda: story.show_story(trace, trace.story(0))
    if target is not None and len(target.boxes):
        figures["why-missed"] = lambda: story.show_story(trace, _worst_found(trace, target))
        if "mask_probs" in trace and target.masks is not None:
            figures["mask-targets"] = lambda: mask_targets.show_mask_targets(trace, target, None, class_names)
        if target.masks is not None:
            figures["roi-targets"] = lambda: mask_targets.roi_targets_figure(trace, target, class_names)
    figures["detections"] = lambda: detections.show_detections(trace, None, class_names)
    if target is not None:
        figures["truth"] = lambda: truth.show_overlaps(trace, target, None, class_names)
    return figures


def _best_proposal(trace: Trace) -> int:
    """The proposal behind the best candidate."""
    if len(trace["candidate_score"]) == 0:
        return 0
    return int(trace["candidate_roi"][np.argmax(trace["candidate_score"])])


def _worst_found(trace: Trace, target: Target) -> Story:
    """Why the object that the detections of its class overlap least was missed, or how it was found."""
    iou = np.nan_to_num(box_iou(target.boxes, trace["boxes"]))  # (N, D)
    right = (target.labels[:, None] == trace["labels"]) & (trace["scores"] >= HIGH_SCORE)
    worst = int((iou * right).max(axis=1, initial=0).argmin())
    return trace.why_missed(target.boxes[worst], int(target.labels[worst]))


def figure_of(draw: Draw) -> Callable[[], Figure]:
    """The drawing as a function that returns its figure, whatever `draw` itself returns."""

    def drawn() -> Figure:
        answer = draw()
        figure = answer if isinstance(answer, Figure) else answer.get_figure(root=True)
        assert figure is not None
        return figure

    return drawn
