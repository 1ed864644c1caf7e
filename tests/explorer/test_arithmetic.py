"""What the page computes is what the package computes: index by index, bit by bit where it decides."""

from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn import weights
from minimaskrcnn.data import Shapes, nuclei_sample
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.boxes import box_iou, clip_boxes_to_image, remove_small_boxes, resize_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.fates import suppressors
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.detection.stages import Candidates
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.io import load_model
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.paste import RULES
from minimaskrcnn.models.postprocess import BoxPostprocess
from minimaskrcnn.models.rpn import RegionProposalNetwork, RPNHead

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def some_boxes(rng, count, side=100):
    """Boxes of every size, some without area, many of them close to others."""
    corner = rng.uniform(0, side, (count, 2))
    size = rng.exponential(side / 5, (count, 2)) * (rng.random((count, 1)) > 0.03)
    boxes = np.concatenate([corner, corner + size], 1)
    near = rng.integers(0, count, count)
    return np.where(rng.random((count, 1)) < 0.5, boxes, boxes[near] + rng.normal(0, 2, (count, 4))).astype(
        np.float32
    )


def tied_scores(rng, count):
    return np.round(rng.random(count), 1).astype(np.float32)


def test_iou_is_equal_to_the_bit(script, rng):
    a, b = some_boxes(rng, 60), some_boxes(rng, 60)
    got = script("a.map((x) => b.map((y) => box_iou(x, y)))", a=a.tolist(), b=b.tolist())
    got = np.array(got, np.float64)  # NaN travels as None
    np.testing.assert_array_equal(got.astype(np.float32), box_iou(a, b))


@pytest.mark.parametrize("weights", [(1.0, 1, 1, 1), (10.0, 10, 5, 5)])
def test_decode_and_clip(script, rng, weights):
    boxes, deltas = some_boxes(rng, 500), rng.normal(0, 2, (500, 4)).astype(np.float32)
    expected = BoxCoder(weights).decode(deltas, boxes)[:, 0]
    got = script(
        "boxes.map((box, i) => decode(deltas[i], box, weights))",
        boxes=boxes.tolist(),
        deltas=deltas.tolist(),
        weights=weights,
    )
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-4)
    clipped = script("boxes.map((box) => clip_boxes_to_image(box, [70, 90]))", boxes=expected.tolist())
    np.testing.assert_array_equal(clipped, clip_boxes_to_image(expected, (70, 90)))


def test_resizing_and_small_boxes(script, rng):
    boxes = some_boxes(rng, 200)
    got = script("boxes.map((box) => resize_boxes(box, [70, 90], [128, 165]))", boxes=boxes.tolist())
    np.testing.assert_array_equal(np.array(got, np.float32), resize_boxes(boxes, (70, 90), (128, 165)))
    got = script(
        "remove_small_boxes(new Float32Array(boxes.flat()), arange(boxes.length), 10)", boxes=boxes.tolist()
    )
    assert got == remove_small_boxes(boxes, 10).tolist()


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_nms_of_boxes_of_all_widths(script, rng, threshold):
    corner = rng.uniform(-50, 800, (600, 2))
    sides = 2.0 ** rng.uniform(-3, 10, (600, 2)) * (rng.random((600, 1)) > 0.05)  # some have no area
    boxes = np.concatenate([corner, corner + sides], axis=1).round(1).astype(np.float32)
    boxes[300:400] = boxes[:100] + rng.integers(0, 2, (100, 1), np.int64).astype(np.float32)  # near copies
    scores = rng.permutation(600) / 600
    given = {"boxes": boxes.tolist(), "scores": scores.tolist(), "t": threshold}
    kept = script("nms(new Float32Array(boxes.flat()), scores, t)", **given)
    assert kept == nms(boxes, scores.astype(np.float32), threshold).tolist()


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_nms_with_ties(script, rng, threshold):
    boxes, scores, idxs = some_boxes(rng, 400), tied_scores(rng, 400), rng.integers(0, 4, 400)
    given = {"boxes": boxes.tolist(), "scores": scores.tolist(), "t": threshold}
    kept = script("nms(new Float32Array(boxes.flat()), scores, t)", **given)
    assert kept == nms(boxes, scores, threshold).tolist()
    kept = script("batched_nms(new Float32Array(boxes.flat()), scores, idxs, t)", idxs=idxs.tolist(), **given)
    assert kept == batched_nms(boxes, scores, idxs, threshold).tolist()
    by, iou = suppressors(boxes, scores, np.array(kept), threshold, idxs)
    got = script(
        "arange(scores.length).map((i) => kept.includes(i) ? null : "
        "suppressed_by(new Float32Array(boxes.flat()), scores, idxs, kept, t, i))",
        idxs=idxs.tolist(),
        kept=kept,
        **given,
    )
    assert [-1 if one is None else one["by"] for one in got] == by.tolist()
    np.testing.assert_array_equal(np.float32([0 if one is None else one["iou"] for one in got]), iou)


