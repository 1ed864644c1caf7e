"""One figure that walks a picture through the whole network, from pixels to masks."""

from matplotlib.figure import Figure

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.box_head import show_refinement, show_rois
from minimaskrcnn.viz.class_nms import show_after_nms, show_before_nms
from minimaskrcnn.viz.detections import show_detections
from minimaskrcnn.viz.masks import show_mask_probabilities
from minimaskrcnn.viz.picture import panel_size, show_input
from minimaskrcnn.viz.proposals import show_proposals
from minimaskrcnn.viz.style import number_headline, panels


def demo_figure(trace: Trace) -> Figure:
    """Draw input, proposals, RoIs before and after refinement and NMS, 28x28 masks and detections.

    Parameters
    ----------
    trace : Trace of one picture, whatever its size and however many detections

    Returns
    -------
    Figure
        eight panels in two rows, numbered in the order of the forward pass
    """
    figure, axes = panels(2, 4, *panel_size(trace["input"]))
    show_input(trace, axes[0])
    show_proposals(trace, axes[1])
    show_rois(trace, axes[2])
    show_refinement(trace, axes[3])
    show_before_nms(trace, axes[4])
    show_after_nms(trace, axes[5])
    show_mask_probabilities(trace, axes[6])
    show_detections(trace, axes[7])
    for position, ax in enumerate(axes, start=1):
        number_headline(ax, position)
    return figure
