"""Average precision as COCO defines it, for boxes, masks and keypoints, in NumPy.

Picture by picture, detections are matched to true objects and judged right or wrong (`matching`). Per class,
size range and IoU threshold, all judged detections in order of score give a curve of precision against recall
(`curves`). AP is the mean of its 101 values, and over thresholds 0.50, 0.55, ..., 0.95 and over the classes
that have objects.

Equal to pycocotools to the last digits, its orders of ties and its treatment of crowds included.
Source: cocodataset.org/#detection-eval; the paper reports these numbers in all its tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minimaskrcnn.checks import check_choice, check_whole, describe
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.checks import as_vector
from minimaskrcnn.detection.skeleton import sigmas_of
from minimaskrcnn.detection.structures import Detections, Target, as_detections, as_target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import overlap
from minimaskrcnn.evaluation.curves import AREA_RANGES, IOU_THRESHOLDS, NOTHING, RECALLS, Curves, sample_curve
from minimaskrcnn.evaluation.keypoints import Poses, extents, oks_matrix
from minimaskrcnn.evaluation.matching import match

Measure = Callable[..., np.ndarray]
MAX_DETS = {"bbox": (1, 10, 100), "segm": (1, 10, 100), "keypoints": (20,)}
SIZES = {"bbox": "sml", "segm": "sml", "keypoints": "ml"}


@dataclass(frozen=True)
class _Verdict:
    """What came of one picture's detections of one class, by falling score. Axes as in `matching`."""

    scores: np.ndarray  # (D,)
    right: np.ndarray  # (A, T, D) bool
    wrong: np.ndarray  # (A, T, D) bool; neither: ignored
    objects: np.ndarray  # (A,) number of true objects that count


def object_areas(target: Target) -> np.ndarray:
    """Return the pixels of each object's mask, or the area of its box where there are no masks, (N,)."""
    masks = target.masks
    return overlap.box_areas(target.boxes) if masks is None else BoxMasks.of(masks).areas()


