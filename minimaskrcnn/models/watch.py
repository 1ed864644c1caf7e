"""How a model shows its stages without knowing who looks.

Every part of the model calls ``watch(name, array, axes)`` as a stage is ready. By default nobody watches;
`minimaskrcnn.inspection` has a recorder. Of a batch, the first picture is shown. What the model itself does
not need (each candidate's fate) is handed over as a function that makes the array: a watcher calls it when
somebody reads the stage, so that a trace nobody asks costs no more than a prediction.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Watch = Callable[[str, np.ndarray | Callable[[], np.ndarray], tuple[str, ...]], None]


def unwatched(name: str, array: np.ndarray | Callable[[], np.ndarray], axes: tuple[str, ...]) -> None:
    """Look at nothing."""


def first_only(watch: Watch, pictures: int) -> list[Watch]:
    """A watcher for each picture of a batch: the first is shown, the rest are not."""
    return [watch] + [unwatched] * (pictures - 1)
