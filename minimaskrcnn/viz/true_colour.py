"""Small pictures in true colour, and how far two drawings of a figure are apart.

    value kept = min(255, 8 * round(value / 8))        five bits of each channel

No channel of any pixel moves by more than 4 of 255, and black and white stay what they are. What is given up
is the faintest noise, which nobody sees and no compression shortens. A palette would be smaller still, but it
changes what is seen: a mask and the object under it fall on one colour, and a wrong mask looks complete.
"""

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from minimaskrcnn.viz.saving import render
from minimaskrcnn.viz.style import alt_text, root_figure

WORST = 4  # of 255
TABLE = [min(255, 8 * ((value + 4) // 8)) for value in range(256)]
BLOCK, SHIFT = 24, 3  # pixels: what `apart` compares, and how far it may move
SAME = 0.08  # Matplotlib 3.8 and 3.11 are at most so far apart; a mask in a wrong colour is further


def small_png(drawing: Axes | Figure, dpi: float) -> bytes:
    """Draw a figure as a PNG with five bits a channel; the same figure gives the same bytes."""
    figure = root_figure(drawing)
    words, small = PngInfo(), BytesIO()
    words.add_itxt("Description", alt_text(figure))
    with Image.open(BytesIO(render(figure, "png", dpi))) as drawn:
        five_bits(drawn).save(small, "PNG", optimize=True, pnginfo=words)
    return small.getvalue()


def five_bits(picture: Image.Image) -> Image.Image:
    """Return a picture in RGB with 33 values in each channel.

    Examples
    --------
    >>> five_bits(Image.new("RGB", (1, 1), (0, 100, 255))).getpixel((0, 0))
    (0, 104, 255)
    """
    return picture.convert("RGB").point(TABLE * 3)


def apart(one: bytes, other: bytes) -> float:
    """How far two drawings are apart where they differ most: 0 the same, 1 black against white.

    Another version of Matplotlib or another processor moves letters and lines by a pixel. Another colour, box
    or word changes the mean of some block of 24 x 24 pixels, wherever it is looked for within 3 pixels.

    Parameters
    ----------
    one, other : PNG files

    Returns
    -------
    float
        More than `SAME` where the two show different things; 1 if a side differs by more than 3 pixels.
    """
    first, second = _rgb(one), _rgb(other)
    if np.abs(np.subtract(first.shape, second.shape)).max() > SHIFT:
        return 1.0
    rows, columns = (_starts(min(sides)) for sides in zip(first.shape[:2], second.shape[:2], strict=True))
    here, there = _sums(first), _sums(second)
    steps = range(-SHIFT, SHIFT + 1)
    nearest = [
        np.abs(_means(here, rows, columns) - _means(there, rows + dy, columns + dx)).max(axis=-1)
        for dy in steps
        for dx in steps
    ]  # a (block row, block column) for each shift
    return float(np.min(nearest, axis=0).max())


def _rgb(png: bytes) -> np.ndarray:
    """Decode to (H, W, 3) in [0, 1]; the edge of a tiny picture goes on until a block fits."""
    with Image.open(BytesIO(png)) as picture:
        rgb = np.asarray(picture.convert("RGB"), float) / 255
    room = [(0, max(0, BLOCK + 2 * SHIFT - side)) for side in rgb.shape[:2]]
    return np.pad(rgb, [*room, (0, 0)], mode="edge")


def _starts(length: int) -> np.ndarray:
    """Where blocks begin that cover a side, and may move without leaving it: (blocks,)."""
    last = length - SHIFT - BLOCK
    return np.linspace(SHIFT, last, -(-(last - SHIFT) // BLOCK) + 1).astype(int)


def _sums(rgb: np.ndarray) -> np.ndarray:
    """Sums of (H, W, 3) over all that lies above and to the left: (H + 1, W + 1, 3)."""
    return np.pad(rgb, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)


def _means(sums: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Mean colour of the blocks that begin at these rows and columns: (rows, columns, 3)."""
    upper, lower = (
        sums[np.ix_(edge, columns + BLOCK)] - sums[np.ix_(edge, columns)] for edge in (rows, rows + BLOCK)
    )
    return (lower - upper) / BLOCK**2