class CocoEvaluator:
    """Collects pictures one by one, then sums up.

    Parameters
    ----------
    iou_type : "bbox", "segm" or "keypoints"
        Compare boxes, masks or keypoints.
    max_dets : increasing tuple of int, optional
        Numbers of detections allowed for each picture and class. AP uses the last; AR is given for each.
        COCO's are 1, 10, 100, and 20 for keypoints.
    sigmas : sequence of float, optional
        For keypoints: how far apart two right answers may lie, see `keypoints.oks_matrix`. By default those
        of COCO's 17 keypoints, and `skeleton.OTHER_SIGMA` for each of any other number.

    Examples
    --------
    >>> from minimaskrcnn.detection.structures import Detections, Target
    >>> box, label = np.array([[0, 0, 9, 9]], np.float32), np.array([1])
    >>> target = Target(box, label, None, np.array([False]), 0)
    >>> evaluator = CocoEvaluator("bbox")
    >>> evaluator.add(target, Detections(box, label, np.array([0.9], np.float32), None))
    >>> f"AP50 = {evaluator.summary()['AP50']:.3f}"
    'AP50 = 1.000'
    """

    def __init__(
        self,
        iou_type: str = "bbox",
        max_dets: tuple[int, ...] | None = None,
        sigmas: Sequence[float] | None = None,
    ):
        self.iou_type = check_choice("CocoEvaluator", iou_type, "iou_type", tuple(MAX_DETS))
        self.sigmas = sigmas
        max_dets = MAX_DETS[self.iou_type] if max_dets is None else max_dets
        if not isinstance(max_dets, tuple | list) or not max_dets:
            raise InputError(f"CocoEvaluator: max_dets must be a tuple; got {describe(max_dets)}.")
        limits = [check_whole("CocoEvaluator", limit, "each of max_dets", least=1) for limit in max_dets]
        if limits != sorted(set(limits)):
            raise InputError(f"CocoEvaluator: max_dets is {max_dets}; expected increasing numbers from 1 up.")
        self.max_dets = tuple(limits)
        self._pictures: dict[int | str, dict[int, _Verdict]] = {}  # image_id -> label -> verdict

    def add(self, target: Target, detections: Detections, areas: np.ndarray | None = None) -> None:
        """Judge one picture.

        Parameters
        ----------
        target : Target
            With an ``image_id`` not yet added; equal scores go in order of it.
        detections : Detections
            In any order; of equal scores the first comes first.
        areas : (N,) array, optional
            Areas that decide which true objects are small, medium or large. Default: pixels of the masks,
            or the areas of the boxes where there are none. (COCO's files carry their own, see
            `CocoDataset.areas`.)

        Raises
        ------
        InputError
            The picture was added before, a score is NaN, or masks are missing or of another size.
        """
        target, detections = self._checked(target, detections)
        if areas is not None:
            areas = as_vector("CocoEvaluator.add", areas, "areas", len(target))
            if np.isnan(areas).any():
                raise InputError("CocoEvaluator.add: an area is NaN; give the pixels of each true object.")
        else:
            areas = object_areas(target)
        found, true = self._found(detections), self._true(target, areas)
        order = np.argsort(-detections.scores, kind="stable")
        verdicts = self._pictures[target.image_id] = {}
        for label in np.union1d(target.labels, detections.labels):
            mine = order[detections.labels[order] == label][: self.max_dets[-1]]
            theirs = target.labels == label
            right, wrong, objects = self._judge(
                found[mine], true[theirs], areas[theirs], target.iscrowd[theirs]
            )
            verdicts[int(label)] = _Verdict(detections.scores[mine], right, wrong, objects)

    def curves(self) -> Curves:
        """Accumulate the pictures added so far into precision and recall for every setting."""
        labels = sorted({label for verdicts in self._pictures.values() for label in verdicts})
        sizes = (len(labels), len(AREA_RANGES), len(self.max_dets))
        precision = np.full((len(IOU_THRESHOLDS), len(RECALLS), *sizes), NOTHING)
        recall = np.full((len(IOU_THRESHOLDS), *sizes), NOTHING)
        in_order = sorted(self._pictures, key=lambda image_id: (isinstance(image_id, str), image_id))
        pictures = [self._pictures[image_id] for image_id in in_order]
        for k, label in enumerate(labels):
            verdicts = [picture[label] for picture in pictures if label in picture]
            objects = np.sum([v.objects for v in verdicts], axis=0)  # (A,)
            for m, limit in enumerate(self.max_dets):
                order = np.argsort(-np.concatenate([v.scores[:limit] for v in verdicts]), kind="stable")
                right = np.concatenate([v.right[..., :limit] for v in verdicts], axis=-1)[
                    ..., order
                ]  # (A, T, D)
                wrong = np.concatenate([v.wrong[..., :limit] for v in verdicts], axis=-1)[..., order]
                for a in np.flatnonzero(objects):
                    precision[:, :, k, a, m], recall[:, k, a, m] = sample_curve(
                        right[a], wrong[a], objects[a]
                    )
        return Curves(precision, recall, labels, self.max_dets)

    def summary(self) -> dict[str, Any]:
        """Return the numbers COCO reports, each in [0, 1], or -1 where there was no object to find.

        Returns
        -------
        dict with

        - ``AP`` (mean over IoU 0.50:0.95), ``AP50``, ``AP75``, and by the object's area ``APs`` (up to 32^2
          pixels), ``APm`` (up to 96^2), ``APl``: all at the last of ``max_dets``;
        - ``AR1``, ``AR10``, ``AR100``: mean recall at each of ``max_dets``;
        - ``ARs``, ``ARm``, ``ARl``: mean recall by area, at the last of ``max_dets``;
        - ``per_class``: AP for each label.

        For keypoints there are no small objects, as COCO annotates none.
        """
        curves = self.curves()
        precision, recall = curves.precision[..., -1], curves.recall  # (T, R, K, A), (T, K, A, M)
        summary: dict[str, Any] = {
            "AP": _mean(precision[:, :, :, 0]),
            "AP50": _mean(precision[0, :, :, 0]),
            "AP75": _mean(precision[5, :, :, 0]),
        }
        sizes = [(a, size) for a, size in enumerate("sml", start=1) if size in SIZES[self.iou_type]]
        summary |= {f"AP{size}": _mean(precision[:, :, :, a]) for a, size in sizes}
        summary |= {f"AR{limit}": _mean(recall[:, :, 0, m]) for m, limit in enumerate(self.max_dets)}
        summary |= {f"AR{size}": _mean(recall[:, :, a, -1]) for a, size in sizes}
        summary["per_class"] = {label: _mean(precision[:, :, k, 0]) for k, label in enumerate(curves.labels)}
        return summary

    def _found(self, detections: Detections) -> Any:
        """Return the box, the mask or the pose of each detection; the area of a pose is that around it."""
        if self.iou_type == "bbox":
            return detections.boxes
        if self.iou_type == "segm":
            assert detections.masks is not None  # by _checked
            return BoxMasks.of(detections.masks)
        assert detections.keypoints is not None
        return Poses(detections.keypoints, detections.boxes, extents(detections.keypoints))

    def _true(self, target: Target, areas: np.ndarray) -> Any:
        """Return the same of the true objects, whose areas are known."""
        if self.iou_type == "bbox":
            return target.boxes
        if self.iou_type == "segm":
            assert target.masks is not None
            return BoxMasks.of(target.masks)
        assert target.keypoints is not None
        return Poses(target.keypoints, target.boxes, areas)

    def _judge(
        self, found: Any, true: Any, areas: np.ndarray, crowd: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tell right from wrong detections, (A, T, D) each, and count the objects, (A,)."""
        found_areas, iou = self._compare(found, true, crowd)
        ignored = crowd | _outside(areas)  # (A, G)
        if isinstance(true, Poses):
            ignored |= ~true.annotated().any(1)
        winner, excused = match(iou, ignored, crowd, np.minimum(IOU_THRESHOLDS, 1 - 1e-10))
        right = (winner >= 0) & ~excused
        wrong = (winner < 0) & ~_outside(found_areas)[:, None]
        return right, wrong, (~ignored).sum(1)

    def _compare(self, found: Any, true: Any, crowd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the areas (D,) of the detections, and their overlaps (D, G) with the true objects."""
        if isinstance(true, Poses):
            sigmas = sigmas_of(found.keypoints.shape[1]) if self.sigmas is None else self.sigmas
            return found.areas, oks_matrix(found.keypoints, true, np.array(sigmas))
        measures: dict[str, tuple[Measure, Measure]] = {
            "bbox": (overlap.box_areas, overlap.box_intersections),
            "segm": (BoxMasks.areas, overlap.mask_intersections),
        }
        measure, intersect = measures[self.iou_type]
        areas = measure(found)
        return areas, overlap.iou_matrix(intersect(found, true), areas, measure(true), crowd)

    def _checked(self, target: Target, detections: Detections) -> tuple[Target, Detections]:
        """Refuse what cannot be judged, in the user's words."""
        here = f"CocoEvaluator.add: image_id {getattr(target, 'image_id', None)}"
        target, detections = as_target(here, target), as_detections(here, detections)
        if target.image_id in self._pictures:
            raise InputError(f"{here} was added before; give each picture's Target an image_id of its own.")
        if self.iou_type == "segm":
            if target.masks is None or detections.masks is None:
                raise InputError(
                    f"{here} comes without masks; use iou_type='bbox' for a model of boxes only."
                )
            if target.masks.shape[1:] != detections.masks.shape[1:]:
                raise InputError(
                    f"{here}: true masks are {target.masks.shape[1:]} (height, width) and detected ones "
                    f"{detections.masks.shape[1:]}; paste the masks at the picture's own size."
                )
        if self.iou_type == "keypoints":
            self._check_keypoints(here, target, detections)
        return target, detections

    def _check_keypoints(self, here: str, target: Target, detections: Detections) -> None:
        if target.keypoints is None or detections.keypoints is None:
            raise InputError(
                f"{here} comes without keypoints; use iou_type='bbox' for a model of boxes only."
            )
        count = target.keypoints.shape[1]
        if detections.keypoints.shape[1] != count:
            raise InputError(
                f"{here}: {detections.keypoints.shape[1]} keypoints were found per object and {count} are "
                "true; use a model of these keypoints."
            )
        if self.sigmas is not None and (len(self.sigmas) != count or min(self.sigmas) <= 0):
            raise InputError(f"CocoEvaluator: sigmas must be {count} numbers above 0; got {self.sigmas}.")


def _outside(areas: np.ndarray) -> np.ndarray:
    """Tell for each size range which areas are not in it, both ends included: (A, N) bool."""
    low, high = np.array(list(AREA_RANGES.values())).T[:, :, None]  # (A, 1) each
    return (areas < low) | (areas > high)


def _mean(values: np.ndarray) -> float:
    """Mean over what exists; -1 where nothing does."""
    known = values[values > NOTHING]
    return float(known.mean()) if known.size else NOTHING
