"""Box deltas: decode undoes encode, weights divide, the log is clamped from above only."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.errors import InputError

RPN, HEAD = (1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)
BOX = np.array([[0.0, 0.0, 10.0, 20.0]])


def test_the_four_deltas_of_a_moved_and_grown_box():
    gt = np.array([[5.0, 5.0, 25.0, 15.0]])  # centre (15, 10) from (5, 10), 20 x 10 from 10 x 20
    np.testing.assert_allclose(BoxCoder(RPN).encode(gt, BOX), [[1, 0, math.log(2), -math.log(2)]])
    np.testing.assert_allclose(BoxCoder(HEAD).encode(gt, BOX), [[10, 0, 5 * math.log(2), -5 * math.log(2)]])


sides = st.floats(1, 100)
corners = st.floats(-100, 100)
boxes = st.tuples(corners, corners, sides, sides).map(lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]])


@given(st.lists(st.tuples(boxes, boxes), max_size=4), st.sampled_from([RPN, HEAD]))
def test_decode_undoes_encode(pairs, weights):
    gt, proposals = np.array(pairs, np.float64).reshape(-1, 2, 4).transpose(1, 0, 2)
    coder = BoxCoder(weights, bbox_xform_clip=10)
    decoded = coder.decode(coder.encode(gt, proposals), proposals)
    np.testing.assert_allclose(decoded[:, 0], gt, atol=1e-9)


def test_growth_is_clamped_after_the_weights_divide():
    limit = math.log(1000 / 16)
    [[grown]] = BoxCoder(HEAD).decode(np.array([[0, 0, 5 * (limit + 9), 5 * limit]]), BOX)
    np.testing.assert_allclose(grown[2:] - grown[:2], [10 * 62.5, 20 * 62.5])


def test_shrinking_is_not_clamped():
    [[shrunk]] = BoxCoder(RPN).decode(np.array([[0, 0, -20.0, 0]]), BOX)
    assert shrunk[2] - shrunk[0] == pytest.approx(10 * math.exp(-20))


def test_decoded_boxes_are_not_clipped_to_anything():
    assert BoxCoder(RPN).decode(np.array([[-9.0, 0, 0, 0]]), BOX)[0, 0, 0] == -90


def test_each_class_has_its_own_four_deltas():
    deltas = np.array([[1.0, 0, 0, 0, 0, 1.0, 0, 0]])
    assert BoxCoder(RPN).decode(deltas, BOX)[0].tolist() == [[10, 0, 20, 20], [0, 20, 10, 40]]


def test_decoding_keeps_the_precision_of_the_deltas():
    assert BoxCoder(HEAD).decode(np.zeros((1, 4), np.float32), BOX).dtype == np.float32
    assert BoxCoder(HEAD).encode(BOX.astype(np.float32), BOX.astype(np.float32)).dtype == np.float32


def test_no_proposals():
    none = np.zeros((0, 4), np.float32)
    assert BoxCoder(RPN).encode(none, none).shape == (0, 4)
    assert BoxCoder(RPN).decode(np.zeros((0, 12), np.float32), none).shape == (0, 3, 4)


def test_deltas_that_do_not_fit_the_boxes_are_refused():
    with pytest.raises(InputError, match=r"\(N, 4\*K\).*got \(1, 6\)"):
        BoxCoder(RPN).decode(np.zeros((1, 6)), BOX)
    with pytest.raises(InputError, match="2 gt_boxes for 1 proposals"):
        BoxCoder(RPN).encode(np.zeros((2, 4)), BOX)
