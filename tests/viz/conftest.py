"""A made-up but consistent trace, so that figures are tested without a trained model.

Discs lie at known places; anchors, proposals and candidates crowd round them with known noise, and every
index, fate and scale agrees with every other as in a real forward pass.
"""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.fates import Fate, suppressors
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import Stage, Trace, TraceContext

STRIDES = (4, 8, 16, 32)
K = 4  # background and three classes
CLASS_NAMES = ["background", "circle", "square", "triangle"]
EACH = 5  # proposals round each object
NMS_THRESHOLD = 0.5


@pytest.fixture(scope="session")
def class_names():
    return CLASS_NAMES


@pytest.fixture(scope="session")
def make_trace():
    """`make_trace(height, width, discs)`; a disc is (label, centre x, centre y, radius) in input pixels."""
    return synthetic_trace


@pytest.fixture(scope="session")
def trace(make_trace):
    return make_trace(120, 160, [(1, 40, 60, 20), (2, 110, 40, 25), (1, 120, 95, 18)])


def synthetic_trace(height, width, discs, seed=0):
    rng = np.random.default_rng(seed)
    stages = {}

    def watch(name, array, axes):
        stages[name] = Stage(array, axes)

    truth, labels = boxes_of(discs), np.array([disc[0] for disc in discs], np.int64)
    scale = 128 / max(height, width)
    h, w = max(1, int(height * scale)), max(1, int(width * scale))
    ratio = np.array([w / width, h / height] * 2, np.float32)
    padded = tuple(-(-side // 32) * 32 for side in (h, w))

    watch("input", paint(height, width, discs), ("channel", "y", "x"))
    watch("transformed", rng.normal(size=(3, h, w)).astype(np.float32), ("channel", "y", "x"))
    for index, stride in enumerate(STRIDES):
        shape = (8, padded[0] // stride, padded[1] // stride)
        for name in (f"backbone.C{index + 2}", f"pyramid.P{index + 2}"):
            watch(name, rng.normal(size=shape).astype(np.float32), ("channel", "y", "x"))
    proposals = watch_rpn(watch, rng, (truth * ratio).reshape(-1, 4), (h, w), padded)
    kept = watch_heads(watch, rng, proposals, labels, (h, w))
    watch_detections(watch, kept, ratio, (height, width))
    return Trace(stages, TraceContext(class_names=tuple(CLASS_NAMES)))


def boxes_of(discs):
    return np.array([(x - r, y - r, x + r, y + r) for _, x, y, r in discs], np.float32).reshape(-1, 4)


def paint(height, width, discs):
    image = np.full((3, height, width), 0.15, np.float32)
    y, x = np.mgrid[:height, :width] + 0.5
    colours = np.array([(0.9, 0.3, 0.2), (0.2, 0.6, 0.9), (0.3, 0.8, 0.3)], np.float32)
    for label, cx, cy, r in discs:
        image[:, (x - cx) ** 2 + (y - cy) ** 2 < r * r] = colours[label - 1][:, None]
    return image


def anchors_of(padded):
    generator = AnchorGenerator([(4 * stride,) for stride in STRIDES])
    levels = generator(padded, [(padded[0] // stride, padded[1] // stride) for stride in STRIDES])
    return np.concatenate(levels), np.repeat(np.arange(len(STRIDES)), [len(level) for level in levels])


def clip(boxes, size):
    return np.clip(boxes, 0, [size[1], size[0]] * 2).astype(np.float32)


def watch_rpn(watch, rng, truth, size, padded):
    """Random anchors become the proposals: `EACH` for each object, close to it, and three of background."""
    anchors, level = anchors_of(padded)
    count = EACH * len(truth) + 3
    chosen = rng.choice(len(anchors), count, replace=False)
    noise = rng.normal(0, 0.08, (len(truth), EACH, 4)).astype(np.float32)
    sides = np.tile(truth[:, 2:] - truth[:, :2], 2)
    near = (truth[:, None] + noise * sides[:, None]).reshape(-1, 4)
    decoded = anchors + rng.normal(0, 1, anchors.shape).astype(np.float32)
    decoded[chosen[: len(near)]] = near
    decoded[~np.isin(np.arange(len(anchors)), chosen) & (level == 3)] += 40  # some reach over the far corner
    clipped = clip(decoded, size)
    logits = rng.normal(-4, 1, len(anchors)).astype(np.float32)
    logits[chosen] = np.sort(rng.uniform(-1, 4, count).astype(np.float32))[::-1]
    fate = np.full(len(anchors), Fate.BELOW_TOP_K)
    fate[chosen] = Fate.KEPT
    by, iou = np.full(len(anchors), -1), np.zeros(len(anchors), np.float32)
    losers = np.flatnonzero(fate == Fate.BELOW_TOP_K)[:7]
    fate[losers], by[losers], iou[losers] = Fate.SUPPRESSED, chosen[0], 0.8

    watch("anchors", anchors, ("anchor", "xyxy"))
    watch("anchor_level", level, ("anchor",))
    watch("objectness", logits, ("anchor",))
    watch("rpn_deltas", rng.normal(0, 0.3, anchors.shape).astype(np.float32), ("anchor", "dxdydwdh"))
    watch("decoded", decoded, ("anchor", "xyxy"))
    watch("clipped", clipped, ("anchor", "xyxy"))
    watch("anchor_fate", fate.astype(np.int64), ("anchor",))
    watch("anchor_suppressed_by", by, ("anchor",))
    watch("anchor_suppressed_iou", iou, ("anchor",))
    watch("proposals", clipped[chosen], ("proposal", "xyxy"))
    watch("proposal_scores", 1 / (1 + np.exp(-logits[chosen])), ("proposal",))
    watch("proposal_anchor", chosen, ("proposal",))
    return clipped[chosen]


def watch_heads(watch, rng, proposals, labels, size):
    """A proposal has the class of its object; its refined box moves towards the mean of its fellows."""
    P = len(proposals)
    of_object = np.repeat(np.arange(len(labels)), EACH)
    scores = np.full((P, K), 0.02, np.float32)
    scores[:, 0] = 0.9
    scores[: len(of_object), 0] = 0.05
    scores[np.arange(len(of_object)), labels[of_object]] = rng.uniform(0.5, 0.99, len(of_object))
    refined = np.repeat(proposals[:, None], K, axis=1)
    for index in range(len(labels)):
        mine = slice(index * EACH, (index + 1) * EACH)
        refined[mine] = 0.3 * refined[mine] + 0.7 * refined[mine].mean(0)
    refined = clip(refined, size)
    watch("roi_level", rng.integers(0, 4, P), ("proposal",))
    watch("box_features", rng.normal(size=(P, 8, 7, 7)).astype(np.float32), ("proposal", "channel", "y", "x"))
    watch("class_logits", np.log(scores), ("proposal", "class"))
    watch("class_scores", scores, ("proposal", "class"))
    watch("box_deltas", rng.normal(size=(P, K, 4)).astype(np.float32), ("proposal", "class", "dxdydwdh"))
    watch("refined", refined, ("proposal", "class", "xyxy"))

    boxes, score = refined[:, 1:].reshape(-1, 4), scores[:, 1:].reshape(-1)
    label, roi = np.tile(np.arange(1, K), P), np.repeat(np.arange(P), K - 1)
    entered = np.flatnonzero(score > 0.05)
    keep = greedy_nms(boxes[entered], score[entered], label[entered])
    fate = np.where((scores.argmax(1) == 0)[roi], Fate.BACKGROUND, Fate.LOW_SCORE)
    fate[entered] = Fate.SUPPRESSED
    kept = entered[keep]
    fate[kept] = Fate.KEPT
    by, iou = np.full(len(boxes), -1), np.zeros(len(boxes), np.float32)
    local, iou[entered] = suppressors(boxes[entered], score[entered], keep, NMS_THRESHOLD, label[entered])
    by[entered] = np.where(local >= 0, entered[local], -1)
    watch("candidate_roi", roi, ("candidate",))
    watch("candidate_label", label, ("candidate",))
    watch("candidate_score", score, ("candidate",))
    watch("candidate_box", boxes, ("candidate", "xyxy"))
    watch("candidate_fate", fate.astype(np.int64), ("candidate",))
    watch("candidate_suppressed_by", by, ("candidate",))
    watch("candidate_suppressed_iou", iou, ("candidate",))
    watch("detection_candidate", kept, ("detection",))
    return boxes[kept], label[kept], score[kept]


def greedy_nms(boxes, scores, labels):
    keep = []
    for i in np.argsort(-scores, kind="stable"):
        if all(labels[i] != labels[j] or overlap(boxes[i], boxes[j]) <= NMS_THRESHOLD for j in keep):
            keep.append(int(i))
    return np.array(keep, np.int64)


def overlap(a, b):
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def watch_detections(watch, kept, ratio, original):
    boxes, labels, scores = kept
    D = len(boxes)
    y, x = np.mgrid[:28, :28] - 13.5
    disc = 1 / (1 + np.exp(np.hypot(y, x) - 12.5))
    in_input = (boxes / ratio).astype(np.float32)
    masks = np.zeros((D, *original), bool)
    y, x = np.mgrid[: original[0], : original[1]] + 0.5
    for mask, (x1, y1, x2, y2) in zip(masks, in_input, strict=True):
        mask[:] = ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2 < 0.25
    watch("mask_features", np.ones((D, 8, 14, 14), np.float32), ("detection", "channel", "y", "x"))
    watch("mask_logits", np.zeros((D, K, 28, 28), np.float32), ("detection", "class", "y", "x"))
    watch("mask_probs", np.tile(disc, (D, 1, 1)).astype(np.float32), ("detection", "y", "x"))
    watch("detection_boxes", boxes, ("detection", "xyxy"))
    watch("boxes", in_input, ("detection", "xyxy"))
    watch("labels", labels, ("detection",))
    watch("scores", scores, ("detection",))
    watch("masks", masks, ("detection", "y", "x"))


@pytest.fixture(scope="session")
def target():
    """The true objects of `trace`."""
    discs = [(1, 40, 60, 20), (2, 110, 40, 25), (1, 120, 95, 18)]
    y, x = np.mgrid[:120, :160] + 0.5
    masks = np.array([(x - cx) ** 2 + (y - cy) ** 2 < r * r for _, cx, cy, r in discs])
    return Target(boxes_of(discs), np.array([1, 2, 1]), masks, np.zeros(3, bool), 0)


@pytest.fixture(scope="session")
def example(trace, target, class_names):
    """All that figures can be drawn from without a model or a data set."""
    return viz.Example(
        trace,
        viz.Truth(trace, target),
        samples=[(trace["input"], target)],
        class_names=class_names,
        log_records=[{"step": 1, "loss": 2.0}],
    )


@pytest.fixture(scope="session")
def written(example, tmp_path_factory):
    """Every figure of `example`, drawn once: the folder of the page, and what was drawn."""
    folder = tmp_path_factory.mktemp("page") / "out"
    return folder, viz.write_page(example, folder, "A <page>", {"picture": "a & b"}, "of another picture")
