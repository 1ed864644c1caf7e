"""What `predict` writes is what `evaluate` judges: the same numbers, and so the same AP in pycocotools."""

import json
import tracemalloc

import numpy as np
import pytest

from minimaskrcnn.cli.results import all_digits, as_coco, as_records, at_least
from minimaskrcnn.data import Shapes
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.masks import paste_masks
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.viz.masks import draw_masks
from minimaskrcnn.viz.picture import draw_picture

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def test_every_digit_of_a_float32_survives(rng):
    values = rng.random(1000, np.float32)
    read_back = np.array(json.loads(json.dumps([all_digits(v) for v in values])), np.float32)
    np.testing.assert_array_equal(read_back, values)


def near(targets, rng):
    """Detections a little beside the objects, with scores that differ in their last digits only."""
    found = []
    for target in targets:
        moved = target.boxes + rng.normal(0, 1.5, target.boxes.shape).astype(np.float32)
        scores = (0.9 + 1e-6 * rng.random(len(target))).astype(np.float32)
        best_first = np.argsort(-scores, kind="stable")
        found.append(
            Detections(
                moved[best_first], target.labels[best_first], scores[best_first], target.masks[best_first]
            )
        )
    return found


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_pycocotools_finds_the_ap_of_evaluate_in_what_predict_writes(kind, rng, capsys):
    coco = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    targets = [Shapes("val")[i][1] for i in range(12)]
    ours, truth, written = CocoEvaluator(kind), [], []
    for number, (target, found) in enumerate(zip(targets, near(targets, rng), strict=True), 1):
        target.image_id = number
        ours.add(target, found)
        written += as_coco(found, number, f"{number}.png")
        for box, label, mask in zip(target.boxes.tolist(), target.labels, target.masks, strict=True):
            x1, y1, x2, y2 = box
            truth.append({"id": len(truth) + 1, "image_id": number, "category_id": int(label), "iscrowd": 0})
            truth[-1] |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": int(mask.sum())}
            truth[-1]["segmentation"] = rle.encode(mask)
    if kind == "segm":  # beside a bbox, pycocotools takes its area for the mask's
        written = [{key: value for key, value in entry.items() if key != "bbox"} for entry in written]
    known = coco.COCO()
    known.dataset = {
        "images": [{"id": n, "height": 128, "width": 128} for n in range(1, 13)],
        "categories": [{"id": k, "name": str(k)} for k in (1, 2, 3)],
        "annotations": truth,
    }
    known.createIndex()
    judge = cocoeval.COCOeval(known, known.loadRes(json.loads(json.dumps(written))), kind)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    theirs = dict(zip(NAMES, judge.stats.tolist(), strict=True))
    assert {name: ours.summary()[name] for name in NAMES} == pytest.approx(theirs, abs=1e-4)
    assert 0 < theirs["AP"] <= 1


def test_what_predict_does_with_masks_takes_the_room_of_their_boxes(rng):
    """A hundred objects in 400 megapixels; as an array, their masks are 40 GB."""
    size = (20_000, 20_000)
    corners = rng.integers(0, 19_900, (100, 2))
    boxes = np.concatenate([corners, corners + rng.integers(5, 90, (100, 2))], axis=1).astype(np.float32)
    tracemalloc.start()
    masks = paste_masks(rng.random((100, 28, 28), np.float32), boxes, size, 0.5)
    found = Detections(boxes, np.ones(100, np.int64), np.linspace(1, 0, 100, dtype=np.float32), masks)
    sure = at_least(found, 0.5)
    records, entries = as_records(sure, ["background", "cell"]), as_coco(found, 1, "slide.png")
    ax = draw_picture(np.zeros((3, 8, 8), np.float32), size=size)
    draw_masks(ax, sure.masks, ["red"] * len(sure))
    truth = Target(boxes, found.labels, masks)
    evaluator = CocoEvaluator("segm", (1, 10, 100))
    evaluator.add(truth, found)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert [record["mask_area"] for record in records] == [rle.area(e["segmentation"]) for e in entries[:50]]
    assert evaluator.summary()["AP"] == pytest.approx(1)
