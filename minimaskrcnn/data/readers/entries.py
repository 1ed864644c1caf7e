"""The result of every reader: entries in COCO's form, which the validator then checks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from minimaskrcnn.data.annotations.findings import EntryError, Finding, Findings, Severity, shown
from minimaskrcnn.data.readers.outlines import Runs, area_of, box_around

UNNAMED = "object"  # the class of a file whose objects have no names


class Entries:
    """The pictures, objects and classes of a file, in the order in which they were added.

    A reader takes the values over as they stand, because the validator says what is wrong with them. What
    has no place in COCO's form is a finding.

    Parameters
    ----------
    names : sequence of str
        The names of the classes by their number in the file, from 0 on. Without them the names that objects
        were added with are numbered from 1 on, in the order of the alphabet.

    Attributes
    ----------
    images, annotations : list of dict
    findings : Findings
    """

    def __init__(self, names: Sequence[str] | None = None):
        self.names = names
        self.images: list[Any] = []
        self.annotations: list[Any] = []
        self.findings = Findings()
        self._rectangles: list[dict[str, Any]] = []

    def add_picture(self, file_name: Any, size: Sequence[Any] | None = None) -> int:
        """Add a picture of this (height, width), and return its id."""
        height, width = size or (None, None)
        key = len(self.images) + 1
        self.images.append({"id": key, "file_name": file_name, "height": height, "width": width})
        return key

    def add_polygons(self, key: str, picture: int, name: str | int, polygons: list[list[float]]) -> None:
        """Add an object that is outlined by polygons [x1, y1, x2, y2, ...], which are drawn together."""
        box, area = box_around(polygons), sum(map(area_of, polygons))
        self._add(key, picture, name, bbox=box, area=area, segmentation=polygons)

    def add_rectangle(self, key: str, picture: int, name: str | int, box: list[float]) -> None:
        """Add an object that was drawn as a rectangle [x, y, width, height].

        It is a box where all objects are rectangles, and an outline of four corners beside other outlines.
        """
        self._rectangles.append(self._add(key, picture, name, bbox=box))

    def add_box(self, key: str, picture: int, name: str | int, box: list[float] | None) -> None:
        """Add an object of which no more is known than its box [x, y, width, height]."""
        self._add(key, picture, name, bbox=box)

    def add_runs(self, key: str, picture: int, name: str | int, runs: Runs, crowd: bool = False) -> None:
        """Add an object that is a set of pixels."""
        self._add(
            key,
            picture,
            name,
            bbox=runs.box(),
            area=runs.area(),
            segmentation=runs.encoded(),
            iscrowd=int(crowd),
        )

    def _add(self, key: str, picture: int, name: str | int, **fields: Any) -> dict[str, Any]:
        entry = {"id": key, "image_id": picture, "category_id": name, **fields}
        self.annotations.append(entry)
        return entry

    @contextlib.contextmanager
    def about(self, key: str, kind: str = "annotation") -> Iterator[None]:
        """Turn an `EntryError` inside into a finding about this entry."""
        try:
            yield
        except EntryError as fault:
            self.findings.append(fault.of(f"{kind} {shown(key)}", {"id": key}))

    def lists(self) -> dict[str, list[Any]]:
        """Return the three lists of a COCO file."""
        self._outline_rectangles()
        if self.names is None:
            used = sorted({entry["category_id"] for entry in self.annotations})
            numbers = {name: number for number, name in enumerate(used, 1)}
            for entry in self.annotations:
                entry["category_id"] = numbers[entry["category_id"]]
            categories = [{"id": number, "name": name} for name, number in numbers.items()]
        else:
            categories = [{"id": number, "name": name} for number, name in enumerate(self.names)]
        return {"images": self.images, "annotations": self.annotations, "categories": categories}

    def _outline_rectangles(self) -> None:
        """Give rectangles an outline where other objects have one."""
        if not self._rectangles or not any("segmentation" in entry for entry in self.annotations):
            return
        for entry in self._rectangles:
            x, y, w, h = entry["bbox"]
            entry["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
        key = self._rectangles[0]["id"]
        count = len(self._rectangles)
        self.findings.append(
            Finding(
                Severity.NOTE,
                "rectangle beside outlines",
                f"annotation {shown(key)}",
                f"is a rectangle ({count} of {len(self.annotations)} objects are)",
                "its four sides are taken as its outline",
                key,
            )
        )
