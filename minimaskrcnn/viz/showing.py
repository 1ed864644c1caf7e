"""Show a figure in a notebook, together with its alternative text, as one small picture.

    show(viz.show_proposals(trace))

A notebook that ends a cell with this stores an `<img alt="...">`: the form in which the alternative text
reaches the reader in JupyterLab, in nbviewer and in exported pages. Beside it stands the plain PNG, for
viewers that strip pictures from HTML. The two hold the same pixels; WebP is the shorter way to write them.
"""

import base64
import html
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from minimaskrcnn.viz.saving import MARGIN
from minimaskrcnn.viz.style import alt_text, root_figure
from minimaskrcnn.viz.true_colour import small_png


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
        data = BytesIO()
        with Image.open(BytesIO(self.png)) as picture:
            picture.save(data, "WEBP", lossless=True, quality=50, method=2)
        encoded = base64.b64encode(data.getvalue()).decode("ascii")
        return f'<img alt="{html.escape(self.alt)}" src="data:image/webp;base64,{encoded}">'

    def _repr_png_(self) -> bytes:
        return self.png


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
    dpi = dpi * min(1.0, width / (figure.get_size_inches()[0] + 2 * MARGIN))
    return Shown(alt_text(figure), small_png(figure, dpi))
