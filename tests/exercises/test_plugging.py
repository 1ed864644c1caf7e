"""The detector runs on a student's function."""

import numpy as np
import pytest

from minimaskrcnn import data, exercises, weights
from minimaskrcnn.errors import InputError
from minimaskrcnn.exercises.tasks.roi_align import roi_align, x_and_y_swapped
from minimaskrcnn.io import load_model
from minimaskrcnn.kernels import active


@pytest.fixture(scope="module")
def model():
    return load_model(weights.path("shapes"))[0]


@pytest.fixture(scope="module")
def image():
    return data.Shapes("val")[43][0]


def test_a_right_nms_changes_nothing_and_a_wrong_one_does(model, image):
    trace = model.trace(image)
    with exercises.plugged_in(nms=exercises.find_exercise("nms").reference):
        assert np.array_equal(model.trace(image)["boxes"], trace["boxes"])
    with exercises.plugged_in(nms=lambda boxes, scores, t: list(range(len(boxes)))):
        assert len(model.trace(image)["boxes"]) > len(trace["boxes"])


def test_a_right_roi_align_changes_nothing_and_a_wrong_one_does(model):
    rng = np.random.default_rng(0)
    x = rng.random((2, 3, 9, 9), np.float32)
    rois = np.array([[0, 8, 8, 24, 30], [1, 4, 8, 30, 12]], np.float32)
    expected = active().roi_align(x, rois, (2, 2), 0.25, 2, False)
    with exercises.plugged_in(roi_align=roi_align):
        got = active().roi_align(x, rois, (2, 2), 0.25, 2, False)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    with exercises.plugged_in(roi_align=x_and_y_swapped):
        assert not np.allclose(active().roi_align(x, rois, (2, 2), 0.25, 2, False), expected)


def test_a_blank_leaves_the_detector_as_it_is(capsys):
    fast = active()
    with exercises.plugged_in(nms=lambda boxes, scores, iou_threshold: None):
        assert active() is fast
    assert "nms: still to be written, so the detector runs on the package's own." in capsys.readouterr().out


def test_an_exercise_without_a_kernel_is_refused():
    refused = pytest.raises(InputError, match="the detector has no kernel 'iou'; it has nms, roi_align")
    with refused, exercises.plugged_in(iou=lambda a, b: 0.0):
        pass
