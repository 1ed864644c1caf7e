"""The augmentations that a recipe can name, each with its parameters.

    augmentation(("horizontal_flip", "colour_jitter"))(image, target, rng) -> image, target

Which augmentations are suitable depends on the pictures: cells have no up and no left, photographs have an
up, and Shapes need none, because every sample is drawn anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from minimaskrcnn import data
from minimaskrcnn.data.preparation import Prepare
from minimaskrcnn.data.transforms import Augmentation
from minimaskrcnn.errors import InputError

AUGMENTATIONS: dict[str, Augmentation] = {
    "horizontal_flip": data.HorizontalFlip(0.5),
    "vertical_flip": data.VerticalFlip(0.5),
    "right_angle_turn": data.RightAngleTurn(),
    "scale_jitter": data.ScaleJitter(0.75, 1.33),
    "scale_jitter_on_canvas": data.OnCanvas(data.ScaleJitter(0.7, 1.4)),
    "wide_scale_jitter_on_canvas": data.OnCanvas(data.ScaleJitter(0.7, 3.4)),
    "gamma_jitter": data.GammaJitter(0.5, 1.25),
    "colour_jitter": data.ColourJitter(0.2, 0.2, 0.2),
}


def register_augmentation(name: str, augment: Augmentation) -> None:
    """Let recipes name an augmentation of your own.

    Parameters
    ----------
    name : str
        The name to use in `Recipe.augment`, which is also stored in the checkpoint.
    augment : callable
        ``augment(image, target, rng) -> image, target``

    Raises
    ------
    InputError
        If the name is taken; the meaning of a recipe must not change.
    """
    if name in AUGMENTATIONS:
        raise InputError(f"augmentation {name!r} exists already; choose another name.")
    AUGMENTATIONS[name] = augment


def augmentation(names: Sequence[str], steps: Sequence[str] = ()) -> Augmentation | None:
    """Join the steps that prepare a picture and the named augmentations; return None if there are neither."""
    first = [Prepare(tuple(steps))] if steps else []
    return data.Compose(*first, *(AUGMENTATIONS[name] for name in names)) if first or names else None
