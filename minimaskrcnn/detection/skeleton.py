"""Which keypoints an object has: their names, the limbs between them, and which are mirror images.

PERSON is that of COCO's persons, with SIGMAS, how sure its annotators were of each keypoint.

Source: COCO's person_keypoints annotations and cocodataset.org/#keypoints-eval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minimaskrcnn.errors import InputError


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The keypoints of a kind of object.

    Attributes
    ----------
    names : tuple of str
        One for each keypoint.
    limbs : tuple of pairs of int
        The keypoints that a line joins, counted from 0.

    Examples
    --------
    >>> Skeleton(("tail", "left_paw", "right_paw")).mirror
    (0, 2, 1)
    """

    names: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        """Number of keypoints."""
        return len(self.names)

    @property
    def is_named(self) -> bool:
        """Whether the names say more than a number, and so which keypoints are left and right."""
        return self.names != _numbers(len(self))

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each keypoint the index of its mirror image: "left" and "right" in the names are swapped."""
        places = {name: index for index, name in enumerate(self.names)}
        return tuple(places.get(_other_side(name), index) for index, name in enumerate(self.names))


def _other_side(name: str) -> str:
    swapped = name.replace("left", "\0").replace("right", "left")
    return swapped.replace("\0", "right")


PERSON = Skeleton(
    (
        "nose",
        *("left_eye", "right_eye", "left_ear", "right_ear"),
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
        *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    ),
    (
        *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8)),
        *((7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    ),
)

SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
    *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)
"""Standard deviation of the annotations of each keypoint, in units of the root of the object's area."""
OTHER_SIGMA = 0.07
"""The same where nobody has measured it: about the mean of a person's."""


def sigmas_of(count: int) -> tuple[float, ...]:
    """Return the standard deviations of `count` keypoints: a person's if there are 17."""
    return SIGMAS if count == len(PERSON) else (OTHER_SIGMA,) * count


def numbered(count: int) -> Skeleton:
    """Return the skeleton of `count` keypoints of which nothing else is known: a person's if there are 17.

    Examples
    --------
    >>> numbered(2).names
    ('keypoint 1', 'keypoint 2')
    """
    if count == len(PERSON):
        return PERSON
    return Skeleton(_numbers(count))


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(f"keypoint {k}" for k in range(1, count + 1))


def skeleton_from(value: Any, count: int | None = None) -> Skeleton:
    """Return the skeleton that JSON describes: ``{"names": [...], "limbs": [[0, 1], ...]}``.

    Raises
    ------
    InputError
        If it is none, or has not `count` keypoints.
    """
    names, limbs = (value.get(key) if isinstance(value, dict) else None for key in ("names", "limbs"))
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise InputError("its skeleton is not a list of names of keypoints; save it again.")
    ends = range(len(names))
    pairs = limbs if isinstance(limbs, list) else []
    if not all(
        isinstance(pair, list) and len(pair) == 2 and all(end in ends for end in pair) for pair in pairs
    ):
        raise InputError("the limbs of its skeleton are not pairs of its keypoints; save it again.")
    if count is not None and len(names) != count:
        raise InputError(f"its skeleton has {len(names)} keypoints, and its weights {count}; save it again.")
    return Skeleton(tuple(names), tuple((first, second) for first, second in pairs))
