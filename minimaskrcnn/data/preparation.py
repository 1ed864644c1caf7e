"""Prepare a picture before a model sees it: named steps, which a checkpoint stores.

    prepare(read_image("plate.png"), ("grey", "stretch_contrast"))

Pictures must be prepared in the same way for prediction as for training. A recipe names the steps, the
checkpoint stores them, and `MaskRCNN.prepare` states them for code that reads pictures for the model. The
pictures of some data sets have been prepared already; the attribute `prepared` of the data set says how.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from minimaskrcnn.checks import describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError

STRETCH = (1.0, 99.8)  # percentiles that become black and white
MIN_SPAN = 8 / 255  # a darker picture than this has no signal: do not blow its noise up to full range


def grey(image: np.ndarray) -> np.ndarray:
    """Return the mean of the colours: (C, H, W) -> (1, H, W)."""
    return image.mean(0, keepdims=True)


def stretch_contrast(image: np.ndarray) -> np.ndarray:
    """Make the 1st percentile black and the 99.8th white: ``clip((v - low) / (high - low), 0, 1)``.

    Fluorescence pictures use a small and varying part of the 8-bit range; after this they all use the whole
    of it.

    Parameters
    ----------
    image : (...) float array in [0, 1]

    Returns
    -------
    Array of the same shape and dtype, in [0, 1].

    Examples
    --------
    >>> stretch_contrast(np.linspace(0.0, 0.2, 5, dtype=np.float32)).round(2)
    array([0.  , 0.24, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    image = as_real("stretch_contrast", image, "image")
    if not image.size or not np.isfinite(image).all():
        raise InputError(f"stretch_contrast: image must hold finite numbers; got {describe(image)}.")
    low, high = np.percentile(image, STRETCH)
    span = max(high - low, MIN_SPAN)
    return ((image - low) / span).clip(0, 1).astype(image.dtype)


PREPARATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "grey": grey,
    "stretch_contrast": stretch_contrast,
}


def register_preparation(name: str, step: Callable[[np.ndarray], np.ndarray]) -> None:
    """Let recipes and checkpoints name a step of your own.

    Parameters
    ----------
    name : str
        The name to use in `Recipe.prepare`, which is also stored in the checkpoint.
    step : callable
        ``step(image) -> image``, each (C, H, W) float in [0, 1], with C = 1 after "grey", else 3

    Raises
    ------
    InputError
        If the name is taken; the meaning of a checkpoint must not change.
    """
    if name in PREPARATIONS:
        raise InputError(f"preparation {name!r} exists already; choose another name.")
    PREPARATIONS[name] = step


def prepare(image: np.ndarray, steps: Sequence[str]) -> np.ndarray:
    """Apply the named steps to a picture, in this order; if it is grey at the end, it gets three channels.

    Parameters
    ----------
    image : (3, H, W) float32 array in [0, 1], as `read_image` returns it, or a grey one (1, H, W)
    steps : names in `PREPARATIONS`

    Returns
    -------
    (3, H, W) array of the same dtype

    Raises
    ------
    InputError
        A name is not known.
    """
    check_steps(steps)
    for name in steps:
        image = PREPARATIONS[name](image)
    return np.repeat(image, 3, axis=0) if len(image) == 1 else image  # (3, H, W)


def check_steps(steps: Sequence[str]) -> None:
    """Raise an InputError if a step is not registered."""
    unknown = [name for name in steps if name not in PREPARATIONS]
    if unknown:
        raise InputError(
            f"preparation {unknown[0]!r:.60} is not known; choose among {', '.join(PREPARATIONS)}, or "
            "register it with data.register_preparation."
        )


def steps_left(steps: Sequence[str], prepared: Sequence[str]) -> tuple[str, ...]:
    """Return the steps that still have to be applied if the steps `prepared` were applied already.

    If there are no steps, the pictures of the data set are used as they are.

    Raises
    ------
    InputError
        If the steps that were applied do not agree with `steps`, because they cannot be undone.

    Examples
    --------
    >>> steps_left(("grey", "stretch_contrast"), ("grey",))
    ('stretch_contrast',)
    """
    steps, prepared = tuple(steps), tuple(prepared)
    if steps and steps[: len(prepared)] != prepared:
        raise InputError(
            f"the model's pictures are prepared by {', '.join(steps)}, and those of the data set have been "
            f"prepared by {', '.join(prepared)}; open the data set with prepare=()."
        )
    return steps[len(prepared) :]


@dataclass(frozen=True)
class Prepare:
    """The steps as the first augmentation of a training run; it changes only the picture."""

    steps: tuple[str, ...]

    def __call__(
        self, image: np.ndarray, target: Target, rng: np.random.Generator
    ) -> tuple[np.ndarray, Target]:
        """Return the prepared picture, and its target as it is; nothing is drawn from `rng`."""
        return prepare(image, self.steps), target
