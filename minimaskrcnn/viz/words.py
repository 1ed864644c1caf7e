"""Counts and names in words: for captions, labels and messages."""

from collections.abc import Sequence

import numpy as np

from minimaskrcnn.errors import printable

LONGEST_NAME = 24  # letters of a name for which figures have room


def class_name(label: int, class_names: Sequence[str] | None) -> str:
    """Name of a class as figures show it, on one line and not too long; `class 3` where no name is known."""
    label = int(label)
    if class_names is None or label >= len(class_names):
        return f"class {label}"
    return shown_name(class_names[label])


def shown_name(name: str) -> str:
    r"""A name on one line, cut to `LONGEST_NAME` letters.

    >>> shown_name("red\ncell"), shown_name("Abyssinian, Aegean and American cats")
    ('red\\ncell', 'Abyssinian, Aegean and …')
    """
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


IRREGULAR = {
    "broccoli": "broccoli",
    "knife": "knives",
    "mouse": "mice",
    "nucleus": "nuclei",
    "person": "people",
    "scissors": "scissors",
    "sheep": "sheep",
    "skis": "skis",
}


def plural_of(noun: str) -> str:
    """The plural of a noun, which is that of its last word; a numbered name like `class 3` stays.

    >>> plural_of("triangle"), plural_of("wine glass"), plural_of("nucleus"), plural_of("class 3")
    ('triangles', 'wine glasses', 'nuclei', 'class 3')
    """
    *before, last = noun.split(" ")
    if last.isdigit():
        return noun
    if last.endswith(("s", "x", "sh", "ch")):
        regular = f"{last}es"
    elif last.endswith("y") and last[-2:-1] not in "aeou":
        regular = f"{last[:-1]}ies"
    else:
        regular = f"{last}s"
    return " ".join([*before, IRREGULAR.get(last, regular)])


def plural(count: int, noun: str) -> str:
    """A count and its noun.

    >>> plural(1, "box"), plural(3, "proposal"), plural(0, "class")
    ('1 box', '3 proposals', '0 classes')
    """
    return f"{count:,} {noun if count == 1 else plural_of(noun)}"


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
    """How many of each class, in words; of more than `limit` classes the first ones.

    >>> count_classes(np.array([1, 2, 1]), ["background", "circle", "square"])
    '2 circles, 1 square'
    >>> count_classes(np.array([1, 1]), ["background", "nucleus"])
    'all nuclei'
    """
    kinds, counts = np.unique(labels, return_counts=True)
    names = [class_name(kind, class_names) for kind in kinds]
    if len(kinds) == 1:
        return f"all {plural_of(names[0])}" if counts[0] > 1 else names[0]
    told = [plural(count, name) for count, name in zip(counts, names, strict=True)]
    return ", ".join(told[:limit] + ["..."] * (len(told) > limit))
