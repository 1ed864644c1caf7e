"""Open and check one annotation file: its usable entries, and all faults that were found."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path

from minimaskrcnn.data.annotations.categories import check_categories
from minimaskrcnn.data.annotations.entries import Annotation, Category, Id, Picture
from minimaskrcnn.data.annotations.findings import Finding, Findings, Severity
from minimaskrcnn.data.annotations.keypoints import find_skeleton
from minimaskrcnn.data.annotations.objects import check_annotations
from minimaskrcnn.data.annotations.pictures import check_pictures
from minimaskrcnn.data.readers import read_annotations
from minimaskrcnn.errors import InputError

NAMED = 3  # entries that a refusal names beside the first


class AnnotationFile:
    """The usable entries of a COCO file, or of what a reader makes of another tool's, and the findings.

    Opening never refuses a broken entry; `refuse_broken` does.

    Parameters
    ----------
    path : the file or folder; see `data.readers`
    folder : folder of the pictures; without one no picture is looked at

    Attributes
    ----------
    pictures : dict from id to Picture, in increasing order of id
    categories : list of Category, in increasing order of id
    annotations : dict from a picture's id to its annotations, in the order of the file
    findings : Findings
    listed : dict
        How many images, annotations and categories the file lists.
    has_outlines : bool
        False for a file of boxes alone.
    skeleton : Skeleton or None
        The keypoints of the objects, if any object has some.

    Raises
    ------
    InputError
        The file cannot be read, or is not of this format.
    """

    def __init__(self, path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None):
        self.path = Path(path)
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None and not self.folder.is_dir():
            raise InputError(f"{self.folder} is no folder; name the one that holds the pictures.")
        content, findings = read_annotations(self.path, self.folder)
        entries = content["annotations"]
        self.findings = Findings(findings)
        self.listed = {name: len(content[name]) for name in ("images", "annotations", "categories")}
        self.listed["annotations"] += sum(f.entry.startswith("annotation ") for f in self.findings.unused())
        used = Counter(
            entry["category_id"]
            for entry in entries
            if isinstance(entry, dict) and type(entry.get("category_id")) in (int, float, str)
        )
        self.pictures: dict[Id, Picture] = check_pictures(content["images"], self.folder, self.findings)
        self.categories: list[Category] = check_categories(content["categories"], used, self.findings)
        self.annotations: dict[Id, list[Annotation]] = defaultdict(list)
        skeleton = find_skeleton(content["categories"], entries, str(self.path), self.findings)
        count = len(skeleton) if skeleton else 0
        kept = check_annotations(entries, self.pictures, self.categories, content, self.findings, count)
        for annotation in kept:
            self.annotations[annotation.picture].append(annotation)
        self._note_empty_lists()
        self.has_outlines = any(annotation.outline is not None for annotation in kept)
        self.skeleton = skeleton if any(annotation.keypoints for annotation in kept) else None

    def _note_empty_lists(self) -> None:
        for name, entries in (("images", self.pictures), ("categories", self.categories)):
            if not entries:
                finding = Finding(
                    Severity.FATAL,
                    f"no {name}",
                    str(self.path),
                    f"lists no {name} that can be used",
                    "both images and categories are needed",
                )
                self.findings.append(finding)

    def left_out(self) -> str:
        """Say how many entries are not used, by kind: "2 x annotation: flat box"; "" if all are used."""
        findings = self.findings.unused()
        kinds = Counter(f"{finding.entry.split()[0]}: {finding.kind}" for finding in findings)
        return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())

    def refuse_broken(self, skip_broken: bool = False) -> None:
        """Raise an InputError if the file cannot be used, or has broken entries that are not to be skipped.

        The sentence has the first finding, how many there are, and a few more names.
        """
        fatal = self.findings.of(Severity.FATAL)
        stopping = self.findings.of(Severity.FATAL, Severity.BROKEN)
        if len(stopping) > len(fatal) and not skip_broken:
            mend = (
                "Repair it, or leave out what is broken with --skip-broken (in Python skip_broken=True); "
                f"`minimaskrcnn check {self.path}` lists everything"
            )
            raise InputError(f"{self._summary(stopping)}. {mend}.")
        if fatal:
            raise InputError(f"{self._summary(fatal)}. `minimaskrcnn check {self.path}` lists everything.")

    def _summary(self, findings: list[Finding]) -> str:
        first, rest = findings[0], findings[1:]
        about = "" if first.entry == str(self.path) else f"{self.path}: "
        if not rest:
            return f"{about}{first}"
        names = ", ".join(finding.entry for finding in rest[:NAMED])
        return f"{about}{first} ({len(rest)} more broken: {names}{', ...' if len(rest) > NAMED else ''})"
