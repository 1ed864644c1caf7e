"""CocoEvaluator against pycocotools on random pictures that are made to tie, to crowd and to be empty."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator

SIDE = 128  # room for objects that COCO calls small, medium and large
CLASSES = (1, 2, 3)


def pycocotools_says(pairs, iou_type, max_dets, areas=None):
    """COCOeval after accumulate() on the same (target, detections) pairs."""
    annotations, results = [], []
    for i, (target, detections) in enumerate(pairs):
        for j in range(len(target.labels)):
            area = target.masks[j].sum() if areas is None else areas[i][j]
            annotations.append(
                {"id": len(annotations) + 1, "area": float(area), "iscrowd": int(target.iscrowd[j])}
                | described(target, j)
            )
        results += [
            described(detections, j, target.image_id) | {"score": float(detections.scores[j])}
            for j in range(len(detections))
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": target.image_id, "height": SIDE, "width": SIDE} for target, _ in pairs],
            "categories": [{"id": c} for c in CLASSES],
            "annotations": annotations,
        }
        truth.createIndex()
        found = COCO()
        found.dataset = {**truth.dataset, "annotations": []}
        for number, result in enumerate(results, start=1):
            area = (
                float(coco_mask.area(result["segmentation"]))
                if iou_type == "segm"
                else result["bbox"][2] * result["bbox"][3]
            )
            found.dataset["annotations"].append({**result, "id": number, "area": area, "iscrowd": 0})
        found.createIndex()
        judge = COCOeval(truth, found, iou_type)
        judge.params.maxDets = list(max_dets)
        judge.evaluate()
        judge.accumulate()
    return judge


def described(instances, j, image_id=None):
    """One instance in COCO's words."""
    x1, y1, x2, y2 = instances.boxes[j].astype(np.float64)
    return {
        "image_id": instances.image_id if image_id is None else image_id,
        "category_id": int(instances.labels[j]),
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "segmentation": coco_mask.encode(np.asfortranarray(instances.masks[j].astype(np.uint8))),
    }


def instances(rng, count, coarse):
    """Boxes and the ellipses in them; coarse ones lie on a grid of 16 pixels so that IoUs tie."""
    step = 16 if coarse else 1
    corners = rng.integers(0, SIDE // step, (count, 2, 2)) * step
    low, high = corners.min(1), corners.max(1) + step
    boxes = np.concatenate([low, high], axis=1).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    masks = np.zeros((count, SIDE, SIDE), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[:] = ((2 * x - x1 - x2) / (x2 - x1)) ** 2 + ((2 * y - y1 - y2) / (y2 - y1)) ** 2 <= 1
    return boxes, masks


def picture(rng, image_id, coarse, crowds, truths, guesses):
    """A target and detections, most of them near a true object; scores have one decimal, so that they tie."""
    boxes, masks = instances(rng, truths, coarse)
    labels = rng.choice(CLASSES, truths)
    target = Target(boxes, labels.astype(np.int64), masks, rng.random(truths) < crowds, image_id)
    found_boxes, found_masks = instances(rng, guesses, coarse)
    found_labels = rng.choice(CLASSES, guesses)
    for d in np.flatnonzero(rng.random(guesses) < 0.6) if truths else ():
        source = rng.integers(truths)
        shift = int(rng.integers(-3, 4))
        found_boxes[d] = boxes[source] + shift
        found_masks[d] = np.roll(masks[source], (shift, shift), (0, 1))
        found_labels[d] = labels[source]
    scores = rng.integers(0, 11, guesses).astype(np.float32) / 10
    return target, Detections(found_boxes, found_labels.astype(np.int64), scores, found_masks)


@st.composite
def data_sets(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    coarse, crowds = draw(st.booleans()), draw(st.sampled_from([0.0, 0.3, 1.0]))
    counts = draw(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 14)), min_size=1, max_size=5))
    ids = rng.permutation(len(counts)) * 7 + 1  # not added in the order of their ids
    return [
        picture(rng, int(i), coarse, crowds, truths, guesses)
        for i, (truths, guesses) in zip(ids, counts, strict=True)
    ]


def evaluate(pairs, iou_type, max_dets=(1, 10, 100), areas=None):
    evaluator = CocoEvaluator(iou_type, max_dets)
    for i, (target, detections) in enumerate(pairs):
        evaluator.add(target, detections, None if areas is None else areas[i])
    return evaluator


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
@given(pairs=data_sets(), max_dets=st.sampled_from([(1, 10, 100), (1, 2, 3), (5,), (2, 500)]))
def test_every_curve_equals_pycocotools(iou_type, pairs, max_dets):
    judge = pycocotools_says(pairs, iou_type, max_dets)
    curves = evaluate(pairs, iou_type, max_dets).curves()
    columns = [CLASSES.index(label) for label in curves.labels]
    np.testing.assert_allclose(curves.precision, judge.eval["precision"][:, :, columns], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curves.recall, judge.eval["recall"][:, columns], rtol=0, atol=1e-12)
    absent = [k for k in range(len(CLASSES)) if k not in columns]
    assert (judge.eval["recall"][:, absent] == -1).all()


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
@given(pairs=data_sets())
def test_the_summary_equals_pycocotools(iou_type, pairs):
    judge = pycocotools_says(pairs, iou_type, (1, 10, 100))
    with contextlib.redirect_stdout(io.StringIO()):
        judge.summarize()
    summary = evaluate(pairs, iou_type).summary()
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
    np.testing.assert_allclose([summary[name] for name in names], judge.stats, rtol=0, atol=1e-6)


