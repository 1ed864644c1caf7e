"""Where data sets lie: in the folder named by ``MINIMASKRCNN_DATA``, else in ``data`` here or the cache."""

import os
from pathlib import Path


def data_folders() -> list[Path]:
    """Return the folders that are searched for data, in order.

    The environment variable ``MINIMASKRCNN_DATA`` names the only one when it is set. Otherwise they are
    ``data`` in the current folder and ``minimaskrcnn`` in the user's cache, which is the folder that
    ``XDG_CACHE_HOME`` names or else ``~/.cache``.
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
