"""Measuring a detector: COCO average precision and recall; boundary IoU and centroid offset of its masks.

`CocoEvaluator` compares boxes, masks or keypoints.
"""

from minimaskrcnn.evaluation.average_precision import CocoEvaluator, object_areas
from minimaskrcnn.evaluation.boundary import boundary_iou, mask_boundaries
from minimaskrcnn.evaluation.curves import Curves
from minimaskrcnn.evaluation.localisation import LocalisationEvaluator, centroids, matched_pairs
from minimaskrcnn.evaluation.matching import match
from minimaskrcnn.evaluation.table import format_summary

__all__ = [
    "CocoEvaluator",
    "Curves",
    "LocalisationEvaluator",
    "boundary_iou",
    "centroids",
    "format_summary",
    "mask_boundaries",
    "match",
    "matched_pairs",
    "object_areas",
]
