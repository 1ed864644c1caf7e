"""The strategies draw only valid calls, and draw the nasty ones too."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

OPS = {
    "conv2d": s.conv_cases(),
    "conv_transpose2d": s.conv_transpose_cases(),
    "max_pool2d": s.pool_cases("max"),
    "avg_pool2d": s.pool_cases("avg"),
    "interpolate": s.resize_cases(),
    "roi_align": s.roi_cases("align", halves=True),
    "roi_pool": s.roi_cases("pool", halves=True),
    "cross_entropy": s.class_cases(),
    "binary_cross_entropy_with_logits": s.binary_cases(),
    "smooth_l1_loss": s.regression_cases(),
}


@pytest.mark.parametrize("name", OPS)
@given(data=st.data())
def test_a_case_is_a_valid_call_with_a_finite_answer(name, data):
    result = run(getattr(ops, name), data.draw(OPS[name]))
    assert all(np.isfinite(x).all() for x in result.outputs + result.grads)


def some(strategy, condition):
    """A draw that meets the condition, however it looks."""
    return find(
        strategy, condition, settings=settings(max_examples=2000, database=None, phases=[Phase.generate])
    )


@given(st.integers(1, 4).flatmap(lambda n: s.broadcastable_shapes(n)))
def test_broadcastable_shapes_broadcast(shapes):
    np.broadcast_shapes(*shapes)


@pytest.mark.parametrize(
    "condition",
    [
        lambda shapes: shapes[0] == shapes[1],
        lambda shapes: len(shapes[0]) != len(shapes[1]),
        lambda shapes: () in shapes,
        lambda shapes: shapes[0][-1:] == (1,) and shapes[1][-1:] == (3,),
    ],
)
def test_broadcastable_shapes_stretch_in_every_way(condition):
    some(s.broadcastable_shapes(), condition)


@given(s.shapes().flatmap(s.distinct))
def test_distinct_values_are_distinct_and_a_sixteenth_from_zero(x):
    assert len(np.unique(x)) == x.size
    assert np.abs(x).min() >= 1 / 16
    assert np.array_equal(x, x.astype(np.float32))


@given(s.tied((4,)))
def test_tied_values_are_tied(x):
    assert len(np.unique(x)) < x.size


@pytest.mark.parametrize(
    "condition",
    [
        lambda a, x: a["groups"] == 2 and a["stride"][0] != a["stride"][1],
        lambda a, x: min(a["dilation"]) == 2,
        lambda a, x: max(a["padding"]) > 0,
        lambda a, x: len(x) == 3,
    ],
)
def test_conv_cases_vary_every_argument(condition):
    some(s.conv_cases(), lambda case: condition(case.arguments, case.tensors))


@given(s.roi_cases("pool"))
def test_roi_coordinates_are_eighths_of_a_cell_and_no_halves(case):
    cells = case.arguments["boxes"][:, 1:] * case.arguments["spatial_scale"]
    assert np.array_equal(cells * 8, np.round(cells * 8))
    assert not (cells % 1 == 0.5).any()
    assert np.array_equal(cells, cells.astype(np.float32))


@pytest.mark.parametrize(
    "condition",
    [
        lambda x1, y1, x2, y2: (x1 == x2) & (y1 < y2),
        lambda x1, y1, x2, y2: x1 > x2,
        lambda x1, y1, x2, y2: y1 > 7,
        lambda x1, y1, x2, y2: x2 < 0,
        lambda x1, y1, x2, y2: (x1 < 0) & (x2 > 0),
        lambda x1, y1, x2, y2: x1 % 1 == 0.5,
    ],
    ids=["empty", "reversed", "below", "left of", "across the border", "half"],
)
def test_roi_cases_include_the_nasty_boxes(condition):
    def any_box(case):
        return condition(*(case.arguments["boxes"][:, 1:] * case.arguments["spatial_scale"]).T).any()

    some(s.roi_cases("align", halves=True), any_box)


def test_boxes_include_equal_empty_and_none():
    some(s.boxes(), lambda b: len(b) == 0)
    some(s.boxes(), lambda b: len(b) > len(np.unique(b, axis=0)) > 1)
    some(s.boxes(), lambda b: ((b[:, 2] == b[:, 0]) & (b[:, 3] > b[:, 1])).any())
    some(s.scored_boxes(), lambda pair: len(pair[1]) > len(np.unique(pair[1])))


def test_targets_include_ignored_ones():
    some(s.class_cases(), lambda case: (case.arguments["target"] == case.arguments["ignore_index"]).any())
