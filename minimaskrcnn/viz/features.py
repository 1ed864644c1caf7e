"""Feature maps, channel by channel: what the backbone and the pyramid found in the picture."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.levels import levels
from minimaskrcnn.viz.style import LABEL, MAP, SIGNED, headline, inches, panels, top_indices


def show_features(
    trace: Trace, stage: str, ax: Axes | None = None, channels: Sequence[int] | None = None, limit: int = 12
) -> Axes:
    """Draw channels of a feature map as tiles; by default those that vary most over the picture.

    Parameters
    ----------
    trace : Trace
    stage : a stage with axes (channel, y, x), such as "pyramid.P2"
    channels : which ones; all tiles share one scale, and the range of each stands above it
    limit : how many are chosen where `channels` is not given
    """
    maps = trace[stage]
    channels = liveliest(maps, limit) if channels is None else channels
    ax = panels(1, 1, 8, 6)[1][0] if ax is None else ax
    shown = [maps[channel] for channel in channels]
    tiles(ax, shown, [f"{channel}" for channel in channels])
    height, width = maps.shape[1:]
    see = (
        f"{len(channels)} of {len(maps)} channels, {width}x{height} cells (range above each): "
        f"{in_words(shown)}"
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
    """Draw several feature maps below each other, each with the channels that vary most.

    Parameters
    ----------
    trace : Trace
    stages : names of the maps; by default those that the RPN reads
    limit : channels of each map
    """
    stages = [level.stage for level in levels(trace)] if stages is None else stages
    height, width = trace[stages[0]].shape[1:]
    figure, axes = panels(len(stages), 1, 7.6, min(4, 1.4 * height / width + 0.3), title=0.55)
    for stage, ax in zip(stages, axes, strict=True):
        show_features(trace, stage, ax, limit=limit)
    return figure


@catalogued(
    33,
    "backbone-maps",
    Chapter.CLOSE_UPS,
    heading="Feature maps of the backbone",
    note="From edges and colours to parts of objects.",
)
def backbone_figure(trace: Trace, limit: int = 6) -> Figure:
    """Draw the feature maps of the backbone below each other, finest first."""
    return features_figure(trace, trace.names("backbone."), limit)


def liveliest(maps: np.ndarray, limit: int) -> list[int]:
    """Indices of the `limit` channels of maps (C, h, w) that vary most, in ascending order."""
    spread = maps.reshape(len(maps), -1).std(axis=1)  # (C, h, w) -> (C, h*w)
    return sorted(top_indices(spread, limit).tolist())


def scale_of(maps: Sequence[np.ndarray]) -> tuple[str, float, float]:
    """The colour map and the range that maps share: centred on 0 where one of them is negative.

    A few cells may lie far beyond all others; the range ends where 99.5 % of the cells are inside.

    Examples
    --------
    >>> scale_of([np.array([[-1.0, 2.0]])])[0], scale_of([np.array([[0.0, 2.0]])])[0]
    ('RdBu_r', 'cividis')
    """
    values = np.concatenate([one.ravel() for one in maps])
    most = float(np.quantile(np.abs(values), 0.995)) or 1.0
    return (SIGNED, -most, most) if values.min() < 0 else (MAP, 0.0, most)


def in_words(maps: Sequence[np.ndarray]) -> str:
    """What the colours of `tiles` mean."""
    name, _, most = scale_of(maps)
    if name == SIGNED:
        return f"on one scale, blue -{most:.2g}, white 0, red {most:.2g}"
    return f"on one scale, dark 0, bright {most:.2g}"


def tiles(ax: Axes, maps: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Lay maps (h, w) side by side on one axes and one scale, each with its name and range above."""
    colours, low, high = scale_of(maps)
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
        ax.imshow(
            values,
            extent=(left, left + width, top + height, top),
            cmap=colours,
            vmin=low,
            vmax=high,
            interpolation="nearest",
        )
        text = f"{name}: {values.min():.2g} to {values.max():.2g}"
        ax.text(left, top - 0.02 * height, text, fontsize=size, va="bottom")
    ax.set_xlim(-gap_x / 2, columns * (width + gap_x) - gap_x / 2)
    ax.set_ylim(rows * (height + gap_y) - gap_y, -gap_y)
    ax.set_axis_off()
