"""A trace told in words: how one detection came about, and why one object was missed.

    print(trace.story(detection=0))
    print(trace.why_missed(gt_box, label=2))

Each answer is a `Story`: sentences in the order of the forward pass, and the boxes they speak of, so that
`viz.show_story` can draw the same story.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.detection.boxes import box_iou, resize_boxes
from minimaskrcnn.detection.fates import Fate
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    from minimaskrcnn.inspection.trace import Trace

FOUND = 0.5  # IoU from which a box counts as covering an object
SHOWN = 0.5  # score from which a detection is shown to a user; `viz` draws no other (style.HIGH_SCORE)


@dataclass
class Story:
    """What happened, sentence by sentence.

    Attributes
    ----------
    title : str
    sentences : list of str, in the order of the forward pass
    boxes : name and box (4,) of what the sentences speak of, in order; transformed pixels
    """

    title: str
    sentences: list[str] = field(default_factory=list)
    boxes: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, sentence: str, name: str | None = None, box: np.ndarray | None = None) -> None:
        """Append a sentence, and the box it is about."""
        self.sentences.append(sentence)
        if name is not None and box is not None:
            self.boxes[name] = box

    def __str__(self) -> str:
        numbered = (f"{place}. {sentence}" for place, sentence in enumerate(self.sentences, start=1))
        return "\n".join([self.title, *numbered])


def story(trace: "Trace", detection: int) -> Story:
    """How a detection came about: anchor, proposal, class and box, NMS, mask.

    Parameters
    ----------
    trace : Trace
    detection : index into `trace["boxes"]`

    Raises
    ------
    InputError
        There is no such detection.
    """
    count = len(trace["boxes"])
    if not 0 <= detection < count:
        raise InputError(
            f"story: detection {detection} does not exist; this trace has {count}, numbered from 0."
        )
    candidate = int(trace["detection_candidate"][detection])
    proposal = int(trace["candidate_roi"][candidate])
    anchor = int(trace["proposal_anchor"][proposal])
    name, score = trace.class_names[trace["labels"][detection]], trace["scores"][detection]
    told = Story(f"Detection {detection}: {name}, score {score:.2f}")

    rank = int(np.sum(trace["objectness"] > trace["objectness"][anchor])) + 1
    told.add(
        f"Anchor {anchor} on {_level_name(trace, trace['anchor_level'][anchor])}, "
        f"{_box(trace['anchors'][anchor])}, looked like an object with probability "
        f"{trace['proposal_scores'][proposal]:.2f} (number {rank} of {len(trace['anchors']):,}).",
        "anchor",
        trace["anchors"][anchor],
    )
    dx, dy, dw, dh = trace["rpn_deltas"][anchor]
    others = int(np.sum(trace["anchor_suppressed_by"] == anchor))
    told.add(
        f"Its deltas (dx {dx:+.2f}, dy {dy:+.2f}, dw {dw:+.2f}, dh {dh:+.2f}) moved it to "
        f"{_box(trace['clipped'][anchor])}; NMS on its level let it push out {_count(others)}.",
        "proposal",
        trace["proposals"][proposal],
    )
    moved = np.abs(trace["candidate_box"][candidate] - trace["proposals"][proposal]).mean()
    background = trace["class_scores"][proposal, 0]
    level = _level_name(trace, trace["roi_level"][proposal])
    told.add(
        f"As proposal {proposal} it was read from {level}; the box head called it {name} with {score:.2f} "
        f"(background {background:.2f}) and moved its sides by {moved:.1f} px on average.",
        "refined",
        trace["candidate_box"][candidate],
    )
    others = int(np.sum(trace["candidate_suppressed_by"] == candidate))
    told.add(f"NMS among boxes of class {name} let it push out {_count(others)}.")
    if "masks" in trace:
        mask = trace.masks[detection]
        told.add(f"Its mask covers {np.count_nonzero(mask):,} of the picture's {mask.size:,} pixels.")
    return told


def why_missed(trace: "Trace", gt_box: np.ndarray, label: int | None = None) -> Story:
    """Where a true object was lost: no anchor, no proposal, another class, a low score, or NMS.

    Parameters
    ----------
    trace : Trace
    gt_box : (4,) the true box, input pixels
    label : its class; any class will do by default
    """
    truth = _to_transformed(trace, gt_box)
    told = Story(f"The object at {_box(np.asarray(gt_box, np.float32))}")
    told.boxes["truth"] = truth
    overlaps = {
        name: _iou(truth, trace[name]) for name in ("anchors", "clipped", "proposals", "candidate_box")
    }

    anchor = int(overlaps["anchors"].argmax())
    count = len(trace["anchors"])
    told.add(
        f"The best of {count:,} anchors covers it with IoU {overlaps['anchors'][anchor]:.2f}.",
        "anchor",
        trace["anchors"][anchor],
    )
    refined = int(overlaps["clipped"].argmax())
    told.add(
        f"The best box the RPN made of an anchor has IoU {overlaps['clipped'][refined]:.2f}: "
        f"{_anchor_fate(trace, refined)}.",
        "RPN box",
        trace["clipped"][refined],
    )
    best = overlaps["proposals"].max(initial=0)
    if best < FOUND:
        told.add(f"No proposal covers it (best IoU {best:.2f}): it was lost in the RPN.")
        return told
    _tell_candidates(trace, told, overlaps["candidate_box"], label)
    return told


def _tell_candidates(trace: "Trace", told: Story, iou: np.ndarray, label: int | None) -> None:
    """The best scoring candidate on the object, and what became of it."""
    near = iou >= FOUND
    wanted = near if label is None else near & (trace["candidate_label"] == label)
    kept = np.flatnonzero(wanted & (trace["candidate_fate"] == Fate.KEPT))
    if len(kept):
        place = np.flatnonzero(np.isin(trace["detection_candidate"], kept))[0]
        told.add(_detection_verdict(trace, int(place)), "detection", trace["detection_boxes"][place])
        return
    if not wanted.any():
        told.add("Proposals cover it, but every refined box moved away from it (IoU below 0.5).")
        return
    candidate = int(np.where(wanted, trace["candidate_score"], -1).argmax())
    name = trace.class_names[trace["candidate_label"][candidate]]
    told.add(
        f"The best candidate on it is {name} with score {trace['candidate_score'][candidate]:.2f} and IoU "
        f"{iou[candidate]:.2f}: {_candidate_fate(trace, candidate)}.",
        "candidate",
        trace["candidate_box"][candidate],
    )
    winners = np.flatnonzero(near & (trace["candidate_fate"] == Fate.KEPT))
    if label is not None and len(winners):
        winner = winners[0]
        other = trace.class_names[trace["candidate_label"][winner]]
        told.add(f"Something was detected there, but as {other} ({trace['candidate_score'][winner]:.2f}).")


def _detection_verdict(trace: "Trace", place: int) -> str:
    name, score = trace.class_names[trace["labels"][place]], trace["scores"][place]
    if score >= SHOWN:
        return f"It was not missed: detection {place}, {name} with score {score:.2f}, covers it."
    return f"Detection {place}, {name}, covers it, but its score of {score:.2f} is too low to be shown."


def _anchor_fate(trace: "Trace", anchor: int) -> str:
    fate = Fate(trace["anchor_fate"][anchor])
    if fate is Fate.SUPPRESSED:
        by, iou = trace["anchor_suppressed_by"][anchor], trace["anchor_suppressed_iou"][anchor]
        return f"suppressed by that of anchor {by} at IoU {iou:.2f}"
    return fate.sentence


def _candidate_fate(trace: "Trace", candidate: int) -> str:
    fate = Fate(trace["candidate_fate"][candidate])
    if fate is Fate.SUPPRESSED:
        by, iou = trace["candidate_suppressed_by"][candidate], trace["candidate_suppressed_iou"][candidate]
        score = trace["candidate_score"][by]
        return f"suppressed by a box of score {score:.2f} at IoU {iou:.2f}"
    if fate is Fate.BACKGROUND:
        return "the box head finds background more likely"
    return fate.sentence


def _iou(truth: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return np.nan_to_num(box_iou(truth[None], boxes)[0])


def _to_transformed(trace: "Trace", box: np.ndarray) -> np.ndarray:
    return resize_boxes(np.asarray(box, np.float32), trace.image_size, trace.resized_size)


def _level_name(trace: "Trace", level: int) -> str:
    return list(trace.strides)[level]


def _box(box: np.ndarray) -> str:
    x1, y1, x2, y2 = box
    return f"{x2 - x1:.0f}x{y2 - y1:.0f} px at ({(x1 + x2) / 2:.0f}, {(y1 + y2) / 2:.0f})"


def _count(others: int) -> str:
    return "no other box" if others == 0 else "one other box" if others == 1 else f"{others} other boxes"
