"""What re-implementations of torch's and torchvision's ops get wrong, and no other test says.

docs/parity.md lists every point with its test. Boxes are written as x1 y1 x2 y2.
"""

import numpy as np
import pytest

from minimaskrcnn import kernels, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.errors import InputError

from .runners_boxes import shifted_by_class


@pytest.mark.parametrize("edition", ["reference", "plain", "fast"])
def test_roi_align_of_a_box_reversed_in_one_axis_with_an_adaptive_grid_is_zero(edition):
    """Here torchvision throws: the number of its samples is negative."""
    rois = np.array([[0.0, 3, 0, 1, 4]])  # x runs backwards by 2 cells, which is at least the output size
    with kernels.use(edition):
        y = ops.roi_align(Tensor(np.ones((1, 1, 5, 5))), rois, 2, sampling_ratio=-1, aligned=True)
    np.testing.assert_array_equal(y.data, 0)


def test_roi_align_gives_boxes_no_gradient():
    """Boxes are arrays; a Tensor of boxes is refused before anyone waits for its gradient."""
    boxes = Tensor(np.array([[0.0, 0, 0, 2, 2]]), requires_grad=True)
    with pytest.raises(InputError, match="boxes"):
        ops.roi_align(Tensor(np.ones((1, 1, 5, 5))), boxes, 2)


def test_batched_nms_does_not_disturb_the_iou_of_float32_boxes():
    """Far from the origin a float32 pixel has few digits: an IoU of .49998 becomes .5004 after a shift."""
    boxes = np.array([[0, 0, 10, 10.0095], [0, 0, 10, 5.0045], [0, 0, 1066, 800]], np.float32)
    scores, idxs = np.array([0.9, 0.8, 0.7], np.float32), np.array([90, 90, 0])
    np.testing.assert_array_equal(batched_nms(boxes, scores, idxs, 0.5), [0, 1, 2])
    np.testing.assert_array_equal(nms(shifted_by_class(boxes, idxs), scores, 0.5), [0, 2])


def test_the_first_anchor_is_centred_on_the_corner_of_the_picture():
    """There is no offset by half a stride."""
    anchors = AnchorGenerator([(4,)], [(1.0,)])((32, 32), [(4, 4)])[0]
    np.testing.assert_array_equal(anchors[0], [-2, -2, 2, 2])


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_interpolate_copies_an_axis_whose_size_the_scale_does_not_change(mode):
    """floor(4 * 1.2) is 4: the rows stay, though a step of 1 / 1.2 would mix them."""
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y = ops.interpolate(Tensor(x), scale_factor=(1.2, 2.0), mode=mode).data
    np.testing.assert_allclose(y[0, 0, :, 0], x[0, 0, :, 0])


def test_nearest_repeats_each_cell_of_an_axis_that_doubles():
    """floor(4 * 2.2) is 8: a step of 1 / 2.2 would read cell 0 three times."""
    y = ops.interpolate(Tensor(np.arange(4.0).reshape(1, 1, 1, 4)), scale_factor=(1.0, 2.2)).data
    np.testing.assert_array_equal(y[0, 0, 0], [0, 0, 1, 1, 2, 2, 3, 3])


@pytest.mark.parametrize("edition", ["reference", "plain", "fast"])
def test_nearest_finds_its_cell_in_float32_even_on_a_float64_map(edition):
    """39 / 1.3 is 30 in float32, but 29.999... in float64."""
    with kernels.use(edition):
        y = ops.interpolate(Tensor(np.arange(37.0).reshape(1, 1, 1, 37)), scale_factor=(1.0, 1.3)).data
    assert y[0, 0, 0, 39] == 30
