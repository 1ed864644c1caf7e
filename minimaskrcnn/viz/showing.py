"""Show a figure in a notebook, together with its alternative text, as one small picture.

    show(viz.show_proposals(trace))

A notebook that ends a cell with this stores an `<img alt="...">`: the form in which the alternative text
reaches the reader in JupyterLab, in nbviewer and in exported pages. A plain PNG output has no place for it.
"""

import base64
import html
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from minimaskrcnn.viz.style import alt_text, root_figure

# Colours of a figure beside the greys: noise in a picture is flattened, and the file a fifth of the size.
COLOURS = 32
GREYS = range(0, 256, 32)  # and white: letters keep their edges


class Shown:
    """A drawn figure: an `<img>` for notebooks, its alternative text for everyone else.

    Attributes
    ----------
    alt : str
    png : bytes, the same for the same figure
    """

    def __init__(self, alt: str, png: bytes):
        self.alt, self.png = alt, png

    def __repr__(self) -> str:
        return f"Figure. {self.alt}"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode("ascii")
        return f'<img alt="{html.escape(self.alt)}" src="data:image/png;base64,{data}">'


def show(drawing: Axes | Figure, width: float = 7, dpi: float = 90) -> Shown:
    """Turn a figure, or the figure of some axes, into a picture that a notebook displays.

    Parameters
    ----------
    drawing : Axes or Figure, as the functions of `viz` return them
    width : inches at which a wider figure is shown, so that it fits a notebook
    dpi : pixels per inch at that width

    Returns
    -------
    Shown

    Examples
    --------
    >>> from minimaskrcnn.viz import draw_picture
    >>> import numpy as np
    >>> axes = draw_picture(np.zeros((3, 8, 8)))
    >>> axes.set_label("Night: nothing is seen")
    >>> show(axes)
    Figure. Night: nothing is seen.
    """
    figure = root_figure(drawing)
    dpi = dpi * min(1.0, width / figure.get_size_inches()[0])
    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    _with_few_colours(Image.open(drawn).convert("RGB")).save(small, "PNG", optimize=True)
    return Shown(alt_text(figure), small.getvalue())


def _with_few_colours(picture: Image.Image) -> Image.Image:
    own = picture.quantize(COLOURS, Image.Quantize.FASTOCTREE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*own[: 3 * COLOURS], *(grey for level in (*GREYS, 255) for grey in [level] * 3)])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)
