"""All of Mask R-CNN from scratch in NumPy, made to be read, stepped through, plotted and trusted."""

__version__ = "0.1.0"
