"""Figures of every stage: each function takes a `Trace` (and `ax=None`), draws, and returns the axes."""

from minimaskrcnn.viz.anchors import show_anchor_matches, show_cell_anchors, show_top_anchors
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.demo import demo_figure
from minimaskrcnn.viz.detections import draw_detections, show_detections
from minimaskrcnn.viz.distributions import (
    delta_figure,
    show_class_counts,
    show_corners,
    show_delta,
    show_fates,
)
from minimaskrcnn.viz.features import show_features
from minimaskrcnn.viz.mask_steps import mask_figure
from minimaskrcnn.viz.masks import draw_masks, mask_edges, show_mask_probabilities
from minimaskrcnn.viz.microscope import (
    article_figure,
    gradient_figure,
    microscope_figure,
    proposal_microscope,
    show_roi_grid,
    show_roi_output,
    show_shift,
)
from minimaskrcnn.viz.nms_steps import show_suppression_overlaps, show_suppressors, suppression_figure
from minimaskrcnn.viz.objectness import objectness_figure, show_objectness
from minimaskrcnn.viz.picture import draw_picture, show_input
from minimaskrcnn.viz.proposals import show_proposals
from minimaskrcnn.viz.refinement import show_refinement, show_rois
from minimaskrcnn.viz.roi_inputs import show_box_features, show_roi_levels
from minimaskrcnn.viz.rpn_boxes import show_clipped, show_decoded, show_rpn_nms
from minimaskrcnn.viz.saving import save
from minimaskrcnn.viz.showing import Shown, show
from minimaskrcnn.viz.stages import stage_figures
from minimaskrcnn.viz.story import show_story
from minimaskrcnn.viz.style import alt_text, class_name, class_style, new_figure
from minimaskrcnn.viz.suppression import show_after_nms, show_before_nms
from minimaskrcnn.viz.training import training_curves
from minimaskrcnn.viz.truth import show_overlaps, show_recall

__all__ = [
    "Shown",
    "alt_text",
    "article_figure",
    "class_name",
    "class_style",
    "delta_figure",
    "demo_figure",
    "draw_boxes",
    "draw_detections",
    "draw_masks",
    "draw_picture",
    "gradient_figure",
    "label_boxes",
    "mask_edges",
    "mask_figure",
    "microscope_figure",
    "new_figure",
    "objectness_figure",
    "proposal_microscope",
    "save",
    "show",
    "show_after_nms",
    "show_anchor_matches",
    "show_before_nms",
    "show_box_features",
    "show_cell_anchors",
    "show_class_counts",
    "show_clipped",
    "show_corners",
    "show_decoded",
    "show_delta",
    "show_detections",
    "show_fates",
    "show_features",
    "show_input",
    "show_mask_probabilities",
    "show_objectness",
    "show_overlaps",
    "show_proposals",
    "show_recall",
    "show_refinement",
    "show_roi_grid",
    "show_roi_levels",
    "show_roi_output",
    "show_rois",
    "show_rpn_nms",
    "show_shift",
    "show_story",
    "show_suppression_overlaps",
    "show_suppressors",
    "show_top_anchors",
    "stage_figures",
    "suppression_figure",
    "training_curves",
]
