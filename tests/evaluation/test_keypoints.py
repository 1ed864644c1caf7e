"""Object keypoint similarity and its average precision are pycocotools', crowds and empty poses included."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator
from minimaskrcnn.evaluation.keypoints import Poses, oks_matrix

SIDE, CLASSES = 300, (1, 2)


def picture(rng, image_id):
    """Objects with keypoints, some hidden, crowded or without any; detections near them, far off, or tied."""
    n, d = rng.integers(0, 6), rng.integers(0, 30)
    corner, sides = rng.uniform(0, 150, (n, 2)), rng.uniform(5, 150, (n, 2))
    keypoints = np.concatenate(
        [corner[:, None] + sides[:, None] * rng.random((n, 17, 2)), rng.integers(0, 3, (n, 17, 1))], axis=2
    )
    keypoints[rng.random(n) < 0.2, :, 2] = 0
    target = Target(
        np.concatenate([corner, corner + sides], axis=1),
        rng.choice(CLASSES, n),
        iscrowd=rng.random(n) < 0.15,
        image_id=image_id,
        keypoints=keypoints,
    )
    found = rng.uniform(0, SIDE, (d, 17, 2))
    near = np.flatnonzero(rng.random(d) < 0.7) if n else []
    for k in near:
        found[k] = keypoints[rng.integers(n), :, :2] + rng.normal(0, rng.choice([0.5, 3, 12]), (17, 2))
    poses = np.concatenate([found, np.ones((d, 17, 1))], axis=2)
    box = np.concatenate([found.min(1), found.max(1)], axis=1).reshape(d, 4)
    detections = Detections(box, rng.choice(CLASSES, d), rng.integers(0, 12, d) / 12.0, keypoints=poses)
    return target, detections, rng.uniform(0.3, 1) * sides.prod(1)


def pycocotools_says(pictures):
    truth, annotations, results = COCO(), [], []
    for target, detections, areas in pictures:
        for box, label, crowd, pose, area in zip(
            target.boxes, target.labels, target.iscrowd, target.keypoints, areas, strict=True
        ):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": target.image_id,
                    "category_id": int(label),
                    "bbox": [*box[:2], *(box[2:] - box[:2])],
                    "area": area,
                    "iscrowd": int(crowd),
                    "keypoints": pose.ravel().tolist(),
                    "num_keypoints": int((pose[:, 2] > 0).sum()),
                }
            )
        results += [
            {
                "image_id": target.image_id,
                "category_id": int(label),
                "score": float(score),
                "keypoints": pose.ravel().tolist(),
            }
            for label, score, pose in zip(
                detections.labels, detections.scores, detections.keypoints, strict=True
            )
        ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.dataset = {
            "info": {},
            "images": [{"id": target.image_id} for target, *_ in pictures],
            "categories": [{"id": c} for c in CLASSES],
            "annotations": annotations,
        }
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(results), "keypoints")
        judge.evaluate()
        judge.accumulate()
    return judge


@pytest.mark.parametrize("seed", range(4))
def test_precision_and_recall_are_pycocotools(seed):
    rng = np.random.default_rng(seed)
    pictures = [picture(rng, k) for k in range(12)]
    evaluator = CocoEvaluator("keypoints")
    for target, detections, areas in pictures:
        evaluator.add(target, detections, areas)
    curves, theirs = evaluator.curves(), pycocotools_says(pictures).eval
    assert curves.labels == list(CLASSES)
    sizes = [0, 2, 3]  # pycocotools has no small ones here
    np.testing.assert_allclose(curves.precision[:, :, :, sizes], theirs["precision"], atol=1e-12)
    np.testing.assert_allclose(curves.recall[:, :, sizes], theirs["recall"], atol=1e-12)
    summary = evaluator.summary()
    assert list(summary)[:8] == ["AP", "AP50", "AP75", "APm", "APl", "AR20", "ARm", "ARl"]
    assert 0.02 < summary["AP"] < 1


def test_the_similarity_is_a_gaussian_of_the_distance_in_units_of_the_objects_size():
    point, box = np.array([[[50.0, 50.0, 2.0]]]), np.array([[0.0, 0.0, 100.0, 100.0]])
    true, sigma = Poses(point, box, np.array([2500.0])), 0.05
    for distance in (0, 1, 5, 20):
        found = point + np.array([distance, 0, 0])
        expected = np.exp(-(distance**2) / (2 * 2500 * (2 * sigma) ** 2))
        assert oks_matrix(found, true, np.array([sigma]))[0, 0] == pytest.approx(expected)


def test_other_numbers_of_keypoints_have_sigmas_of_their_own():
    box, label = np.array([[0, 0, 50, 50.0]]), np.array([1])
    target = Target(box, label, keypoints=np.array([[[10, 10, 2], [40, 40, 2.0]]]))
    off = Detections(box, label, np.array([0.9]), keypoints=target.keypoints + np.array([3, 0, 0]))
    scores = {}
    for sigmas in (None, (0.01, 0.01), (0.2, 0.2)):
        evaluator = CocoEvaluator("keypoints", sigmas=sigmas)
        evaluator.add(target, off)
        scores[sigmas] = evaluator.summary()["AP"]
    assert scores[0.01, 0.01] == 0 < scores[None] < scores[0.2, 0.2]


@pytest.mark.parametrize(
    ("found", "true", "sigmas", "words"),
    [
        (None, np.zeros((1, 2, 3)), None, "without keypoints"),
        (np.zeros((1, 3, 3)), np.zeros((1, 2, 3)), None, "3 keypoints were found per object and 2 are true"),
        (np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), (0.1,), "sigmas must be 2 numbers above 0"),
        (np.full((1, 2, 3), np.nan), np.zeros((1, 2, 3)), None, "NaN or infinity"),
        (np.zeros((2, 2, 3)), np.zeros((1, 2, 3)), None, "keypoints must be .1, K, 3."),
    ],
)
def test_what_cannot_be_compared_is_refused(found, true, sigmas, words):
    box, label = np.array([[0, 0, 50, 50.0]]), np.array([1])
    with pytest.raises(InputError, match=words):
        CocoEvaluator("keypoints", sigmas=sigmas).add(
            Target(box, label, keypoints=true), Detections(box, label, np.array([0.5]), keypoints=found)
        )
