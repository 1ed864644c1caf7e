"""Find data sets in the folder that ``MINIMASKRCNN_DATA`` names, or in ``./data`` and the user's cache."""

import os
from pathlib import Path


def data_folders() -> list[Path]:
    """Return the folders that are searched for data, in order.

    If the environment variable ``MINIMASKRCNN_DATA`` is set, it names the only folder. Otherwise they are
    ``data`` in the current folder and ``minimaskrcnn`` in the user's cache. The cache is the folder that
    ``XDG_CACHE_HOME`` names, or ``~/.cache`` if the variable is not set.
    """
    named = os.environ.get("MINIMASKRCNN_DATA")
    if named:
        return [Path(named)]
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [Path.cwd() / "data", Path(cache) / "minimaskrcnn"]


def find_data(*names: str) -> Path | None:
    """Return the first existing file or folder with one of these names in ``data_folders()``, or ``None``."""
    candidates = (folder / name for folder in data_folders() for name in names)
    return next((path for path in candidates if path.exists()), None)
