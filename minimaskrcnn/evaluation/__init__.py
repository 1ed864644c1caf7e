"""Measuring a detector: COCO average precision and recall, for boxes and masks."""

from minimaskrcnn.evaluation.average_precision import CocoEvaluator
from minimaskrcnn.evaluation.curves import Curves
from minimaskrcnn.evaluation.matching import match
from minimaskrcnn.evaluation.table import format_summary

__all__ = ["CocoEvaluator", "Curves", "format_summary", "match"]
