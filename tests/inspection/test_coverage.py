"""Anchor coverage: the best IoU of each object, by hand and by the anchors the model really uses."""

import numpy as np
import pytest

from minimaskrcnn.data import Shapes
from minimaskrcnn.detection.boxes import box_iou
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.inspection import anchor_coverage
from minimaskrcnn.inspection.coverage import best_iou, shape_iou, suggest_sizes, summarise
from minimaskrcnn.models import mini, mini_c4


class Pictures:
    """A data set of empty pictures with given boxes."""

    def __init__(self, *boxes, size=(64, 64)):
        self.boxes, self.size = boxes, size

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, index):
        boxes = np.array(self.boxes[index], np.float32).reshape(-1, 4)
        image = np.full((3, *self.size), 0.5, np.float32)
        return image, Target(boxes, np.ones(len(boxes), np.int64), image_id=index)


def model(build=mini, **more):
    return build(2, image_size=(64, 64), rng=np.random.default_rng(0), **more)


def test_an_object_that_is_an_anchor_is_covered_wholly_and_a_sliver_is_not():
    # Anchors of side 16 (ratio 1) are centred on multiples of 4.
    found = anchor_coverage(model(), Pictures([[12, 12, 28, 28]], [[5, 40, 60, 42]]))
    assert found.best_iou[0] == 1
    assert found.best_iou[1] < 0.3
    assert found.never.tolist() == [1]
    assert found.image_ids.tolist() == [0, 1]


@pytest.mark.parametrize("build", [mini, mini_c4])
def test_the_anchors_are_those_of_the_forward_pass(build):
    net, shapes = model(build), Shapes("val")
    found = anchor_coverage(net, shapes, [0, 1])
    wanted = []
    for index in (0, 1):
        image, target = shapes[index]
        boxes = target.boxes * np.float32(64 / 128)
        wanted.append(box_iou(boxes, net.trace(image)["anchors"]).max(1))
    np.testing.assert_allclose(found.best_iou, np.concatenate(wanted))


def test_the_model_is_run_once_for_each_size_of_picture(monkeypatch):
    net, runs = model(), []
    anchors = net.anchors
    monkeypatch.setattr(type(net), "anchors", lambda self, image: runs.append(image.shape) or anchors(image))
    anchor_coverage(net, Pictures(*[[[0, 0, 9, 9]]] * 3))
    assert runs == [(3, 64, 64)]


def test_crowds_are_left_out():
    class Crowded(Pictures):
        def __getitem__(self, index):
            image, target = super().__getitem__(index)
            return image, Target(target.boxes, target.labels, None, np.array([True, False]))

    assert len(anchor_coverage(model(), Crowded([[0, 0, 9, 9], [0, 0, 20, 20]])).best_iou) == 1


def test_suggested_sizes_fit_at_least_where_the_present_ones_fit_badly():
    sizes = np.full((20, 2), 200.0)
    report = summarise(np.zeros(20), sizes, np.arange(20), np.array([[16, 16.0]]), [16], 0.7)
    assert report.suggested == [200]
    assert report.suggested_iou.min() == pytest.approx(1, abs=0.01)
    assert report.now_iou.max() < 0.01


def test_shapes_are_compared_on_one_centre():
    iou = shape_iou(np.array([[10, 20.0]]), np.array([[10, 10], [20, 20.0]]))
    np.testing.assert_allclose(iou, [0.5])
    assert suggest_sizes(np.zeros((0, 2)), 3) == []


def test_the_report_in_words():
    found = anchor_coverage(model(), Pictures([[12, 12, 28, 28]], [[5, 40, 60, 42]]))
    text = str(found)
    assert text.startswith("2 objects; sides")
    assert "never covered (below 0.5): 1 objects in 1 pictures" in text
    assert "sizes now [16, 32, 64]" in text
    assert str(anchor_coverage(model(), Pictures([]))) == "no objects"


@pytest.mark.parametrize("build", [mini, mini_c4])
def test_the_best_iou_is_found_column_by_column_and_row_by_row(build):
    rng = np.random.default_rng(0)
    corners = rng.uniform(-5, 60, (200, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(0.5, 60, (200, 2))], axis=1).astype(np.float32)
    anchors = model(build).anchors(np.zeros((3, 64, 48), np.float32))
    np.testing.assert_array_equal(best_iou(boxes, anchors), box_iou(boxes, anchors).max(axis=1))
    some = rng.permutation(anchors)[:60]  # no grid
    np.testing.assert_array_equal(best_iou(boxes, some), box_iou(boxes, some).max(axis=1))


def test_every_pixel_may_be_an_object():
    y, x = np.mgrid[:64, :64]
    pixels = np.stack([x, y, x + 1, y + 1], axis=-1).reshape(-1, 4)
    assert len(anchor_coverage(model(), Pictures(pixels)).best_iou) == 64 * 64
