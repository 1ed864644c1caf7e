"""Feature maps, channel by channel: what the backbone and the pyramid found in the picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import LABEL, MAP, headline, inches, panels, top_indices


def show_features(
    trace: Trace, stage: str, ax: Axes | None = None, channels: Sequence[int] | None = None, limit: int = 12
) -> Axes:
    """Draw channels of a feature map as tiles; by default those that vary most over the picture.

    Parameters
    ----------
    trace : Trace
    stage : a stage with axes (channel, y, x), such as "pyramid.P2"
    channels : which ones; each tile has its own scale, printed above it
    limit : how many are chosen where `channels` is not given
    """
    maps = trace[stage]
    channels = liveliest(maps, limit) if channels is None else channels
    ax = panels(1, 1, 8, 6)[1][0] if ax is None else ax
    tiles(ax, [maps[channel] for channel in channels], [f"{channel}" for channel in channels])
    height, width = maps.shape[1:]
    see = (
        f"{len(channels)} of {len(maps)} channels, {width}x{height} cells: dark is the least and bright "
        "the most of each tile (range above it)"
    )
    return headline(ax, f"Feature map {stage.split('.')[-1]}", see)


@catalogued(
    22,
    "features",
    Chapter.INSIDE,
    heading="Feature maps of the RPN",
    note="Some channels light up where the objects are.",
)
def features_figure(trace: Trace, stages: Sequence[str] | None = None, limit: int = 6) -> Figure:
    """Draw several feature maps side by side, three per row, each with the channels that vary most.

    Parameters
    ----------
    trace : Trace
    stages : names of the maps; by default those that the RPN reads
    limit : channels of each map
    """
    stages = [level.stage for level in levels(trace)] if stages is None else stages
    columns = min(3, len(stages))
    rows = -(-len(stages) // columns)
    height, width = trace[stages[0]].shape[1:]
    figure, axes = panels(rows, columns, 4.5, min(6, 3.3 * height / width + 0.5))
    for stage, ax in zip(stages, axes, strict=False):
        show_features(trace, stage, ax, limit=limit)
    for ax in axes[len(stages) :]:
        ax.remove()
    return figure


@catalogued(
    33,
    "backbone-maps",
    Chapter.CLOSE_UPS,
    heading="Feature maps of the backbone",
    note="From edges and colours to parts of objects.",
)
def backbone_figure(trace: Trace, limit: int = 6) -> Figure:
    """Draw the feature maps of the backbone side by side, finest first."""
    return features_figure(trace, trace.names("backbone."), limit)


def liveliest(maps: np.ndarray, limit: int) -> list[int]:
    """Indices of the `limit` channels of maps (C, h, w) that vary most, in ascending order."""
    spread = maps.reshape(len(maps), -1).std(axis=1)  # (C, h, w) -> (C, h*w)
    return sorted(top_indices(spread, limit).tolist())


def tiles(ax: Axes, maps: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Lay maps (h, w) side by side on one axes, each with its name and range above."""
    height, width = maps[0].shape
    gap_x, gap_y = 0.06 * width, 0.22 * height
    paper_width, paper_height = inches(ax)
    shape = (width + gap_x) / (height + gap_y)
    columns = max(1, min(len(maps), round(np.sqrt(len(maps) * paper_width / paper_height / shape))))
    rows = -(-len(maps) // columns)
    size = min(LABEL, paper_width / columns * 72 / 14)  # points: about 20 letters fit a tile
    for place, (values, name) in enumerate(zip(maps, names, strict=True)):
        row, column = divmod(place, columns)
        left, top = column * (width + gap_x), row * (height + gap_y)
        ax.imshow(values, extent=(left, left + width, top + height, top), cmap=MAP, interpolation="nearest")
        text = f"{name}: {values.min():.2g} to {values.max():.2g}"
        ax.text(left, top - 0.02 * height, text, fontsize=size, va="bottom")
    ax.set_xlim(-gap_x / 2, columns * (width + gap_x) - gap_x / 2)
    ax.set_ylim(rows * (height + gap_y) - gap_y, -gap_y)
    ax.set_axis_off()
