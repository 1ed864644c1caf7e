"""Save a figure whole or not at all, and to the same bytes each time."""

import os
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.viz.style import alt_text

MARGIN = 0.08  # inches


def save(figure: Figure, path: str | os.PathLike[str], dpi: float = 110) -> Path:
    """Write `figure` to a `.png`, `.svg` or `.pdf`; the alternative text goes with it.

    No date, version or random id is stored: the same figure gives the same bytes. The paper is cut to what is
    drawn, so that no label is lost at its edge and no empty room stands above a short title.

    Parameters
    ----------
    figure : Figure
    path : file name; its ending chooses the format
    dpi : pixels per inch of a PNG

    Raises
    ------
    InputError
        Another ending.
    """
    kind = Path(path).suffix.lower()
    metadata: dict[str, dict[str, Any]] = {
        ".png": {"Software": None, "Description": alt_text(figure)},
        ".svg": {"Date": None, "Creator": None, "Description": alt_text(figure)},
        ".pdf": {"CreationDate": None, "Producer": None, "Creator": None, "Subject": alt_text(figure)},
    }
    if kind not in metadata:
        raise InputError(f"viz.save: cannot write {os.fspath(path)!r}; end the name in .png, .svg or .pdf.")
    with rc_context({"svg.hashsalt": "minimaskrcnn", "svg.fonttype": "path"}):
        return atomic_write(
            path,
            lambda stream: figure.savefig(
                stream,
                format=kind[1:],
                dpi=dpi,
                metadata=metadata[kind],
                bbox_inches="tight",
                pad_inches=MARGIN,
            ),
        )