def test_average_precision(script, rng):
    for _ in range(20):
        truth = some_boxes(rng, 12)
        truth = truth[(truth[:, 2:] > truth[:, :2]).all(1)]
        found = np.concatenate([truth + rng.normal(0, 4, truth.shape), some_boxes(rng, 20)])
        found = np.concatenate([found[:, :2], np.maximum(found[:, :2], found[:, 2:])], 1).astype(np.float32)
        scores = tied_scores(rng, len(found))
        evaluator = CocoEvaluator("bbox")
        labels = np.ones(len(found), int)
        evaluator.add(Target(truth, labels[: len(truth)]), Detections(found, labels, scores, None))
        expected = evaluator.curves().precision[:, :, 0, 0, -1].mean(1)  # (T,)
        got = script(
            "IOU_THRESHOLDS.map((iou) => average_precision(found, scores, truth, iou))",
            found=found.tolist(),
            scores=scores.tolist(),
            truth=truth.tolist(),
        )
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9)


@pytest.fixture(scope="module")
def traces():
    """Six traces: of the bundled models, of two that have not learnt anything, and of one that is too sure.

    The last one's logits are so large that many scores are exactly 1; their order is that of the logits.
    """
    shapes, _ = load_model(weights.path("shapes"))
    found = [shapes.trace(Shapes("val")[index][0]) for index in (27, 3)]
    nuclei, _ = load_model(weights.path("nuclei"))
    crop = np.ascontiguousarray(nuclei_sample(nuclei.prepare)[0][:, :160, :160])
    found.append(replace_transform(nuclei).trace(crop))
    for make in (mini, mini_c4):
        model = make(4, box_score_thresh=0.2, rng=np.random.default_rng(4))
        found.append(model.trace(Shapes("val")[5][0]))
    sure = mini(4, box_score_thresh=0.2, rng=np.random.default_rng(4))
    sure.rpn.head.cls_logits.weight.data *= 1e4
    found.append(sure.trace(Shapes("val")[5][0]))
    assert (expit(found[-1]["objectness"]) == 1).sum() > 100
    return found


def replace_transform(model):
    """The model, which takes the picture as it is: a smaller one is faster to go through 200 times."""
    model.transform = replace(model.transform, min_size=160, max_size=160, fixed_size=None, scale=None)
    return model


def random_settings(rng, context):
    return {
        "rpn_pre_nms_top_n": int(rng.integers(1, 600)),
        "rpn_post_nms_top_n": int(rng.integers(1, 300)),
        "rpn_nms_thresh": float(np.round(rng.uniform(0, 1), 2)),
        "rpn_score_thresh": float(rng.choice([0, 0.01, 0.3])),
        "rpn_min_size": float(rng.choice([context.rpn_min_size, 3.0])),
        "box_score_thresh": float(np.round(rng.uniform(0, 0.9), 2)),
        "box_min_size": float(rng.choice([0.01, 5.0])),
        "box_nms_thresh": float(np.round(rng.uniform(0, 1), 2)),
        "box_detections_per_img": int(rng.integers(1, 120)),
    }


