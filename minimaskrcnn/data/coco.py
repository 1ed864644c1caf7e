"""Any data set in COCO's format: polygons, run lengths of both kinds, crowds, empty pictures.

Files of other tools are brought into this format by `data.readers` when they are opened.

COCO numbers its categories freely (1, 2, ..., 90 with gaps); a detector needs labels 1, 2, ..., K. Label k
here is the k-th category in order of id, and `category_ids` translates back when results are written.

The whole file is checked when it is opened (`data.annotations`), so that a broken annotation stops a run at
its start. Outlines stay as compact as the file has them until a picture is asked for, and each mask is then
kept in its box (`detection.box_masks`).
"""

import os
from collections.abc import Sequence
from copy import copy
from pathlib import Path

import numpy as np

from minimaskrcnn.data.annotations import AnnotationFile, Report, Severity
from minimaskrcnn.data.annotations.entries import Annotation
from minimaskrcnn.data.dataset import check_index
from minimaskrcnn.data.images import read_image
from minimaskrcnn.detection.outlines import draw_outlines
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError


class CocoDataset:
    """Pictures and annotations of one COCO JSON file, or of another tool's.

    Parameters
    ----------
    annotation_file : str or path
        The JSON, with the lists ``images``, ``annotations`` and ``categories``; or a file or folder of
        labelme, VIA, YOLO, Kaggle or ImageJ, or of label maps.
    image_dir : str or path, optional
        Folder that holds each image's ``file_name``. Without one no picture is looked at, and only `target`
        and `areas` give answers.
    skip_broken : bool
        Leave out entries that cannot be used instead of raising.

    Attributes
    ----------
    class_names : list of str
        "background", then the categories in order of their id.
    category_ids : list of int
        COCO's category id for each label; ``category_ids[0]`` is 0, the background.
    image_ids : list of int, or of str
        COCO's id for each picture, in increasing order; also ``Target.image_id``.
    has_masks : bool
        False where no annotation has a segmentation.
    skeleton : Skeleton or None
        The keypoints of the objects; None where no annotation has some.
    file : AnnotationFile
        The entries and everything that was found wrong with them.
    skipped : list
        Ids of the annotations that were left out, in the order of the findings.

    Raises
    ------
    InputError
        The file is missing or not of this format, or an entry is broken. The message names the first entry,
        what is wrong with it, and how many more there are.

    Notes
    -----
    When no annotation of the file has a segmentation, ``Target.masks`` is ``None``: enough for Faster R-CNN.
    A box that is narrower than `annotations.objects.LEAST_SIDE` is left out without being asked for; COCO's
    own train2017 has two of these.
    """

    def __init__(
        self,
        annotation_file: str | os.PathLike[str],
        image_dir: str | os.PathLike[str] | None,
        skip_broken: bool = False,
    ):
        self.file = AnnotationFile(annotation_file, image_dir)
        self.file.refuse_broken(skip_broken)
        self.path, self.image_dir = self.file.path, self.file.folder
        self.image_ids = list(self.file.pictures)
        self.category_ids = [0, *(category.id for category in self.file.categories)]
        self.class_names = ["background", *(category.name for category in self.file.categories)]
        self.has_masks = self.file.has_outlines
        self.skeleton = self.file.skeleton
        left_out = self.file.findings.of(Severity.BROKEN, Severity.LEFT_OUT)
        self.skipped = [f.id for f in left_out if f.entry.startswith("annotation ")]
        self._labels = {category: label for label, category in enumerate(self.category_ids) if label}

    @property
    def num_classes(self) -> int:
        """Number of classes, the background included."""
        return len(self.class_names)

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, index: int) -> tuple[np.ndarray, Target]:
        picture = self.file.pictures[self.image_ids[check_index(index, len(self))]]
        image = read_image(picture.path)
        return image, self.target(index, (image.shape[1], image.shape[2]))

    def ordered_as(self, class_names: Sequence[str]) -> "CocoDataset":
        """Return this data set with the labels that another list of classes gives to the same names.

        Two files may list the same classes under different ids, and a model has its own order. A label means
        nothing without its list of names.

        Parameters
        ----------
        class_names : sequence of str
            "background", then the names by label. The file may lack some of them.

        Raises
        ------
        InputError
            The file has classes that are not in the list; the message names them.
        """
        labels: dict[str, int] = {}
        for label, name in enumerate(class_names):
            labels.setdefault(name, label)
        unknown = [name for name in self.class_names if name not in labels]
        if unknown:
            others = _listed(class_names[1:])
            raise InputError(
                f"{self.path} has the classes {_listed(unknown)}, which are not among {others}; "
                "name a model of these classes, or rename the categories of the file."
            )
        ordered = copy(self)
        ids = dict(zip(self.class_names, self.category_ids, strict=True))
        free = max(self.category_ids) + 1  # ids for the classes that the file lacks
        ordered.class_names = list(class_names)
        ordered.category_ids = [ids.get(name, free + label) for label, name in enumerate(class_names)]
        ordered._labels = {ids[name]: labels[name] for name in self.class_names[1:]}
        return ordered

    def renamed(self, class_names: Sequence[str]) -> "CocoDataset":
        """Return this data set with other names for its classes, which keep their order and their ids."""
        renamed = copy(self)
        renamed.class_names = list(class_names)
        return renamed

    def report(self) -> Report:
        """Return what the file holds in numbers, and what was left out."""
        return Report.of(self.file)

    def index_of(self, file_name: str) -> int:
        """Return the index of the picture with this file name; folders before it do not count.

        Raises
        ------
        InputError
            The file lists no such picture, or several.
        """
        wanted = Path(file_name).name
        found = [i for i, p in enumerate(self.file.pictures.values()) if _last_part(p.file_name) == wanted]
        if len(found) != 1:
            many = "no picture" if not found else f"{len(found)} pictures"
            raise InputError(f"CocoDataset: {self.path} lists {many} named {wanted}; expected one.")
        return found[0]

    def target(self, index: int, size: tuple[int, int]) -> Target:
        """Return what is on picture `index` without reading the picture, whose (height, width) is `size`.

        Raises
        ------
        InputError
            The annotations are of a picture of another size.
        """
        picture = self.file.pictures[self.image_ids[check_index(index, len(self))]]
        if picture.size is not None and picture.size != tuple(size):
            raise InputError(
                f"CocoDataset: image {picture.id} of {self.path} is {size[0]} x {size[1]} (height x width), "
                f"but its annotations are of {picture.size[0]} x {picture.size[1]}; use the picture that "
                "they were drawn on."
            )
        annotations = self.file.annotations.get(picture.id, [])
        boxes = np.array([a.box for a in annotations], np.float64).reshape(-1, 4)  # x, y, width, height
        boxes[:, 2:] += boxes[:, :2]
        masks = draw_outlines([a.outline for a in annotations], size) if self.has_masks else None
        return Target(
            boxes=boxes.astype(np.float32),
            labels=np.array([self._labels[a.category] for a in annotations], np.int64),
            masks=masks,
            iscrowd=np.array([a.crowd for a in annotations], bool),
            image_id=picture.id,
            keypoints=self._keypoints(annotations),
            mirror=None if self.skeleton is None else self.skeleton.mirror,
        )

    def _keypoints(self, annotations: Sequence[Annotation]) -> np.ndarray | None:
        """Return the keypoints (N, K, 3), zeros for an object without any; None if the file has none."""
        if self.skeleton is None:
            return None
        none = [0.0] * (3 * len(self.skeleton))
        rows = np.array([none if a.keypoints is None else a.keypoints for a in annotations], np.float32)
        return rows.reshape(len(annotations), len(self.skeleton), 3)

    def areas(self, index: int) -> np.ndarray:
        """Return the ``area`` fields of picture `index`, (N,) float64: COCO's measure of small and large.

        They differ a little from the mask's count of pixels when the segmentation is a polygon. Where the
        field is missing, the area inside the outline is given, or the box's if there is no outline.
        """
        annotations = self.file.annotations.get(self.image_ids[check_index(index, len(self))], [])
        return np.array([annotation.area for annotation in annotations], np.float64)


def _listed(names: Sequence[str], limit: int = 6) -> str:
    """A few names in one sentence."""
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _last_part(file_name: str) -> str:
    """Return the name without its folders, for slashes and backslashes."""
    return file_name.replace("\\", "/").rpartition("/")[2]
