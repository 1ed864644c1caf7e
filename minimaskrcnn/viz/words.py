"""Counts and names in words: for captions, labels and messages."""

from collections.abc import Sequence

import numpy as np


def class_name(label: int, class_names: Sequence[str] | None) -> str:
    """Name of a class, `class 3` where no name is known."""
    label = int(label)
    return class_names[label] if class_names is not None and label < len(class_names) else f"class {label}"


def plural(count: int, noun: str) -> str:
    """`1 box`, `2 boxes`.

    >>> plural(1, "box"), plural(3, "proposal"), plural(0, "class")
    ('1 box', '3 proposals', '0 classes')
    """
    ending = "" if count == 1 else "es" if noun[-1] in "sx" else "s"
    return f"{count:,} {noun}{ending}"


def object_names(labels: np.ndarray, scores: np.ndarray, class_names: Sequence[str] | None) -> list[str]:
    """Class and score of each object; the score alone where all are of one class.

    >>> object_names(np.array([1, 2]), np.array([0.9, 0.75]), ["background", "cat", "dog"])
    ['cat 0.90', 'dog 0.75']
    >>> object_names(np.array([2, 2]), np.array([0.9, 0.75]), ["background", "cat", "dog"])
    ['0.90', '0.75']
    """
    alone = len(labels) > 1 and len(np.unique(labels)) == 1
    names = [""] * len(labels) if alone else [class_name(label, class_names) + " " for label in labels]
    return [f"{name}{score:.2f}" for name, score in zip(names, scores, strict=True)]


def count_classes(labels: np.ndarray, class_names: Sequence[str] | None, limit: int = 4) -> str:
    """How many of each class, in words.

    >>> count_classes(np.array([1, 2, 1]), ["background", "circle", "square"])
    '2 circle, 1 square'
    >>> count_classes(np.array([1, 1]), ["background", "nucleus"])
    'all nucleus'
    """
    kinds, counts = np.unique(labels, return_counts=True)
    names = [class_name(kind, class_names) for kind in kinds]
    if len(kinds) == 1:
        return f"all {names[0]}" if counts[0] > 1 else names[0]
    told = [f"{count} {name}" for count, name in zip(counts, names, strict=True)]
    return ", ".join(told[:limit] + ["..."] * (len(told) > limit))
