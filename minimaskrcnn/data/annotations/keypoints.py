"""Check the keypoints of a file: which ones its categories list, and x, y, visibility for each object.

"categories": [{"id": 1, "name": "person", "keypoints": ["nose", ...], "skeleton": [[16, 14], ...]}]
"annotations": [{..., "keypoints": [x, y, v, x, y, v, ...]}]     v: 0 not annotated, 1 hidden, 2 visible
"""

from __future__ import annotations

from array import array
from typing import Any

from minimaskrcnn.data.annotations.entries import as_number
from minimaskrcnn.data.annotations.findings import EntryError, Finding, Findings, Severity, shown
from minimaskrcnn.detection.skeleton import Skeleton, numbered

MOST = 1000  # keypoints per object; a model has no more


def find_skeleton(
    categories: list[Any], annotations: list[Any], path: str, findings: Findings
) -> Skeleton | None:
    """Return the skeleton that the categories list, or one of as many keypoints as the first object has.

    One model predicts one skeleton: where the categories have several, keypoints are not read, with a note.
    """
    listed = [entry for entry in categories if isinstance(entry, dict) and _names(entry.get("keypoints"))]
    skeletons = [
        Skeleton(_names(entry["keypoints"]), _limbs(entry.get("skeleton"), len(entry["keypoints"])))
        for entry in listed
    ]
    if len({skeleton.names for skeleton in skeletons}) > 1:
        findings.append(
            Finding(
                Severity.NOTE,
                "keypoints of several kinds",
                path,
                "has categories with different keypoints",
                "keypoints are not read; a file for each kind of object would be",
            )
        )
        return None
    if skeletons:
        return skeletons[0]
    lengths = (
        len(a["keypoints"]) for a in annotations if isinstance(a, dict) and _is_list(a.get("keypoints"))
    )
    count, rest = divmod(next(lengths, 0), 3)
    return numbered(count) if 0 < count <= MOST and not rest else None


def check_keypoints(value: Any, count: int) -> array[float] | None:
    """Return x, y, visibility of each of `count` keypoints as they stand in the file; None without any.

    Raises
    ------
    EntryError
        If they are not three finite numbers for each keypoint, or a visibility is not 0, 1 or 2.
    """
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != 3 * count:
        got = f"{len(value)} numbers" if isinstance(value, list) else shown(value)
        raise EntryError(
            "keypoints",
            f"has {got} as keypoints",
            f"write x, y and visibility of each of the {count} keypoints, or leave them out",
        )
    numbers = array("d", map(as_number, value))
    if any(v != v or abs(v) > 2**31 for v in numbers) or not set(numbers[2::3]) <= {0, 1, 2}:
        raise EntryError(
            "keypoints",
            f"has the keypoints {shown(value)}",
            "write finite x and y, and 0, 1 or 2 as the visibility",
        )
    return numbers


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _names(value: Any) -> tuple[str, ...]:
    """The names, if this is a list of texts that differ; else none."""
    usable = _is_list(value) and len(value) <= MOST and all(isinstance(name, str) for name in value)
    return tuple(value) if usable and len(set(value)) == len(value) else ()


def _limbs(value: Any, count: int) -> tuple[tuple[int, int], ...]:
    """The pairs of keypoints, which COCO counts from 1; what is no pair is left out."""
    pairs = value if isinstance(value, list) else []
    return tuple(
        (pair[0] - 1, pair[1] - 1)
        for pair in pairs
        if isinstance(pair, list)
        and len(pair) == 2
        and all(type(end) is int and 1 <= end <= count for end in pair)
    )
