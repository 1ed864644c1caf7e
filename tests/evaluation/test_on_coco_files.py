"""From files to AP: CocoDataset with CocoEvaluator against pycocotools, on real annotations with crowds."""

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.evaluation import CocoEvaluator


@pytest.fixture(scope="module")
def folder(data_dir):
    if not (data_dir / "coco_permissive").is_dir():
        pytest.skip(f"no {data_dir / 'coco_permissive'}")
    return data_dir / "coco_permissive"


@pytest.fixture(scope="module")
def pairs(folder):
    """Thirty pictures: targets, guesses (shifted copies of true objects, some mislabelled), areas."""
    rng = np.random.default_rng(0)
    data, pairs = CocoDataset(folder / "instances.json", folder / "images"), []
    for index in range(30):
        target = data[index][1]
        chosen = rng.permutation(len(target))[: rng.integers(len(target) + 1)]
        shift = rng.integers(-6, 7)
        guesses = Detections(
            target.boxes[chosen] + np.float32(shift),
            np.where(rng.random(len(chosen)) < 0.8, target.labels[chosen], 1),
            rng.integers(1, 9, len(chosen)).astype(np.float32) / 8,
            np.roll(target.masks[chosen], (shift, shift), (1, 2)),
        )
        pairs.append((target, guesses, data.areas(index)))
    return data, pairs


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pycocotools on NumPy 2
def test_the_published_numbers_are_the_same(folder, pairs, iou_type):
    data, pairs = pairs
    evaluator, results = CocoEvaluator(iou_type), []
    for target, guesses, areas in pairs:
        evaluator.add(target, guesses, areas)
        for box, label, score, mask in zip(
            guesses.boxes, guesses.labels, guesses.scores, guesses.masks, strict=True
        ):
            x1, y1, x2, y2 = box.astype(np.float64).tolist()
            shape = (
                {"bbox": [x1, y1, x2 - x1, y2 - y1]}
                if iou_type == "bbox"
                else {"segmentation": rle.encode(mask)}
            )
            category = data.category_ids[label]
            results.append(
                {"image_id": target.image_id, "category_id": category, "score": float(score), **shape}
            )
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(folder / "instances.json")
        judge = COCOeval(truth, truth.loadRes(json.loads(json.dumps(results))), iou_type)
        judge.params.imgIds = [target.image_id for target, _, _ in pairs]
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    summary = evaluator.summary()
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
    np.testing.assert_allclose([summary[name] for name in names], judge.stats, rtol=0, atol=1e-6)
    assert 0.05 < summary["AP"] < 0.95