@pytest.mark.parametrize("number", range(6))
def test_the_funnel_of_random_settings(script, traces, rng, number):
    trace = traces[number]
    arrays = {
        "clipped": trace["clipped"],
        "scores": expit(trace["objectness"]),
        "levels": trace["anchor_level"],
        "objectness": trace["objectness"],
    }
    found = {
        "boxes": trace["candidate_box"],
        "labels": trace["candidate_label"],
        "scores": trace["candidate_score"],
        "rois": trace["candidate_roi"],
    }
    settings = [random_settings(rng, trace.context) for _ in range(200)]
    got = script(
        """(() => {
            const rpn = {...anchors, clipped: new Float32Array(anchors.clipped),
                         ranked: rank_levels(anchors.objectness, anchors.levels)};
            const pairs = {...candidates, boxes: new Float32Array(candidates.boxes)};
            return settings.map((one) => {
                const proposals = select_proposals(rpn, one);
                const kept = new Set(proposals.kept);
                return [proposals, select_detections(pairs, one, (roi) => kept.has(anchor_of[roi]))];
            });
        })()""",
        anchors={name: array.ravel().tolist() for name, array in arrays.items()},
        candidates={name: array.ravel().tolist() for name, array in found.items()},
        anchor_of=trace["proposal_anchor"].tolist(),
        settings=settings,
    )
    for one, (proposals, detections) in zip(settings, got, strict=True):
        expected = proposals_by_the_package(arrays, one)
        for step in ("top_k", "large", "confident", "after_nms", "kept"):
            assert proposals[step] == getattr(expected, step).tolist(), (step, one)
        known = np.flatnonzero(np.isin(trace["proposal_anchor"][found["rois"]], expected.kept))
        expected = detections_by_the_package(found, known, one)
        for step in ("confident", "large", "after_nms", "kept"):
            assert detections[step] == known[getattr(expected, step)].tolist(), (step, one)


def proposals_by_the_package(arrays, settings):
    rpn = RegionProposalNetwork(
        AnchorGenerator(),
        RPNHead(1, 3),
        pre_nms_top_n=(0, settings["rpn_pre_nms_top_n"]),
        post_nms_top_n=(0, settings["rpn_post_nms_top_n"]),
        nms_thresh=settings["rpn_nms_thresh"],
        score_thresh=settings["rpn_score_thresh"],
        min_size=settings["rpn_min_size"],
    )
    rpn.eval()
    return rpn.select_proposals(arrays["clipped"], arrays["objectness"], arrays["scores"], arrays["levels"])


def detections_by_the_package(found, known, settings):
    post = BoxPostprocess(
        BoxCoder((10.0, 10, 5, 5)),
        settings["box_score_thresh"],
        settings["box_nms_thresh"],
        settings["box_detections_per_img"],
        settings["box_min_size"],
    )
    return post.select_detections(Candidates(**{name: array[known] for name, array in found.items()}))


@pytest.mark.parametrize("rule", ["rounded", "unrounded"])
def test_pasted_masks(script, rng, rule):
    masks = rng.random((40, 28, 28)).astype(np.float32)
    boxes = some_boxes(rng, 40)
    whole = RULES[rule](masks, boxes, (100, 130), (150, 160), None)
    got = script(
        "masks.map((mask, i) => paste(mask, 28, boxes[i], [100, 130], [150, 160], rule))",
        masks=masks.reshape(40, -1).tolist(),
        boxes=boxes.tolist(),
        rule=rule,
    )
    for expected, one in zip(whole, got, strict=True):
        pasted = np.zeros((150, 160))
        values = np.array(one["values"] or np.zeros((0, 0)))
        pasted[one["y"] : one["y"] + len(values), one["x"] : one["x"] + values.shape[1]] = values
        np.testing.assert_allclose(pasted, expected, rtol=0, atol=1e-5)
