"""Figures of every stage. Most functions take a `Trace` and `ax=None`, draw, and return the axes."""

from minimaskrcnn.viz.anchors import show_anchor_matches, show_cell_anchors, show_top_anchors
from minimaskrcnn.viz.annotation_report import annotation_report_figure
from minimaskrcnn.viz.box_head import (
    show_box_features,
    show_filters,
    show_refinement,
    show_roi_levels,
    show_rois,
)
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.catalogue import Chapter, Entry, catalogue_entries, catalogued, stage_figures
from minimaskrcnn.viz.class_nms import (
    show_after_nms,
    show_before_nms,
    show_suppression_overlaps,
    show_suppressors,
    suppression_figure,
)
from minimaskrcnn.viz.coverage import coverage_figure, show_coverage, show_object_sizes
from minimaskrcnn.viz.demo import demo_figure
from minimaskrcnn.viz.detections import draw_detections, show_detection_boxes, show_detections
from minimaskrcnn.viz.diagrams import Diagram, diagram
from minimaskrcnn.viz.distributions import (
    delta_figure,
    show_class_counts,
    show_corners,
    show_delta,
    show_fates,
)
from minimaskrcnn.viz.embedding import Embedded, explore, explore_roi, explore_world
from minimaskrcnn.viz.example import Example, Truth
from minimaskrcnn.viz.features import backbone_figure, features_figure, show_features
from minimaskrcnn.viz.keypoint_steps import keypoint_figure
from minimaskrcnn.viz.keypoint_truth import show_oks
from minimaskrcnn.viz.keypoints import draw_keypoints, heatmap_figure
from minimaskrcnn.viz.mask_steps import mask_figure
from minimaskrcnn.viz.mask_targets import roi_targets_figure, show_mask_targets, show_mini_masks
from minimaskrcnn.viz.masks import draw_masks, mask_edges, show_mask_probabilities, show_pasted_masks
from minimaskrcnn.viz.microscope import (
    gradient_figure,
    microscope_figure,
    proposal_microscope,
    show_roi_grid,
    show_roi_output,
)
from minimaskrcnn.viz.objectness import objectness_figure, show_objectness
from minimaskrcnn.viz.page import write_page
from minimaskrcnn.viz.picture import draw_picture, show_input
from minimaskrcnn.viz.precision import show_average_precision, show_precision_recall
from minimaskrcnn.viz.proposals import (
    refined_figure,
    show_clipped,
    show_decoded,
    show_proposals,
    show_rpn_nms,
)
from minimaskrcnn.viz.roi_article import article_figure, show_bin_sizes, show_lost_and_gained
from minimaskrcnn.viz.roi_errors import ladder_figure, show_shift
from minimaskrcnn.viz.samples import samples_figure, show_sample
from minimaskrcnn.viz.saving import save
from minimaskrcnn.viz.showing import Shown, show
from minimaskrcnn.viz.story import show_story, show_why_missed
from minimaskrcnn.viz.style import alt_text, class_style, new_figure
from minimaskrcnn.viz.training import training_curves
from minimaskrcnn.viz.truth import show_overlaps, show_recall
from minimaskrcnn.viz.weights import show_weight_histogram, show_weight_table, weight_histograms
from minimaskrcnn.viz.words import class_name

__all__ = [
    "Chapter",
    "Diagram",
    "Embedded",
    "Entry",
    "Example",
    "Shown",
    "Truth",
    "alt_text",
    "annotation_report_figure",
    "article_figure",
    "backbone_figure",
    "catalogue_entries",
    "catalogued",
    "class_name",
    "class_style",
    "coverage_figure",
    "delta_figure",
    "demo_figure",
    "diagram",
    "draw_boxes",
    "draw_detections",
    "draw_keypoints",
    "draw_masks",
    "draw_picture",
    "explore",
    "explore_roi",
    "explore_world",
    "features_figure",
    "gradient_figure",
    "heatmap_figure",
    "keypoint_figure",
    "label_boxes",
    "ladder_figure",
    "mask_edges",
    "mask_figure",
    "microscope_figure",
    "new_figure",
    "objectness_figure",
    "proposal_microscope",
    "refined_figure",
    "roi_targets_figure",
    "samples_figure",
    "save",
    "show",
    "show_after_nms",
    "show_anchor_matches",
    "show_average_precision",
    "show_before_nms",
    "show_bin_sizes",
    "show_box_features",
    "show_cell_anchors",
    "show_class_counts",
    "show_clipped",
    "show_corners",
    "show_coverage",
    "show_decoded",
    "show_delta",
    "show_detection_boxes",
    "show_detections",
    "show_fates",
    "show_features",
    "show_filters",
    "show_input",
    "show_lost_and_gained",
    "show_mask_probabilities",
    "show_mask_targets",
    "show_mini_masks",
    "show_object_sizes",
    "show_objectness",
    "show_oks",
    "show_overlaps",
    "show_pasted_masks",
    "show_precision_recall",
    "show_proposals",
    "show_recall",
    "show_refinement",
    "show_roi_grid",
    "show_roi_levels",
    "show_roi_output",
    "show_rois",
    "show_rpn_nms",
    "show_sample",
    "show_shift",
    "show_story",
    "show_suppression_overlaps",
    "show_suppressors",
    "show_top_anchors",
    "show_weight_histogram",
    "show_weight_table",
    "show_why_missed",
    "stage_figures",
    "suppression_figure",
    "training_curves",
    "weight_histograms",
    "write_page",
]
