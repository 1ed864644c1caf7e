"""A `Trace`: every stage of one forward pass on one picture, by name, each an array with named axes.

    trace = model.trace(image)
    trace["proposals"]          # (P, 4) ndarray
    trace.axes("proposals")     # ("proposal", "xyxy")
    print(trace)                # stages, shapes, ranges

`assembly` makes it of the records that the model's parts return. Figures, stories and reports read the trace
and never run the model.
"""

import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.errors import InputError
from minimaskrcnn.files import atomic_write
from minimaskrcnn.inspection.context import TraceContext
from minimaskrcnn.inspection.stories import Story, story, why_missed
from minimaskrcnn.npz import open_npz, write_npz

AXES_SUFFIX = "@axes"
CONTEXT = "@context"


class Stage(NamedTuple):
    """One array of the forward pass and the name of each of its axes."""

    array: np.ndarray
    axes: tuple[str, ...]


class LazyStage(NamedTuple):
    """A stage that is worked out when it is first read: the array's maker, and the names of its axes."""

    make: Callable[[], np.ndarray]
    axes: tuple[str, ...]


class MaskStage(NamedTuple):
    """Masks in their boxes, laid into whole pictures whenever the stage is read; and names of its axes."""

    masks: BoxMasks
    axes: tuple[str, ...]