def test_areas_can_be_given_and_move_an_object_to_another_size_range():
    rng = np.random.default_rng(0)
    pairs = [picture(rng, i, False, 0.2, 6, 10) for i in range(3)]
    areas = [
        rng.choice([100.0, 32.0**2, 96.0**2, 20000.0], 6) for _ in pairs
    ]  # both ends belong to two ranges
    judge = pycocotools_says(pairs, "bbox", (1, 10, 100), areas)
    curves = evaluate(pairs, "bbox", areas=areas).curves()
    np.testing.assert_allclose(curves.precision, judge.eval["precision"], rtol=0, atol=1e-12)
    assert not np.array_equal(curves.precision, evaluate(pairs, "bbox").curves().precision)


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_five_hundred_detections(iou_type):
    rng = np.random.default_rng(1)
    pairs = [picture(rng, 1, False, 0.1, 40, 500)]
    judge = pycocotools_says(pairs, iou_type, (1, 100, 500))
    curves = evaluate(pairs, iou_type, (1, 100, 500)).curves()
    np.testing.assert_allclose(curves.precision, judge.eval["precision"], rtol=0, atol=1e-12)


def one_object(image_id=1, crowd=False):
    masks = np.zeros((1, SIDE, SIDE), bool)
    masks[0, 10:40, 10:40] = True
    return Target(np.float32([[10, 10, 40, 40]]), np.array([1]), masks, np.array([crowd]), image_id)


def guess(*boxes, scores):
    masks = np.zeros((len(boxes), SIDE, SIDE), bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    return Detections(
        np.float32(boxes).reshape(-1, 4), np.ones(len(boxes), np.int64), np.float32(scores), masks
    )


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_a_second_detection_of_the_same_object_is_wrong(iou_type):
    # The better-scored one wins although the other fits better; recall 1 is reached at precision 1.
    worse, better = (10, 10, 40, 32), (10, 10, 40, 40)
    summary = evaluate([(one_object(), guess(worse, better, scores=[0.9, 0.8]))], iou_type).summary()
    assert summary["AP50"] == pytest.approx(1)
    # At 0.75 the worse fit (IoU 22/30) fails first, then the better one is right: precision 1/2 everywhere.
    assert summary["AP75"] == pytest.approx(0.5)


def test_detections_inside_a_crowd_are_neither_right_nor_wrong():
    pair = one_object(), guess((10, 10, 40, 40), scores=[0.5])
    crowd = one_object(image_id=2, crowd=True), guess((10, 10, 20, 20), (20, 20, 30, 30), scores=[0.9, 0.8])
    assert evaluate([pair, crowd], "bbox").summary()["AP"] == pytest.approx(1)


def test_nothing_found_is_zero_and_nothing_to_find_is_minus_one():
    blank = Target(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), None, np.zeros(0, bool), 1)
    nothing = guess(scores=[])
    assert evaluate([(one_object(), nothing)], "segm").summary()["AP"] == 0
    summary = evaluate([(blank, nothing)], "bbox").summary()
    assert summary.pop("per_class") == {}
    assert set(summary.values()) == {-1.0}
    assert evaluate([(one_object(), nothing)], "bbox").summary()["APl"] == -1


def test_a_single_curve_can_be_drawn():
    two = guess((10, 10, 40, 40), (80, 80, 90, 90), scores=[0.8, 0.9])
    curves = evaluate([(one_object(), two)], "bbox").curves()
    recall, precision = curves.at(0.5)
    assert (recall[0], recall[-1]) == (0, 1)
    np.testing.assert_allclose(precision, 0.5)
    np.testing.assert_array_equal(curves.at(0.5, label=1)[1], precision)
    assert (curves.at(0.5, area="large")[1] == -1).all()
    for wrong in ({"iou": 0.52}, {"label": 7}, {"area": "huge"}):
        with pytest.raises(InputError, match=r"Curves\.at"):
            curves.at(**wrong)


def test_ids_of_pictures_may_be_numbers_and_texts():
    evaluator = CocoEvaluator("bbox")
    for image_id in ("b", 2, "a", 1):
        evaluator.add(one_object(image_id), guess((10, 10, 40, 40), scores=[0.8]))
    assert evaluator.summary()["AP50"] == pytest.approx(1)


def test_bad_input_is_refused_with_the_picture_named():
    evaluator = CocoEvaluator("segm")
    found = guess((10, 10, 40, 40), scores=[0.8])
    evaluator.add(one_object(), found)
    with pytest.raises(InputError, match="image_id 1 was added before"):
        evaluator.add(one_object(), found)
    with pytest.raises(InputError, match="score is NaN"):
        evaluator.add(one_object(2), guess((10, 10, 40, 40), scores=[np.nan]))
    with pytest.raises(InputError, match="without masks"):
        evaluator.add(one_object(3), Detections(found.boxes, found.labels, found.scores, None))
    with pytest.raises(InputError, match="own size"):
        evaluator.add(
            one_object(4), Detections(found.boxes, found.labels, found.scores, found.masks[:, :64, :64])
        )
    with pytest.raises(InputError, match="areas must be \\(1,\\)"):
        evaluator.add(one_object(5), found, areas=np.ones(3))
    with pytest.raises(InputError, match="an area is NaN"):
        evaluator.add(one_object(5), found, areas=np.array([np.nan]))
    with pytest.raises(InputError, match="iou_type"):
        CocoEvaluator("mask")
    with pytest.raises(InputError, match="max_dets"):
        CocoEvaluator(max_dets=(100, 10))
