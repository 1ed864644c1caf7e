"""Masks of a data set stay in their boxes while they are read, changed, learnt and judged: the same bits."""

import json
from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn import data
from minimaskrcnn.data import transforms
from minimaskrcnn.detection import masks, rle
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.outlines import draw_outlines
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation import CocoEvaluator, LocalisationEvaluator
from minimaskrcnn.models import mini
from minimaskrcnn.models.transform import resize_target

SIZE = (60, 80)
OUTLINES = [
    [[10, 5, 30.5, 8, 22, 40.2]],
    [[50, 50, 60, 50, 60, 58], [66, 52, 79, 52, 79, 59.5, 66, 59.5]],  # two parts
    [[-20, 10, 12, 10, 12, 30], [200, 0, 300, 0, 300, 9]],  # beyond the edges
    rle.encode(np.add.outer(np.arange(60), np.arange(80)) % 9 < 4),
    {"size": [60, 80], "counts": [0, 130, 60 * 80 - 130]},  # a run over several columns
]


@pytest.fixture
def compact(tmp_path):
    """The target of a COCO file, as it is read."""
    annotations = [
        {
            "id": k,
            "image_id": 1,
            "category_id": 1 + k % 2,
            "bbox": [0, 0, 80, 60],
            "area": 50,
            "iscrowd": int(k == 3),
            "segmentation": outline,
        }
        for k, outline in enumerate(OUTLINES)
    ]
    images = [{"id": 1, "file_name": "a.png", "height": 60, "width": 80}]
    names = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": names}))
    return data.CocoDataset(path, None).target(0, SIZE)


@pytest.fixture
def whole(compact):
    """The same target with its masks drawn one by one into an array."""
    drawn = [rle.decode(o) if isinstance(o, dict) else rle.polygons_to_mask(o, *SIZE) for o in OUTLINES]
    return replace(compact, masks=np.stack(drawn))


@pytest.fixture
def image(rng):
    return rng.random((3, *SIZE)).astype(np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def assert_same(compact, whole):
    assert isinstance(compact.masks, BoxMasks)
    assert isinstance(whole.masks, np.ndarray)
    for name in ("boxes", "labels", "iscrowd", "masks"):
        a, b = np.asarray(getattr(compact, name)), getattr(whole, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_the_file_is_read_into_boxes(compact, whole):
    assert_same(compact, whole)
    np.testing.assert_array_equal(compact.masks.areas(), whole.masks.sum((1, 2)))
    compact.validate((3, *SIZE), 3)


@pytest.mark.parametrize(
    "step",
    [
        transforms.flip_horizontally,
        transforms.flip_vertically,
        transforms.turn_left,
        lambda image, target: transforms.lay_on_canvas(image, target, 3, 7, (90, 100)),
        lambda image, target: transforms.resample(image, target, (0, 0, 80, 60), (45, 61)),
        lambda image, target: transforms.resample(image, target, (31.5, 7.25, 70, 60), (60, 80)),
        lambda image, target: transforms.resample(image, target, (40, 10, 45, 20), (20, 10)),  # few are seen
        lambda image, target: (image, resize_target(target, SIZE, (101, 133))),
        lambda image, target: (image, resize_target(target, SIZE, (21, 30))),
        lambda image, target: transforms.RightAngleTurn()(image, target, np.random.default_rng(1)),
        lambda image, target: transforms.ScaleJitter(0.5, 2.0)(image, target, np.random.default_rng(2)),
    ],
)
def test_transforms_move_them_as_they_move_an_array(compact, whole, image, step):
    image_of_compact, moved = step(image, compact)
    image_of_whole, expected = step(image, whole)
    np.testing.assert_array_equal(image_of_compact, image_of_whole)
    assert_same(moved, expected)


def test_mask_targets_are_the_same_whichever_masks_are_read_together(compact, whole, rng, monkeypatch):
    corners = rng.uniform(0, 40, (30, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 40, (30, 2))], axis=1).astype(np.float32)
    matched = rng.integers(0, 5, 30)
    expected = masks.mask_targets(whole.masks, boxes, matched, 14)
    assert expected.std() > 0.1
    monkeypatch.setattr(masks, "AT_ONCE", 2 * 60 * 80)
    np.testing.assert_array_equal(masks.mask_targets(compact.masks, boxes, matched, 14), expected)
    none = masks.mask_targets(compact.masks, boxes[:0], matched[:0], 14)
    assert none.shape == (0, 14, 14)


def test_a_model_learns_the_same_from_them(compact, whole, image):
    losses = [
        mini(3, rng=np.random.default_rng(0)).losses([image], [target], np.random.default_rng(1))
        for target in (compact, whole)
    ]
    assert losses[0]["loss_mask"].data > 0
    assert {k: float(v.data) for k, v in losses[0].items()} == {
        k: float(v.data) for k, v in losses[1].items()
    }


@pytest.mark.parametrize("evaluator", [lambda: CocoEvaluator("segm"), LocalisationEvaluator])
def test_they_are_judged_the_same(compact, whole, rng, evaluator):
    found = Detections(compact.boxes, compact.labels, rng.random(5), np.roll(whole.masks, 2, axis=2))
    summaries = []
    for target in (compact, whole):
        judge = evaluator()
        judge.add(target, found)
        summaries.append(judge.summary())
    assert summaries[0] == summaries[1]


def test_many_polygons_are_drawn_as_each_alone(rng):
    polygons = [
        (rng.normal(rng.uniform(-20, 90), rng.uniform(0.1, 40), 2 * int(corners))).round(int(places)).tolist()
        for corners, places in zip(rng.integers(3, 9, 200), rng.integers(0, 3, 200), strict=True)
    ]
    together = draw_outlines([[polygon] for polygon in polygons], SIZE)
    for mask, polygon in zip(together, polygons, strict=True):
        np.testing.assert_array_equal(mask, rle.polygons_to_mask([polygon], *SIZE))


def test_a_mask_of_another_picture_is_refused():
    with pytest.raises(InputError, match=r"but the picture is \[60, 80\]; use the picture"):
        draw_outlines([{"size": [2, 2], "counts": [4]}], SIZE)


def test_nothing_is_drawn_of_nothing():
    empty = draw_outlines([None, [], {"size": [60, 80], "counts": [4800]}, [[90, 0, 99, 0, 99, 9]] * 2], SIZE)
    assert empty.areas().tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(empty.boxes(), np.zeros((4, 4), np.float32))
    assert draw_outlines([], SIZE).shape == (0, *SIZE)
