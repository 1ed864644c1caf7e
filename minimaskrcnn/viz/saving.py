"""Save a figure whole or not at all, and to the same bytes each time."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.viz.style import alt_text, root_figure

MARGIN = 0.08  # inches


def save(drawing: Axes | Figure, path: str | os.PathLike[str], dpi: float = 110) -> Path:
    """Write a figure to a `.png`, `.svg` or `.pdf`; the alternative text goes with it.

    No date, version or random id is stored: the same figure gives the same bytes. The paper is cut to what is
    drawn, so that no label is lost at its edge and no empty room stands above a short title.

    Parameters
    ----------
    drawing : Axes or Figure, as the functions of `viz` return them
        Of axes the whole figure is written.
    path : file name; its ending chooses the format
    dpi : pixels per inch of a PNG

    Raises
    ------
    InputError
        Another ending.
    """
    kind = Path(path).suffix.lower()
    if kind not in (".png", ".svg", ".pdf"):
        raise InputError(f"viz.save: cannot write {os.fspath(path)!r}; end the name in .png, .svg or .pdf.")
    drawn = render(root_figure(drawing), kind[1:], dpi)
    return atomic_write(path, lambda stream: stream.write(drawn))


def render(figure: Figure, kind: str, dpi: float) -> bytes:
    """Return the bytes of a file of the `kind` "png", "svg" or "pdf"."""
    words = alt_text(figure)
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None, "Description": words},
        "svg": {"Date": None, "Creator": None, "Description": words},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None, "Subject": words},
    }
    drawn = BytesIO()
    with rc_context({"svg.hashsalt": "minimaskrcnn", "svg.fonttype": "path"}):
        figure.savefig(
            drawn, format=kind, dpi=dpi, metadata=metadata[kind], bbox_inches="tight", pad_inches=MARGIN
        )
    return drawn.getvalue()
