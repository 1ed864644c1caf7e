"""How a model shows its stages without knowing who looks.

Every part of the model calls ``watch(name, array, axes)`` as a stage is ready. By default nobody watches;
`minimaskrcnn.inspection` passes a recorder. What only a watcher needs (every anchor decoded, each
candidate's fate) is computed under ``if watch is not unwatched``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Watch = Callable[[str, np.ndarray, tuple[str, ...]], None]


def unwatched(name: str, array: np.ndarray, axes: tuple[str, ...]) -> None:
    """Look at nothing."""
