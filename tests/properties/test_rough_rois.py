"""Every edition of the RoI operators reads the same points of boxes that are not chosen to be exact."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import kernels, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import roi_rules
from minimaskrcnn.testing import assert_kernels_agree
from minimaskrcnn.testing import strategies as s

RULES = {name: rule for name, rule in vars(roi_rules).items() if isinstance(rule, roi_rules.RoIRule)}
SHAPE = (2, 2, 10, 12)
EDITIONS = [name for name in kernels.available() if name != "reference"]


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", RULES)
@given(data=st.data())
def test_editions_read_the_same_points(edition, name, data):
    scale = data.draw(st.sampled_from([1.0, 0.5, 1 / 3, 0.0625]))
    rois, rule = data.draw(s.rough_rois(SHAPE, scale)), RULES[name]
    if rule.sampling_ratio is not None:
        rule = replace(rule, sampling_ratio=data.draw(st.sampled_from([0, 1, 2, 3])))
    x = data.draw(s.normal(SHAPE)).astype(np.float32)
    with kernels.use(edition):
        assert_kernels_agree("roi_features", x, rois, data.draw(s.pairs(1, 7)), scale, rule)


@pytest.mark.parametrize("edition", kernels.available())
def test_a_point_on_the_far_side_of_the_map_counts_the_same_in_every_edition(edition):
    # The last column of points lies at 9 + 2.25 * 4/3 = 12, the side of the map; in float32 just beyond it.
    roi = np.array([[0, 18.770769119262695, 7.418410301208496, 23.619632720947266, 17.68248748779297]])
    x = Tensor(np.ones((1, 1, 10, 12), np.float32))
    with kernels.use(edition):
        out = ops.roi_features(x, roi.astype(np.float32), (2, 3), 0.5, roi_rules.ROI_WARP_END).data
    np.testing.assert_array_equal(out[0, 0], [[1, 1, 0.5], [1, 1, 0.5]])


@pytest.mark.parametrize("edition", kernels.available())
@pytest.mark.parametrize("op", [ops.roi_align, ops.roi_pool, ops.roi_warp])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -7e4])
def test_a_box_that_is_no_box_of_the_map_is_refused_by_its_row(edition, op, bad):
    boxes = np.array([[0, 1, 1, 5, 5], [0, 1, 2, bad, 9]], np.float32)
    x = Tensor(np.ones((1, 2, 10, 12), np.float32))
    with kernels.use(edition), pytest.raises(InputError, match=r"boxes\[1\] is .* Clip boxes"):
        op(x, boxes, (2, 3), 0.5)


@pytest.mark.parametrize("edition", ["fast", "plain", "reference"])
@pytest.mark.parametrize("op", [ops.roi_align, ops.roi_pool, ops.roi_warp])
def test_a_small_box_far_from_the_map_reads_nothing(edition, op):
    x = Tensor(np.ones((1, 2, 9, 11), np.float32))
    with kernels.use(edition):
        for corner in (10_000, -10_000):
            box = np.array([[0, corner, corner, corner + 3, corner + 3]], np.float32)
            assert not op(x, box, (2, 3)).data.any()
