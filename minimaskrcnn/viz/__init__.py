"""Figures of every stage: each function takes a `Trace` (and `ax=None`), draws, and returns the axes."""

from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.demo import demo_figure
from minimaskrcnn.viz.detections import draw_detections, show_detections
from minimaskrcnn.viz.masks import draw_masks, mask_edges, show_mask_probabilities
from minimaskrcnn.viz.picture import draw_picture, show_input
from minimaskrcnn.viz.proposals import show_proposals
from minimaskrcnn.viz.refinement import show_refinement, show_rois
from minimaskrcnn.viz.saving import save
from minimaskrcnn.viz.style import alt_text, class_name, class_style, new_figure
from minimaskrcnn.viz.suppression import show_after_nms, show_before_nms
from minimaskrcnn.viz.training import training_curves

__all__ = [
    "alt_text",
    "class_name",
    "class_style",
    "demo_figure",
    "draw_boxes",
    "draw_detections",
    "draw_masks",
    "draw_picture",
    "label_boxes",
    "mask_edges",
    "new_figure",
    "save",
    "show_after_nms",
    "show_before_nms",
    "show_detections",
    "show_input",
    "show_mask_probabilities",
    "show_proposals",
    "show_refinement",
    "show_rois",
    "training_curves",
]