class Trace(Mapping[str, np.ndarray]):
    """Every stage of one forward pass, in the order in which it happened, and the context they stand in.

    A read-only mapping from stage name to array. Two traces are equal when they have the same context and
    hold the same stages in the same order with the same axes, dtypes and values (NaN equals NaN).

    Parameters
    ----------
    stages : mapping from name to `Stage`, to `LazyStage` for what is worked out when it is first read, or to
        `MaskStage`
        The arrays are not copied; the trace hands out read-only views of them.
    context : TraceContext, optional
        Class names, settings and rules of the model; the defaults where they are not known.

    Examples
    --------
    >>> trace = Trace({"scores": Stage(np.array([0.25, 0.5], np.float32), ("detection",))})
    >>> print(trace)
    stage   shape          dtype    min .. max
    scores  (detection=2)  float32  0.25 .. 0.5
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, stages: Mapping[str, Stage | LazyStage | MaskStage], context: TraceContext | None = None
    ):
        self._stages = {
            name: stage if isinstance(stage, LazyStage | MaskStage) else _checked(name, *stage)
            for name, stage in stages.items()
        }
        self.context = context or TraceContext()

    def __getitem__(self, name: str) -> np.ndarray:
        return self._stage(name).array

    def __iter__(self) -> Iterator[str]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a stage; nothing is worked out for the answer."""
        return name in self._stages

    def axes(self, name: str) -> tuple[str, ...]:
        """Names of the axes of a stage, as many as the array has dimensions."""
        return self._known(name).axes

    def names(self, prefix: str) -> list[str]:
        """Stages whose name starts with `prefix`, in order: `trace.names("pyramid.")`."""
        return [name for name in self._stages if name.startswith(prefix)]

    @property
    def detections(self) -> Detections:
        """What `predict` finds in the picture."""
        masks = self.masks if "masks" in self else None
        found = Detections(self["boxes"], self["labels"], self["scores"], masks)
        if "keypoints" in self:
            found.keypoints, found.keypoint_scores = self["keypoints"], self["keypoint_scores"]
        return found

    @property
    def masks(self) -> BoxMasks:
        """The stage "masks", kept in its boxes: a large picture leaves no room for the whole array."""
        stage = self._known("masks")
        return stage.masks if isinstance(stage, MaskStage) else BoxMasks.of(self["masks"])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names by label, the background first; "class 1", "class 2", ... where they are not known."""
        if self.context.class_names:
            return self.context.class_names
        scored = self["class_scores"].shape[1] if "class_scores" in self else 1
        highest = int(self["labels"].max(initial=0)) if "labels" in self else 0
        return "background", *(f"class {label}" for label in range(1, max(scored, highest + 1)))

    @property
    def strides(self) -> dict[str, tuple[int, int]]:
        """Distance (y, x) in pixels between neighbouring cells of each feature map with anchors, by its name.

        Where the context does not know it, it is measured between anchors; a map that is one cell high or
        wide has its other stride there.
        """
        return dict(self.context.strides) or measured_strides(self)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the picture that was given, pixels."""
        _, height, width = self["input"].shape
        return height, width

    @property
    def resized_size(self) -> tuple[int, int]:
        """Height and width of the picture that the network saw, pixels, without padding."""
        _, height, width = self["transformed"].shape
        return height, width

    def story(self, detection: int) -> Story:
        """How one detection came about, from its anchor to its mask; print it, or draw it."""
        return story(self, detection)

    def why_missed(self, gt_box: np.ndarray, label: int | None = None) -> Story:
        """Where a true box (4,), input pixels, was lost; print it, or draw it."""
        return why_missed(self, gt_box, label)

    def stages(self) -> dict[str, Stage]:
        """Every stage by name: its array and its axes."""
        return {name: self._stage(name) for name in self._stages}

    def _stage(self, name: str) -> Stage:
        stage = self._known(name)
        if isinstance(stage, MaskStage):  # not kept: it may be many times larger than all other stages
            return _checked(name, np.asarray(stage.masks), stage.axes)
        if isinstance(stage, LazyStage):
            stage = self._stages[name] = _checked(name, stage.make(), stage.axes)
        return stage

    def _known(self, name: str) -> Stage | LazyStage | MaskStage:
        try:
            return self._stages[name]
        except KeyError:
            known = ", ".join(self._stages) or "none"
            raise UnknownStageError(f"trace has no stage {name!r}; it holds: {known}.") from None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return (
            self.context == other.context
            and list(self) == list(other)
            and all(map(_same, self.stages().values(), other.stages().values()))
        )

    def __str__(self) -> str:
        rows = [("stage", "shape", "dtype", "min .. max")]
        rows += [
            (name, _shape(stage), str(stage.array.dtype), _range(stage.array))
            for name, stage in self.stages().items()
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )

    def __repr__(self) -> str:
        return f"<Trace: {len(self)} stages; print it for the table>"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace to an `.npz` that `load` returns equal to the byte; no pickled objects.

        The file appears whole or not at all.
        """
        entries: dict[str, Any] = {CONTEXT: np.array(self.context.as_json())}
        for name, (array, axes) in self.stages().items():
            entries[name] = array
            entries[name + AXES_SUFFIX] = np.array(axes, dtype=np.str_)
        atomic_write(path, lambda file: write_npz(file, entries, zipfile.ZIP_DEFLATED))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Trace":
        """Read a trace that `save` wrote.

        A file from before traces carried their context has the default one: `class_names` are numbered, the
        thresholds are torchvision's.

        Raises
        ------
        InputError
            The file is not a readable `.npz`, or holds something that is not a trace.
        """
        with open_npz(path, "trace") as file:
            names = [name for name in file.claims if not name.endswith(AXES_SUFFIX) and name != CONTEXT]
            for name in names:
                axes = file.claims.get(name + AXES_SUFFIX)
                if axes is None or axes.dtype.kind != "U" or axes.shape != (len(file.claims[name].shape),):
                    raise InputError(
                        f"trace {os.fspath(path)}: {name} has no name for each of its axes; write it with "
                        "trace.save."
                    )
            stages = {
                name: Stage(file.read(name), tuple(map(str, file.read(name + AXES_SUFFIX)))) for name in names
            }
            text = str(file.read(CONTEXT)) if CONTEXT in file.claims else None
        try:
            return cls(stages, None if text is None else TraceContext.from_json(text))
        except InputError as error:
            raise InputError(f"trace {os.fspath(path)}: {error}") from error


class UnknownStageError(InputError, KeyError):
    """A stage the trace does not hold; a `KeyError` too, so that `name in trace` and `trace.get` work."""

    __str__ = InputError.__str__


def measured_strides(trace: Trace) -> dict[str, tuple[int, int]]:
    """Distance (y, x) between the anchors of neighbouring cells, by name of the feature map."""
    stages = trace.names("pyramid.") or trace.names("backbone.")[-1:]
    height, width = trace[stages[0]].shape[1:]
    finest = trace["anchors"][trace["anchor_level"] == 0].reshape(height, width, -1, 4)[:, :, 0]  # (h, w, 4)
    y = int(finest[1, 0, 1] - finest[0, 0, 1]) if height > 1 else 0
    x = int(finest[0, 1, 0] - finest[0, 0, 0]) if width > 1 else 0
    # All maps cover the same padded picture, so one stride gives the others.
    padded = height * (y or x), width * (x or y)
    return {
        stage.split(".")[1]: (padded[0] // trace[stage].shape[1], padded[1] // trace[stage].shape[2])
        for stage in stages
    }


def _checked(name: str, array: np.ndarray, axes: tuple[str, ...]) -> Stage:
    """A read-only view of what is checked to be a plain array with a name for each axis."""
    if not isinstance(array, np.ndarray) or array.dtype.hasobject:
        raise InputError(
            f"trace: stage {name!r} must be a numeric ndarray, got {type(array).__name__}; "
            "pass tensor.numpy()."
        )
    if len(axes) != array.ndim:
        raise InputError(
            f"trace: stage {name!r} has shape {array.shape} but {len(axes)} axis names {tuple(axes)}; "
            "name each axis once."
        )
    view = array.view()
    view.flags.writeable = False
    return Stage(view, tuple(axes))


def _same(a: Stage, b: Stage) -> bool:
    same_kind = a.axes == b.axes and a.array.dtype == b.array.dtype and a.array.shape == b.array.shape
    return same_kind and np.array_equal(a.array, b.array, equal_nan=a.array.dtype.kind in "fc")


def _shape(stage: Stage) -> str:
    return "(" + ", ".join(f"{axis}={n}" for axis, n in zip(stage.axes, stage.array.shape, strict=True)) + ")"


def _range(array: np.ndarray) -> str:
    """Smallest and largest value, `empty` without values; NaN shows as nan."""
    if array.size == 0:
        return "empty"
    if array.dtype == bool:
        return f"{np.count_nonzero(array)} of {array.size} true"
    return f"{array.min():.4g} .. {array.max():.4g}"
