"""RoIAlign: a ramp gives bin centres, nothing is rounded, and every rule about edges, pinned.

On a ramp (value = position) the mean of evenly spaced points is the position of the bin's centre, so these
tests read off where the operator looks. Coordinates are in cells, half a cell apart in the two conventions.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN, ROI_ALIGN_MAX, ROI_ALIGN_V2
from minimaskrcnn.testing import Case
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.case import run

pytestmark = pytest.mark.operators

SIDE = 16
FIRST_OF_LATER_IMAGE = 100.0
NUMBERS_5X5 = np.arange(25.0).reshape(1, 1, 5, 5)
NUMBERS_4X4 = np.arange(16.0).reshape(1, 1, 4, 4)


def roi_align(x, box, size, image=0, **arguments):
    """Output (OH, OW) of one box on one channel."""
    case = Case(x, boxes=np.array([[image, *box]], np.float64), output_size=size, **arguments)
    return run(ops.roi_align, case).outputs[0][0, 0]


def ramp(axis):
    """Map whose value is the row (axis 0) or the column (axis 1)."""
    return np.indices((SIDE, SIDE))[axis].astype(np.float64)[None, None]


@st.composite
def inner_boxes(draw):
    """Boxes well inside a map of SIDE cells, at least a cell wide, in eighths."""
    ends = [sorted((draw(st.integers(12, 52)), draw(st.integers(60, 112)))) for _ in range(2)]
    (x1, x2), (y1, y2) = ends
    return np.array([x1, y1, x2, y2]) / 8


samplings = st.sampled_from([0, 1, 2, 3])
sizes = s.pairs(1, 4)


@given(box=inner_boxes(), size=sizes, sampling_ratio=samplings, aligned=s.flags)
def test_roi_align_of_a_ramp_gives_bin_centres(box, size, sampling_ratio, aligned):
    x1, y1, x2, y2 = box
    half = 0.5 if aligned else 0
    for axis, (low, high) in enumerate([(y1, y2), (x1, x2)]):
        out = roi_align(ramp(axis), box, size, sampling_ratio=sampling_ratio, aligned=aligned)
        centres = low - half + (np.arange(size[axis]) + 0.5) * (high - low) / size[axis]
        expected = centres[:, None] if axis == 0 else centres[None]
        np.testing.assert_allclose(out, np.broadcast_to(expected, size), atol=1e-12)


@given(case=s.roi_cases("align", halves=True))
def test_roi_align_of_a_constant_is_between_it_and_zero_wherever_the_box_lies(case):
    out = run(ops.roi_align, Case(np.full_like(case.tensors[0], 3.0), **case.arguments)).outputs[0]
    assert (out >= -1e-12).all()
    assert (out <= 3 + 1e-12).all()


@given(box=inner_boxes(), size=sizes, sampling_ratio=samplings, aligned=s.flags)
def test_roi_align_of_a_constant_is_the_constant(box, size, sampling_ratio, aligned):
    flat = np.full((1, 1, SIDE, SIDE), 2.5)
    out = roi_align(flat, box, size, sampling_ratio=sampling_ratio, aligned=aligned)
    np.testing.assert_allclose(out, 2.5, rtol=1e-14)


@given(box=inner_boxes(), size=sizes, shift=s.pairs(-1, 2), aligned=s.flags, rng=s.generators)
def test_roi_align_moves_with_the_map(box, size, shift, aligned, rng):
    """Move the map by whole cells and the box by as many strides: nothing changes."""
    stride = 4
    x = rng.standard_normal((1, 1, SIDE, SIDE))
    x[..., :3], x[..., -3:], x[..., :3, :], x[..., -3:, :] = 0, 0, 0, 0
    moved = np.roll(x, shift, axis=(2, 3))
    settings = {"spatial_scale": 1 / stride, "sampling_ratio": 2, "aligned": aligned}
    before = roi_align(x, stride * box, size, **settings)
    dy, dx = shift
    after = roi_align(moved, stride * (box + np.array([dx, dy, dx, dy])), size, **settings)
    np.testing.assert_allclose(after, before, atol=1e-12)


@given(case=s.roi_cases("align", halves=True), factor=st.sampled_from([0.5, 2.0, 8.0]))
def test_roi_align_sees_only_coordinates_times_scale(case, factor):
    boxes = case.arguments["boxes"].copy()
    boxes[:, 1:] *= factor
    scaled = case.arguments | {"boxes": boxes, "spatial_scale": case.arguments["spatial_scale"] / factor}
    np.testing.assert_array_equal(
        run(ops.roi_align, Case(*case.tensors, **scaled)).outputs[0], run(ops.roi_align, case).outputs[0]
    )


@given(box=inner_boxes(), size=sizes, sampling_ratio=samplings, rng=s.generators)
def test_roi_align_aligned_is_the_box_moved_by_half_a_cell(box, size, sampling_ratio, rng):
    x = rng.standard_normal((1, 1, SIDE, SIDE))
    np.testing.assert_allclose(
        roi_align(x, box, size, sampling_ratio=sampling_ratio, aligned=True),
        roi_align(x, box - 0.5, size, sampling_ratio=sampling_ratio, aligned=False),
        atol=1e-12,
    )


@given(case=s.roi_cases("align", halves=True))
def test_roi_align_of_the_turned_picture_is_the_picture_turned(case):
    """Exchange x and y everywhere: the output is transposed."""
    boxes, (oh, ow) = case.arguments["boxes"], case.arguments["output_size"]
    turned = case.arguments | {"boxes": boxes[:, [0, 2, 1, 4, 3]], "output_size": (ow, oh)}
    out = run(ops.roi_align, Case(case.tensors[0].swapaxes(2, 3), **turned)).outputs[0]
    np.testing.assert_allclose(out.swapaxes(2, 3), run(ops.roi_align, case).outputs[0], atol=1e-12)


@given(box=inner_boxes(), size=sizes, sampling_ratio=samplings, aligned=s.flags)
def test_roi_align_loses_no_gradient_inside_the_map(box, size, sampling_ratio, aligned):
    case = Case(
        ramp(0), boxes=np.array([[0, *box]]), output_size=size, sampling_ratio=sampling_ratio, aligned=aligned
    )
    result = run(ops.roi_align, case)
    assert result.grads[0].sum() == pytest.approx(result.cotangents[0].sum(), abs=1e-12)


@pytest.mark.parametrize(("aligned", "first"), [(False, 7.5), (True, 4.5)])
def test_roi_align_known_values(aligned, first):
    out = roi_align(NUMBERS_5X5, [1, 1, 3, 3], 4, aligned=aligned)
    np.testing.assert_array_equal(out, first + 2.5 * np.arange(4)[:, None] + 0.5 * np.arange(4))


@pytest.mark.parametrize(
    ("box", "aligned", "expected"),
    [
        ((0, 0, 20, 20), True, [[0.625, 1.5], [4.125, 5]]),
        ((0, 0, 20, 20), False, [[2.5, 3.5], [6.5, 7.5]]),
        ((0, 10, 30, 30), True, [[4.3125, 5.75], [8.3125, 9.75]]),
        ((0, 10, 30, 30), False, [[6.75, 8.25], [10.75, 12.25]]),
    ],
)
def test_roi_align_known_values_at_a_tenth(box, aligned, expected):
    out = roi_align(NUMBERS_4X4, box, 2, spatial_scale=0.1, sampling_ratio=2, aligned=aligned)
    np.testing.assert_allclose(out, expected, atol=1e-12)


def test_roi_align_makes_a_small_box_one_cell_wide_unless_aligned():
    box = (3, 3, 3.25, 3.25)
    assert roi_align(ramp(1), box, 1, sampling_ratio=1) == 3.5
    assert roi_align(ramp(1), box, 1, sampling_ratio=1, aligned=True) == 3.125 - 0.5


@pytest.mark.parametrize(
    ("position", "value"),
    [(-1.25, 0), (-1, 1), (-0.5, 1), (SIDE - 0.5, SIDE), (SIDE, SIDE), (SIDE + 0.25, 0)],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_roi_align_reads_up_to_a_cell_beyond_the_map_and_counts_what_is_further_as_zero(
    position, value, axis
):
    """One sample at `position` along the axis; the map is its ramp from 1 to SIDE."""
    box = np.array([4, 4, 5, 5], np.float64)
    box[[1 - axis, 3 - axis]] = position - 0.5, position + 0.5
    assert roi_align(ramp(axis) + 1, box, 1, sampling_ratio=1) == value


def test_roi_align_divides_by_all_samples_those_off_the_map_too():
    ones = np.ones((1, 1, SIDE, SIDE))
    assert roi_align(ones, (-4, 2, 2, 4), 1, sampling_ratio=2) == 0.5  # samples at -2.5 and 0.5


def test_roi_align_adapts_the_number_of_samples_to_the_box():
    x = np.zeros((1, 1, SIDE, SIDE))
    x[..., 3] = 1
    # 5 cells in 2 bins: ceil(2.5) = 3 samples per bin, so 6 in a row, each in the middle of 5/6 of a cell
    out = roi_align(x, (1.5, 4, 6.5, 6), (1, 2), sampling_ratio=0)
    positions = 1.5 + (np.arange(6) + 0.5) * 5 / 6
    weights = np.clip(1 - np.abs(positions - 3), 0, None).reshape(2, 3).mean(1)
    np.testing.assert_allclose(out[0], weights, atol=1e-12)


def test_roi_align_reads_the_image_its_box_names():
    x = np.stack([ramp(1)[0], ramp(1)[0] + FIRST_OF_LATER_IMAGE])
    assert roi_align(x, (2, 2, 4, 4), 1, image=1) == 3 + FIRST_OF_LATER_IMAGE


def test_roi_align_adds_the_gradients_of_boxes_that_overlap():
    box = [0, 2, 2, 4, 4]
    one, two = (
        run(ops.roi_align, Case(ramp(0), boxes=np.array([box] * n, np.float64), output_size=2), np.ones_like)
        for n in (1, 2)
    )
    np.testing.assert_allclose(two.grads[0], 2 * one.grads[0])


@pytest.mark.parametrize(("rule", "aligned"), [(ROI_ALIGN, False), (ROI_ALIGN_V2, True)])
@given(case=s.roi_cases("align", halves=True))
def test_roi_features_with_the_rule_of_roi_align_is_roi_align(rule, aligned, case):
    a = case.arguments
    arguments = {"output_size": a["output_size"], "spatial_scale": a["spatial_scale"]}
    by_rule = run(ops.roi_features, Case(*case.tensors, boxes=a["boxes"], rule=rule, **arguments))
    by_name = run(
        ops.roi_align, Case(*case.tensors, boxes=a["boxes"], sampling_ratio=2, aligned=aligned, **arguments)
    )
    np.testing.assert_allclose(by_rule.outputs[0], by_name.outputs[0], atol=1e-12)
    np.testing.assert_allclose(by_rule.grads[0], by_name.grads[0], atol=1e-12)


@given(box=inner_boxes(), size=sizes)
def test_roi_features_by_maximum_on_a_ramp_reads_the_last_sample_of_each_bin(box, size):
    rois = np.array([[0, *box]])
    case = Case(ramp(1), boxes=rois, output_size=size, spatial_scale=1.0, rule=ROI_ALIGN_MAX)
    width = (box[2] - box[0]) / size[1]
    last = box[0] + np.arange(size[1]) * width + 0.75 * width  # two samples, at 1/4 and 3/4 of the bin
    np.testing.assert_allclose(run(ops.roi_features, case).outputs[0][0, 0], np.tile(last, (size[0], 1)))
