"""Tools to check an op, ours or your own."""

from minimaskrcnn.testing.gradcheck import GradientError, NonSmoothPoint, gradcheck

__all__ = ["GradientError", "NonSmoothPoint", "gradcheck"]
