"""The 17 keypoints of COCO's persons: their names, the limbs between them, and how sure annotators are.

mirrored(KEYPOINT_NAMES)   the order after left and right are swapped: (0, 2, 1, 4, 3, ...)

Source: COCO's person_keypoints annotations and cocodataset.org/#keypoints-eval.
"""

from __future__ import annotations

from collections.abc import Sequence

KEYPOINT_NAMES = (
    "nose",
    *("left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)

LIMBS = (
    *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8)),
    *((7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
)
"""Pairs of keypoints that a line joins, COCO's skeleton counted from 0."""

SIGMAS = (
    *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
    *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
)
"""Standard deviation of the annotations of each keypoint, in units of the root of the object's area."""


def mirrored(names: Sequence[str]) -> tuple[int, ...]:
    """Return for each keypoint the index of its mirror image: "left" and "right" in the names are swapped.

    Examples
    --------
    >>> mirrored(["tail", "left_paw", "right_paw"])
    (0, 2, 1)
    """
    places = {name: index for index, name in enumerate(names)}
    return tuple(places.get(_other_side(name), index) for index, name in enumerate(names))


def _other_side(name: str) -> str:
    swapped = name.replace("left", "\0").replace("right", "left")
    return swapped.replace("\0", "right")
