"""What an annotation file contains: its faults, the sizes of its objects, and the balance of its classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.data.annotations.annotation_file import AnnotationFile
from minimaskrcnn.data.annotations.entries import Annotation
from minimaskrcnn.data.annotations.findings import Finding, Severity
from minimaskrcnn.errors import printable

SMALL, MEDIUM = 32**2, 96**2  # COCO's limits, square pixels
NAMED = 8  # entries of one kind that the text names; the JSON has all
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class ClassCount:
    """How often a class occurs."""

    id: int
    name: str
    objects: int
    pictures: int


@dataclass(frozen=True)
class Report:
    """Everything that `minimaskrcnn check` says of a file.

    Attributes
    ----------
    path : name of the file
    listed, usable : dict
        Images, annotations and categories: as listed, and those that a run with --skip-broken would use.
    findings : list of Finding
    classes : list of ClassCount, in order of id
    sides : (N,) square root of each object's area, pixels, crowds left out
    boxes : (N, 2) width and height of the same objects, pixels
    picture_sizes : (N, 2) height and width of the picture of each
    crowds : number of groups annotated as one region
    forms : dict, how many objects are outlined by polygons, by run lengths, or by nothing but their box
    per_picture : (M,) number of objects of each picture
    keypoints : names of the keypoints of an object, if any has some
    posed : number of objects with at least one annotated keypoint
    """

    path: str
    listed: dict[str, int]
    usable: dict[str, int]
    findings: list[Finding]
    classes: list[ClassCount]
    sides: np.ndarray
    boxes: np.ndarray
    picture_sizes: np.ndarray
    crowds: int
    forms: dict[str, int]
    per_picture: np.ndarray
    keypoints: tuple[str, ...] = ()
    posed: int = 0

    @classmethod
    def of(cls, file: AnnotationFile) -> Report:
        """Count what an annotation file holds."""
        kept = [annotation for group in file.annotations.values() for annotation in group]
        single = [annotation for annotation in kept if not annotation.crowd]
        sizes = [file.pictures[a.picture].size or (0, 0) for a in single]
        per_picture = [len(file.annotations.get(key, ())) for key in file.pictures]
        return cls(
            path=str(file.path),
            listed=file.listed,
            usable={
                "images": len(file.pictures),
                "annotations": len(kept),
                "categories": len(file.categories),
            },
            findings=list(file.findings),
            classes=_count_classes(file, kept),
            sides=np.sqrt(np.array([a.area for a in single], np.float64)),
            boxes=np.array([a.box[2:] for a in single], np.float64).reshape(-1, 2),
            picture_sizes=np.array(sizes, np.int64).reshape(-1, 2),
            crowds=len(kept) - len(single),
            forms=dict(Counter(_form(annotation) for annotation in kept)),
            per_picture=np.array(per_picture, np.int64),
            keypoints=file.skeleton.names if file.skeleton else (),
            posed=sum(any(v > 0 for v in a.keypoints[2::3]) for a in kept if a.keypoints),
        )

    @property
    def is_clean(self) -> bool:
        """Tell whether a run would start without --skip-broken."""
        return not any(f.severity in (Severity.FATAL, Severity.BROKEN) for f in self.findings)

    @property
    def is_usable(self) -> bool:
        """Tell whether a run would start with --skip-broken."""
        return not any(f.severity is Severity.FATAL for f in self.findings)

    def kinds(self) -> dict[tuple[Severity, str], list[Finding]]:
        """The findings by severity and kind, the worst first."""
        groups: dict[tuple[Severity, str], list[Finding]] = defaultdict(list)
        for severity in Severity:
            for finding in self.findings:
                if finding.severity is severity:
                    groups[severity, finding.kind].append(finding)
        return dict(groups)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values that JSON can hold."""
        return {
            "file": self.path,
            "clean": self.is_clean,
            "listed": self.listed,
            "usable": self.usable,
            "left_out": {name: self.listed[name] - self.usable[name] for name in self.listed},
            "findings": [
                {"severity": f.severity.value, "kind": f.kind, "entry": f.entry, "sentence": str(f)}
                for f in self.findings
            ],
            "classes": [vars(one) for one in self.classes],
            "crowds": self.crowds,
            "outlines": self.forms,
            "object_sides": self._quantiles(self.sides),
            "small_medium_large": self._thirds(),
            "objects_per_picture": self._quantiles(self.per_picture),
            "pictures_without_objects": int((self.per_picture == 0).sum()),
            "keypoints": {"names": list(self.keypoints), "objects": self.posed},
        }

    def __str__(self) -> str:
        parts = [self._heading(), *self._finding_lines(), "", *self._class_lines(), "", *self._size_lines()]
        return "\n".join(map(_line, parts))

    def _heading(self) -> str:
        counts = ", ".join(f"{self.usable[name]} of {self.listed[name]} {name}" for name in self.listed)
        forms = ", ".join(f"{count} by {form}" for form, count in sorted(self.forms.items()))
        points = f"; keypoints: {len(self.keypoints)} of {self.posed} objects" if self.keypoints else ""
        return (
            f"{self.path}: {counts} can be used; outlines: {forms or 'none'}; crowds: {self.crowds}{points}"
        )

    def _finding_lines(self) -> list[str]:
        if not self.findings:
            return ["nothing is wrong"]
        lines = []
        for (severity, kind), group in self.kinds().items():
            lines += ["", f"{severity.value}: {kind} ({len(group)})", f"  {group[0]}"]
            if len(group) > 1:
                names = ", ".join(finding.entry for finding in group[1 : NAMED + 1])
                more = len(group) - 1 - NAMED
                lines.append(f"  also {names}" + (f" and {more} more (--json lists all)" if more > 0 else ""))
        return lines

    def _class_lines(self) -> list[str]:
        width = max([len(one.name) for one in self.classes], default=5)
        rows = [f"{'class':<{width}}  {'id':>6}  {'objects':>8}  {'pictures':>8}"]
        for one in self.classes:
            rows.append(f"{one.name:<{width}}  {one.id:>6}  {one.objects:>8}  {one.pictures:>8}")
        return rows

    def _size_lines(self) -> list[str]:
        if not len(self.sides):
            return ["no objects"]
        sides, per = self._quantiles(self.sides), self._quantiles(self.per_picture)
        thirds = ", ".join(f"{name} {count}" for name, count in self._thirds().items())
        return [
            f"sides of objects (root of the area; 5, 50, 95 %): {_three(sides)} pixels; {thirds}",
            f"objects per picture (5, 50, 95 %): {_three(per)}; most {self.per_picture.max()}; "
            f"without any: {int((self.per_picture == 0).sum())}",
        ]

    @staticmethod
    def _quantiles(values: np.ndarray) -> list[float]:
        return [round(float(v), 1) for v in np.quantile(values, QUANTILES)] if len(values) else []

    def _thirds(self) -> dict[str, int]:
        areas = self.sides**2
        small, large = int((areas <= SMALL).sum()), int((areas > MEDIUM).sum())
        return {"small": small, "medium": len(areas) - small - large, "large": large}


def _count_classes(file: AnnotationFile, kept: list[Annotation]) -> list[ClassCount]:
    objects = Counter(annotation.category for annotation in kept)
    pictures = Counter(
        category
        for group in file.annotations.values()
        for category in {annotation.category for annotation in group}
    )
    return [ClassCount(c.id, c.name, objects[c.id], pictures[c.id]) for c in file.categories]


def _form(annotation: Annotation) -> str:
    if annotation.outline is None:
        return "box alone"
    return "polygons" if isinstance(annotation.outline, list) else "run lengths"


def _line(text: str) -> str:
    return printable(text).rstrip()


def _three(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
