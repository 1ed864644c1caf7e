"""The picture under every box: in input pixels, or in the pixels the network saw.

All boxes of a trace but the last ones live in *transformed* pixels, those of the resized picture. The picture
shown under them is still the input, sharper and in natural colours, stretched over the resized extent.
"""

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.catalogue import Chapter, catalogued
from minimaskrcnn.viz.style import headline, panels

FINEST = 1200  # pixels per side; more would be drawn slowly and never seen
ENLARGED = 200  # pixels per side up to which a pixel is drawn as a square
WIDEST = 1.8  # a picture longer than this gets empty margins, so that titles and labels keep their room


@catalogued(
    21,
    "input",
    Chapter.INSIDE,
    heading="The input picture",
    note="What goes in, and at which size the network sees it.",
)
def show_input(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw the picture as it was given, in input pixels."""
    image = trace["input"]
    ax = draw_picture(image, ax)
    height, width = image.shape[1:]
    seen_height, seen_width = trace.resized_size
    return headline(
        ax, "Input", f"{width}x{height} pixels; the network sees it at {seen_width}x{seen_height}"
    )


def transformed_picture(trace: Trace, ax: Axes | None = None) -> Axes:
    """Draw the input picture, laid out so that boxes in pixels of the resized picture fall in place."""
    return draw_picture(trace["input"], ax, trace.resized_size)


def draw_picture(image: np.ndarray, ax: Axes | None = None, size: tuple[float, float] | None = None) -> Axes:
    """Draw an image (3, H, W) over the extent `size` (height, width), its own by default."""
    if ax is None:
        ax = panels(1, 1, *panel_size(image, 6))[1][0]
    height, width = image.shape[1:] if size is None else size
    step = thinning(image.shape[1:])
    rgb = np.clip(image[:, ::step, ::step], 0, 1).transpose(1, 2, 0)  # (3, H, W) -> (H, W, 3)
    smooth = None if max(image.shape[1:]) > ENLARGED else "nearest"
    ax.imshow(rgb, extent=(0, width, height, 0), interpolation=smooth)
    room_y, room_x = _room(height, width)
    ax.set_xlim(width / 2 - room_x / 2, width / 2 + room_x / 2)
    ax.set_ylim(height / 2 + room_y / 2, height / 2 - room_y / 2)
    ax.set_facecolor("#EEEEEE")
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def panel_size(image: np.ndarray, width: float = 3.3) -> tuple[float, float]:
    """Width and height in inches of a panel that an image (3, H, W) fills; about the area of a square."""
    room_y, room_x = _room(*image.shape[1:])
    if room_y > room_x:
        width *= np.sqrt(room_x / room_y)
    return width, width * room_y / room_x


def _room(height: float, width: float) -> tuple[float, float]:
    """Height and width with margins that keep a very long picture from becoming a line."""
    return max(height, width / WIDEST), max(width, height / WIDEST)


def thinning(size: tuple[int, ...]) -> int:
    """Every how many pixels of a large picture of `size` (H, W) are drawn."""
    return -(-max(size) // FINEST)


def show_around(ax: Axes, boxes: np.ndarray) -> None:
    """Widen the view so that boxes (N, 4) beyond the picture are seen, and draw the picture's edge."""
    left, right, bottom, top = ax.images[0].get_extent()
    ax.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color="black", linewidth=0.8)
    margin = 0.03 * max(right, bottom)
    low, high = boxes[:, :2].min(axis=0) - margin, boxes[:, 2:].max(axis=0) + margin
    (x1, x2), (y2, y1) = ax.get_xlim(), ax.get_ylim()
    ratio = (y2 - y1) / (x2 - x1)  # kept, so that the axes keep their shape on paper
    x1, x2, y1, y2 = min(x1, low[0]), max(x2, high[0]), min(y1, low[1]), max(y2, high[1])
    more_x, more_y = max(0, (y2 - y1) / ratio - (x2 - x1)), max(0, (x2 - x1) * ratio - (y2 - y1))
    ax.set_xlim(x1 - more_x / 2, x2 + more_x / 2)
    ax.set_ylim(y2 + more_y / 2, y1 - more_y / 2)
