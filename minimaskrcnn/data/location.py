"""Where data lie on this disk: ``MINIMASKRCNN_DATA`` if set, else ``../shared/data`` beside the project."""

import os
from pathlib import Path


def data_folders() -> list[Path]:
    """Return the folders that are searched for data, in order.

    The environment variable ``MINIMASKRCNN_DATA`` alone when it is set; otherwise ``../shared/data`` as
    seen from the current folder and from the project's own folder.
    """
    named = os.environ.get("MINIMASKRCNN_DATA")
    if named:
        return [Path(named)]
    project = Path(__file__).resolve().parents[2]
    return [start.parent / "shared" / "data" for start in (Path.cwd(), project)]


def find_data(*names: str) -> Path | None:
    """Return the first existing file or folder with one of these names in ``data_folders()``, or ``None``."""
    candidates = (folder / name for folder in data_folders() for name in names)
    return next((path for path in candidates if path.exists()), None)
