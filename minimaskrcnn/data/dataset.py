"""The interface of every data set: a sequence of (image, Target) pairs that knows its class names."""

from typing import Protocol

import numpy as np

from minimaskrcnn.checks import check_whole
from minimaskrcnn.detection.structures import Target


class Dataset(Protocol):
    """The four things that training and evaluation need from a data set.

    Attributes
    ----------
    class_names : list of str
        The names by label; ``class_names[0]`` is ``"background"``.
    num_classes : int
        ``len(class_names)``: the background counts.
    """

    class_names: list[str]

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included."""

    def __len__(self) -> int:
        """Number of images."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        """Return image ``index``, float32 RGB (3, H, W) in [0, 1], and what is on it."""


def check_index(index: int, length: int) -> int:
    """Turn a negative index round as Python sequences do; outside the sequence raise ``IndexError``."""
    index = check_whole("data set", index, "an index")
    if not -length <= index < length:
        raise IndexError(f"index {index} is outside a data set of {length} images")
    return index % length
