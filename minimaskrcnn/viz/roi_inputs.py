"""What the box head receives: which pyramid level each RoI reads, and the 7x7 features it gets."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.boxes import draw_boxes, label_boxes
from minimaskrcnn.viz.features import tiles
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.picture import transformed_picture
from minimaskrcnn.viz.style import class_style, headline, panels, plural, say


def show_roi_levels(trace: Trace, ax: Axes | None = None, limit: int = 40) -> Axes:
    """The best proposals in the colour and dash of the level they read: small ones on fine maps."""
    ax = transformed_picture(trace, ax)
    level_of = trace["roi_level"]
    names, first = [], []
    for level in levels(trace):
        mine = np.flatnonzero(level_of == level.index)
        if len(mine):
            style = class_style(level.index + 1)
            draw_boxes(ax, trace["proposals"][mine[mine < limit]], style.colour, style.dash)
            names.append(f"{level.name}: {len(mine)}")
            first.append((trace["proposals"][mine[0]], style.colour))
    if not names:
        say(ax, "no RoIs")
    label_boxes(ax, np.array([box for box, _ in first]), names, [colour for _, colour in first])
    see = f"{plural(len(level_of), 'RoI')} ({', '.join(names)}): a box twice as large reads one level coarser"
    return headline(ax, "The level of each RoI", see)


def show_box_features(
    trace: Trace,
    proposal: int,
    ax: Axes | None = None,
    channels: Sequence[int] | None = None,
    limit: int = 12,
) -> Axes:
    """The 7x7 features of one proposal, the channels that vary most."""
    features = trace["box_features"][proposal]  # (C, y, x)
    if channels is None:
        spread = features.reshape(len(features), -1).std(axis=1)  # (C, y, x) -> (C, y*x)
        channels = np.sort(np.argsort(-spread, kind="stable")[:limit]).tolist()
    ax = panels(1, 1, 7, 6)[1][0] if ax is None else ax
    tiles(ax, [features[channel] for channel in channels], [f"{channel}" for channel in channels])
    height, width = features.shape[1:]
    see = f"{len(channels)} of {len(features)} channels: all the box head will ever know of this RoI"
    return headline(ax, f"{height}x{width} features of proposal {proposal}", see)
