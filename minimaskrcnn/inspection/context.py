"""What the arrays of a trace do not say: the class names, the settings, and the rules that were used.

    trace.context.rpn_nms_thresh      # 0.7
    trace.context.roi_operator        # "roi_align"

The names of the settings are torchvision's keyword arguments of `FasterRCNN`, and so are the defaults. A
trace that was put together by hand, or saved before traces carried a context, has the defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from minimaskrcnn.detection.skeleton import Skeleton, skeleton_from
from minimaskrcnn.errors import InputError


@dataclass(frozen=True)
class TraceContext:
    """The settings of the model that made a trace, as they held for its picture.

    Attributes
    ----------
    class_names : tuple of str
        Indexed by label, the background first; empty where the names are not known.
    skeleton : Skeleton or None
        The keypoints and their limbs; None without a keypoint branch.
    strides : dict from level name to (y, x)
        Distance in pixels of the padded picture between neighbouring cells of each feature map that carries
        anchors, finest first: ``{"P2": (4, 4), ...}``; empty where it is not known.
    paste_rule : str
        A name in `models.paste.RULES`: how masks were pasted into the picture.
    roi_operator : str
        A name in `models.roi_extractor.OPERATORS`: how features were read from a feature map.
    sampling_ratio : int
        Samples per bin and axis of that operator; 0 or less adapts to the box.
    rpn_fg_iou_thresh, rpn_bg_iou_thresh : float
        In training, anchors with IoU >= fg are objects, < bg background.
    rpn_pre_nms_top_n, rpn_post_nms_top_n : int
        Anchors of each level that entered NMS, and the largest number of proposals.
    rpn_nms_thresh, rpn_score_thresh, rpn_min_size : float
        IoU above which the lower score was suppressed; the least probability; the least side in pixels.
    box_fg_iou_thresh, box_bg_iou_thresh : float
        In training, RoIs with IoU >= fg are objects, < bg background.
    box_score_thresh, box_nms_thresh, box_detections_per_img : float, float, int
        A detection needs a higher score; IoU within a class; the largest number of detections.
    """

    class_names: tuple[str, ...] = ()
    skeleton: Skeleton | None = None
    strides: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    paste_rule: str = "rounded"
    roi_operator: str = "roi_align"
    sampling_ratio: int = 2
    rpn_fg_iou_thresh: float = 0.7
    rpn_bg_iou_thresh: float = 0.3
    rpn_pre_nms_top_n: int = 1000
    rpn_post_nms_top_n: int = 1000
    rpn_nms_thresh: float = 0.7
    rpn_score_thresh: float = 0.0
    rpn_min_size: float = 1e-3
    box_fg_iou_thresh: float = 0.5
    box_bg_iou_thresh: float = 0.5
    box_score_thresh: float = 0.05
    box_nms_thresh: float = 0.5
    box_detections_per_img: int = 100

    def as_json(self) -> str:
        """The context as one JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> TraceContext:
        """The context that `as_json` wrote.

        Raises
        ------
        InputError
            If the text is not such an object, or names a setting that this version does not know.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            values["class_names"] = tuple(values["class_names"])
            if values.get("skeleton") is not None:
                values["skeleton"] = skeleton_from(values["skeleton"])
            values["strides"] = {name: (y, x) for name, (y, x) in values["strides"].items()}
            context = cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(f"its context is not one that this version can read ({error}).") from error
        wrong = [f.name for f in fields(cls) if not isinstance(values.get(f.name, f.default), KINDS[f.name])]
        if wrong:
            raise InputError(f"its context has values of the wrong type ({', '.join(wrong)}).")
        return context


KINDS: dict[str, Any] = {
    one.name: {"str": str, "int": (int, float), "float": (int, float)}.get(str(one.type), object)
    for one in fields(TraceContext)
}
