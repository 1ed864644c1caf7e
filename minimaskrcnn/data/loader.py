"""An endless stream of training batches, which one Generator decides and a few numbers can restore.

The data set is shuffled, used up, shuffled again, and so on. A batch may contain the end of one round and the
beginning of the next, so every batch is full. The same Generator shuffles and augments, in that order, one
picture after the other.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from minimaskrcnn.checks import check_whole, describe
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.transforms import Augmentation
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError

Batch = tuple[list[np.ndarray], list[Target]]

MOST_PICTURES = 2**16  # per batch; more are a slip of the pen that would never end


class Loader:
    """An endless iterator over shuffled batches.

    Parameters
    ----------
    dataset : Dataset
    batch_size : int
        Pictures per batch, at most 65,536.
    rng : numpy.random.Generator
        Decides the order and the augmentation. Other code may draw from it between batches; `state` includes
        its state.
    augment : callable, optional
        ``augment(image, target, rng) -> image, target``.

    Attributes
    ----------
    epoch : int
        Number of finished rounds through the data set.
    position : int
        Number of pictures of the current round that were used.

    Examples
    --------
    >>> from minimaskrcnn.data import Shapes
    >>> loader = Loader(Shapes("train", size=8), batch_size=2, rng=np.random.default_rng(0))
    >>> images, targets = next(loader)
    >>> len(images), len(targets)
    (2, 2)
    """

    def __init__(
        self, dataset: Dataset, batch_size: int, rng: np.random.Generator, augment: Augmentation | None = None
    ):
        batch_size = check_whole("Loader", batch_size, "batch_size", 1, MOST_PICTURES)
        if len(dataset) == 0:
            raise InputError("Loader: the data set has no pictures; it must have at least 1.")
        if not isinstance(rng, np.random.Generator):
            raise InputError(f"Loader: rng must be a numpy.random.Generator; got {describe(rng)}.")
        self.dataset, self.batch_size, self.rng, self.augment = dataset, batch_size, rng, augment
        self.epoch = -1
        self._shuffle()

    def __iter__(self) -> Iterator[Batch]:
        """Return itself, an iterator that never ends."""
        return self

    def __next__(self) -> Batch:
        """Return the next batch: a list of images and a list of targets."""
        pairs = [self._next_pair() for _ in range(self.batch_size)]
        return [image for image, _ in pairs], [target for _, target in pairs]

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs to go on from here, as plain values that JSON can hold."""
        return {
            "epoch": self.epoch,
            "position": self.position,
            "shuffled_from": self._shuffled_from,
            "generator": self.rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue exactly where `state` was taken, with the same data set; this also resets the Generator.

        The order of the current round is not stored. It is shuffled again from the state that the Generator
        had at its beginning.
        """
        if not 0 <= state["position"] <= len(self.dataset):
            raise InputError(
                f"Loader: the saved position {state['position']} is outside a data set of "
                f"{len(self.dataset)} pictures; resume with the data the run was begun with."
            )
        self.rng.bit_generator.state = state["shuffled_from"]
        self._shuffle()
        self.epoch, self.position = state["epoch"], state["position"]
        self.rng.bit_generator.state = state["generator"]

    def begin_round(self, state: dict[str, Any]) -> None:
        """Skip the rest of the round in which `state` was taken, and begin the next; the data may differ."""
        self.rng.bit_generator.state = state["generator"]
        self.epoch = state["epoch"]
        self._shuffle()

    def _shuffle(self) -> None:
        self._shuffled_from = self.rng.bit_generator.state
        self._order = self.rng.permutation(len(self.dataset))
        self.epoch += 1
        self.position = 0

    def _next_pair(self) -> tuple[np.ndarray, Target]:
        if self.position == len(self._order):
            self._shuffle()
        image, target = self.dataset[int(self._order[self.position])]
        self.position += 1
        return self.augment(image, target, self.rng) if self.augment else (image, target)
