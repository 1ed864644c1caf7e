"""What `predict` writes is what `evaluate` judges: the same numbers, and so the same AP in pycocotools."""

import json

import numpy as np
import pytest

from minimaskrcnn.cli.results import all_digits, as_coco
from minimaskrcnn.data import Shapes
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.evaluation import CocoEvaluator

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
