"""Look inside a forward pass: every stage by name, and what became of every candidate."""

from minimaskrcnn.inspection.microscope import RoIView, look
from minimaskrcnn.inspection.stories import Story
from minimaskrcnn.inspection.trace import Recorder, Stage, Trace, trace_model

__all__ = ["Recorder", "RoIView", "Stage", "Story", "Trace", "look", "trace_model"]
