"""A trace as one JSON object for the page: every stage as a compact array, and the picture.

    record(trace)["arrays"]["objectness"]      {"dtype": "float32", "shape": [4032], "data": "eJw..."}

Numbers that decide which boxes are kept are recorded as they are. Only what is looked at is rounded: feature
maps to 8 bits between the ends of each channel, deltas to 16 bits.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.explorer.picture import encoded_picture
from minimaskrcnn.inspection import Trace
from minimaskrcnn.models.postprocess import BoxPostprocess

ENTRANTS = 2000  # anchors of each level whose exact box is recorded: as far as the slider of top-k goes
MAP_VALUES = 250_000  # values of each feature map that are recorded
MOST_CHANNELS = 16


def record(
    trace: Trace, target: Target | None = None, title: str = "", facts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return all that the page shows of a trace, ready for `json.dumps`.

    Parameters
    ----------
    trace : Trace
    target : Target, optional
        The true objects, in pixels of the picture that was given.
    title : str
        The name of the picture.
    facts : mapping from str to str, optional
        What the reader should know about this run.
    """
    maps, map_arrays = _maps(trace)
    arrays = _anchors(trace) | _rois(trace) | map_arrays
    return {
        "title": title,
        "facts": dict(facts or {}),
        "class_names": list(trace.class_names),
        "settings": {**asdict(trace.context), "box_min_size": BoxPostprocess.min_size},
        "image_size": list(trace.image_size),
        "resized_size": list(trace.resized_size),
        "levels": [{"name": name, "stride": list(stride)} for name, stride in trace.strides.items()],
        "picture": encoded_picture(trace["input"]),
        "maps": maps,
        "arrays": {name: packed(array) for name, array in arrays.items()},
        "truth": None if target is None else _truth(trace, target),
    }


def packed(array: np.ndarray) -> dict[str, Any]:
    """Return an array as text: its bytes compressed with zlib, in base 64.

    >>> packed(np.zeros(3, np.uint8))
    {'dtype': 'uint8', 'shape': [3], 'data': 'eJxjYGAAAAADAAE='}
    """
    values = np.ascontiguousarray(array)
    data = zlib.compress(values.astype(values.dtype.newbyteorder("<")).tobytes(), 6)
    return {
        "dtype": values.dtype.name,
        "shape": list(values.shape),
        "data": base64.b64encode(data).decode("ascii"),
    }


def _anchors(trace: Trace) -> dict[str, np.ndarray]:
    """Everything about the anchors: the exact boxes and scores of those that may enter NMS, `entrants`."""
    objectness, levels = trace["objectness"], trace["anchor_level"]
    most = max(ENTRANTS, trace.context.rpn_pre_nms_top_n)
    order = np.lexsort((-objectness, levels))  # level by level, best first, ties by index
    place = np.arange(len(order)) - np.searchsorted(levels[order], levels[order])
    entrants = order[place < most]
    largest = max(float(np.abs(trace["rpn_deltas"]).max(initial=0)), 1e-6)
    return {
        "anchors": trace["anchors"].T,  # (4, A): one column after the other compresses better
        "anchor_level": levels.astype(np.uint8),
        "objectness": objectness,
        "rpn_deltas": np.rint(trace["rpn_deltas"] / largest * 32767).astype(np.int16),
        "rpn_deltas_scale": np.array([largest / 32767], np.float64),
        "entrants": entrants.astype(np.int32),
        "entrant_clipped": trace["clipped"][entrants],
        "entrant_score": expit(objectness[entrants]),
        "proposal_anchor": trace["proposal_anchor"].astype(np.int32),
    }


def _rois(trace: Trace) -> dict[str, np.ndarray]:
    """What the two heads said of every proposal and every detection."""
    arrays = {
        "roi_level": trace["roi_level"].astype(np.uint8),
        "class_scores": trace["class_scores"],
        "candidate_box": trace["candidate_box"],
        "detection_candidate": trace["detection_candidate"].astype(np.int32),
    }
    if "mask_probs" in trace:
        arrays["mask_probs"] = trace["mask_probs"]
    return arrays


def _maps(trace: Trace) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """The channels that vary most of every map, in 8 bits: what they are, and their arrays."""
    maps, arrays = [], {}
    for name in [*trace.names("backbone."), *trace.names("pyramid.")]:
        features = trace[name]
        spread = features.reshape(len(features), -1).std(axis=1)  # (C, y, x) -> (C, y*x)
        count = int(np.clip(MAP_VALUES // features[0].size, 4, MOST_CHANNELS))
        channels = np.sort(np.argsort(-spread, kind="stable")[:count])
        shown = np.nan_to_num(features[channels].astype(np.float64))
        low, high = shown.min((1, 2)), shown.max((1, 2))  # (channels,)
        step = np.maximum(high - low, 1e-12)[:, None, None] / 255
        arrays[f"map.{name}"] = np.rint((shown - low[:, None, None]) / step).astype(np.uint8)
        maps.append(
            {
                "name": name.split(".")[1],
                "part": name.split(".")[0],
                "array": f"map.{name}",
                "shape": list(features.shape),
                "channels": channels.tolist(),
                "low": low.tolist(),
                "high": high.tolist(),
            }
        )
    return maps, arrays


def _truth(trace: Trace, target: Target) -> dict[str, Any]:
    """The objects that count, in pixels of the resized picture."""
    single = ~np.asarray(target.iscrowd, bool)
    boxes = resize_boxes(target.boxes[single].astype(np.float32), trace.image_size, trace.resized_size)
    return {"boxes": boxes.tolist(), "labels": target.labels[single].tolist()}
