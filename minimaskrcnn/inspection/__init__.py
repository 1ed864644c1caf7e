"""Look inside a forward pass: every stage by name, and what became of every candidate."""

from minimaskrcnn.inspection.context import TraceContext
from minimaskrcnn.inspection.coverage import Coverage, anchor_coverage
from minimaskrcnn.inspection.microscope import RoIView, look
from minimaskrcnn.inspection.stories import Story
from minimaskrcnn.inspection.trace import LazyStage, MaskStage, Stage, Trace
from minimaskrcnn.inspection.weights import WeightStatistics, weight_statistics

__all__ = [
    "Coverage",
    "LazyStage",
    "MaskStage",
    "RoIView",
    "Stage",
    "Story",
    "Trace",
    "TraceContext",
    "WeightStatistics",
    "anchor_coverage",
    "look",
    "weight_statistics",
]
