"""What every op owes, layer by layer: parity, adjoint, gradient, contract. One line of the table is one op.

The fifth layer, what the op is, is in the other files of this folder (`test_definition_*.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minimaskrcnn import ops
from minimaskrcnn.kernels import roi_rules
from minimaskrcnn.testing import Case, check_op
from minimaskrcnn.testing import strategies as s
from minimaskrcnn.testing.check import LAYERS

pytestmark = pytest.mark.operators


@dataclass
class Row:
    """An op, its cases, and what is special about it; see `check_op`."""

    fn: object
    cases: st.SearchStrategy
    options: dict = field(default_factory=dict)

    @property
    def layers(self):
        return [layer for layer in LAYERS if layer != "adjoint" or self.options.get("linear")]


def row(fn, cases, **options):
    return Row(fn, cases, options)


@st.composite
def several(draw, values=s.normal, count=2):
    """Case of `count` arrays that broadcast."""
    return Case(*[draw(values(shape)) for shape in draw(s.broadcastable_shapes(count))])


def never_equal():
    """Case of two arrays that broadcast: odd sixteenths, and odd sixteenths and a half."""
    return several(s.distinct).map(lambda case: Case(case.tensors[0], case.tensors[1] + 1 / 32))


@st.composite
def one(draw, values=s.normal, **arguments):
    """Case of one array; each argument is a value, or a strategy for it."""
    x = draw(s.shapes().flatmap(values))
    return Case(x, **{k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in arguments.items()})


@st.composite
def with_axis(draw, values=s.normal, name="axis", **more):
    x = draw(s.shapes().flatmap(values))
    return Case(
        x,
        **{name: draw(st.integers(-x.ndim, x.ndim - 1))},
        **{key: draw(value) for key, value in more.items()},
    )


@st.composite
def with_axes(draw):
    """Case of a sum over one axis, several, or all."""
    x = draw(s.shapes().flatmap(s.normal))
    axes = st.integers(-x.ndim, x.ndim - 1)
    several = st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True).map(tuple)
    return Case(x, axis=draw(st.one_of(axes, several, st.none())), keepdims=draw(s.flags))


@st.composite
def where_cases(draw):
    condition, *parts = draw(s.broadcastable_shapes(3))
    condition = draw(s.generators).integers(0, 2, condition).astype(bool)
    return Case(*[draw(s.normal(shape)) for shape in parts], condition=condition)


@st.composite
def linear_cases(draw):
    rows, inputs, outputs = draw(s.shapes(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    tensors = [draw(s.normal((*rows, inputs))), draw(s.normal((outputs, inputs)))]
    return Case(*tensors, draw(s.normal((outputs,)))) if draw(s.flags) else Case(*tensors)


@st.composite
def matmul_cases(draw):
    a, b = draw(s.broadcastable_shapes(2, max_axes=2))
    i, j, k = draw(st.tuples(*[st.integers(1, 3)] * 3))
    return Case(draw(s.normal((*a, i, j))), draw(s.normal((*b, j, k))))


@st.composite
def joined(draw, along):
    """Arrays of one shape, but for one axis if they are to be concatenated."""
    shape = draw(s.shapes(2, 3))
    axis = draw(st.integers(0, len(shape) - 1))
    sides = [draw(st.integers(1, 3)) if along else shape[axis] for _ in range(3)]
    parts = [draw(s.normal((*shape[:axis], side, *shape[axis + 1 :]))) for side in sides]
    return Case(*parts, axis=axis)


@st.composite
def index_cases(draw):
    """x[index] with slices, ints, masks, and lists that repeat or are empty."""
    x = draw(s.normal((3, 4)))
    repeats = draw(st.lists(st.integers(-3, 2), min_size=1, max_size=5))
    index = draw(
        st.sampled_from(
            [
                1,
                -1,
                slice(None, None, 2),
                (slice(None), slice(3, 0, -1)),
                None,
                (Ellipsis, 0),
                x > 0,
                np.array([True, False, True]),
                np.zeros(0, int),
                repeats,
                np.array(repeats),
                (np.array(repeats), slice(1, 3)),
                (np.array(repeats), 2),
                (np.array([0, 0, 2]), np.array([3, 3, 1])),  # cells, one of them twice
                (np.array([[0], [2]]), np.array([3, 1])),  # rows and columns that broadcast
                (np.array([0, 0]), np.array([True, False, True, False])),
            ]
        )
    )
    return Case(x, index=(index,))  # in a tuple: it belongs to the call, the checks leave it alone


@st.composite
def permute_cases(draw):
    x = draw(s.shapes().flatmap(s.normal))
    return Case(x, dims=tuple(draw(st.permutations(range(x.ndim)))))


@st.composite
def pad_cases(draw):
    x = draw(s.shapes().flatmap(s.normal))
    cells = st.lists(st.integers(0, 2), min_size=2, max_size=2)
    widths = [width for _ in range(draw(st.integers(1, x.ndim))) for width in draw(cells)]
    return Case(x, pad=widths, value=draw(st.sampled_from([0.0, -1.5])))


@st.composite
def rule_cases(draw, reduce):
    """Any member of the RoI family; a maximum over bilinear points needs values without structure."""
    case = draw(s.roi_cases("pool", halves=True))
    rule = roi_rules.RoIRule(
        quantise_box=draw(s.flags),
        quantise_bins=draw(s.flags),
        sampling_ratio=draw(st.sampled_from([None, 0, 1, 2])),
        reduce=reduce,
        aligned=draw(s.flags),
        include_end=draw(s.flags),
    )
    return Case(*case.tensors, rule=rule, **case.arguments)


def batch_norm_training(x, weight, bias, running_mean, running_var, eps):
    """The running statistics are changed in place, on purpose: here, in copies."""
    return ops.batch_norm(x, running_mean.copy(), running_var.copy(), weight, bias, training=True, eps=eps)


def batch_norm_evaluating(x, weight, bias, running_mean, running_var, eps):
    return ops.batch_norm(x, running_mean, running_var, weight, bias, eps=eps)


def frozen_batch_norm(x, weight, bias, mean, var, eps):
    return ops.frozen_batch_norm(x, mean, var, weight, bias, eps)


def group_norm(x, weight=None, bias=None, *, num_groups, eps):
    return ops.group_norm(x, num_groups, weight, bias, eps)


NO_ROIS = (("boxes",), (0, "boxes"))
WITH_TARGETS = ((0, "target"),)

OPS = {
    # elementwise
    "abs": row(ops.abs, one(s.distinct), elementwise=True),
    "clip": row(ops.clip, one(s.distinct, min=-0.75, max=st.sampled_from([0.5, None])), elementwise=True),
    "exp": row(ops.exp, one(), elementwise=True),
    "hardswish": row(ops.hardswish, one(s.distinct), elementwise=True),
    "log": row(ops.log, one(s.positive), elementwise=True),
    "negative": row(ops.negative, one(), linear=(0,), elementwise=True),
    "power": row(ops.power, one(s.positive, exponent=st.sampled_from([1.5, 0.5, -1, 2])), elementwise=True),
    "power-whole": row(ops.power, one(s.distinct, exponent=st.sampled_from([2, 3])), elementwise=True),
    "relu": row(ops.relu, one(s.distinct), elementwise=True),
    "sigmoid": row(ops.sigmoid, one(), elementwise=True),
    "sqrt": row(ops.sqrt, one(s.positive), elementwise=True),
    "tanh": row(ops.tanh, one(), elementwise=True),
    # two operands
    "add": row(ops.add, several(), linear=(0, 1), empty=(), elementwise=True),
    "subtract": row(ops.subtract, several(), linear=(0, 1), empty=(), elementwise=True),
    "multiply": row(ops.multiply, several(), linear=(0, 1), empty=(), elementwise=True),
    "divide": row(ops.divide, several(s.positive), linear=(0,), empty=(), elementwise=True),
    "maximum": row(ops.maximum, never_equal(), empty=(), elementwise=True),
    "minimum": row(ops.minimum, never_equal(), empty=(), elementwise=True),
    "where": row(
        lambda a, b, condition: ops.where(condition, a, b),
        where_cases(),
        linear=(0, 1),
        empty=(),
        gates=True,
        elementwise=True,
    ),
    # along an axis
    "sum": row(ops.sum, with_axes(), linear=(0,)),
    "mean": row(ops.mean, with_axes(), linear=(0,), empty=()),
    "max": row(ops.max, with_axis(s.distinct, keepdims=s.flags), empty=()),
    "softmax": row(ops.softmax, with_axis(name="dim"), empty=(), gates=False),
    "log_softmax": row(ops.log_softmax, with_axis(name="dim"), empty=(), gates=False),
    # moving elements
    "concatenate": row(
        lambda *parts, axis: ops.concatenate(parts, axis), joined(along=True), linear=(0, 1, 2), empty=()
    ),
    "stack": row(lambda *parts, axis: ops.stack(parts, axis), joined(along=False), linear=(0, 2), empty=()),
    "flatten": row(ops.flatten, one(), linear=(0,), views=True, empty=()),
    "getitem": row(
        lambda x, index: ops.getitem(x, index[0]), index_cases(), linear=(0,), views=True, empty=()
    ),
    "pad": row(ops.pad, pad_cases(), linear=(0,), empty=()),
    "permute": row(ops.permute, permute_cases(), linear=(0,), views=True, empty=()),
    "reshape": row(ops.reshape, one(shape=-1), linear=(0,), views=True, empty=()),
    "transpose": row(ops.transpose, one(dim0=0, dim1=-1), linear=(0,), views=True, empty=()),
    # products
    "linear": row(ops.linear, linear_cases(), linear=(0, 1, 2)),
    "matmul": row(ops.matmul, matmul_cases(), linear=(0, 1), empty=()),
    # windows
    "conv2d": row(ops.conv2d, s.conv_cases(), linear=(0, 1, 2)),
    "conv_transpose2d": row(ops.conv_transpose2d, s.conv_transpose_cases(), linear=(0, 1, 2)),
    "max_pool2d": row(ops.max_pool2d, s.pool_cases("max")),
    "avg_pool2d": row(ops.avg_pool2d, s.pool_cases("avg"), linear=(0,)),
    # norms
    "batch_norm": row(batch_norm_training, s.norm_cases("batch"), linear=(1, 2), empty=()),
    "batch_norm-evaluating": row(batch_norm_evaluating, s.norm_cases("batch"), linear=(0, 1, 2)),
    "frozen_batch_norm": row(frozen_batch_norm, s.norm_cases("frozen"), linear=(0, 1, 2)),
    "group_norm": row(group_norm, s.norm_cases("group"), linear=(1, 2)),
    "group_norm-alone": row(
        group_norm,
        s.norm_cases("group").map(lambda case: Case(case.tensors[0], **case.arguments)),
        gates=False,
    ),
    # maps and boxes
    "interpolate": row(ops.interpolate, s.resize_cases(), linear=(0,)),
    "roi_align": row(ops.roi_align, s.roi_cases("align", halves=True), linear=(0,), empty=NO_ROIS),
    "roi_pool": row(ops.roi_pool, s.roi_cases("pool", values=s.distinct), empty=NO_ROIS),
    "roi_pool-halves": row(ops.roi_pool, s.roi_cases("pool", True, s.distinct), empty=NO_ROIS),
    "roi_warp": row(ops.roi_warp, s.roi_cases("pool", halves=True), linear=(0,), empty=NO_ROIS),
    "roi_features-mean": row(ops.roi_features, rule_cases("mean"), linear=(0,), empty=NO_ROIS[:1]),
    "roi_features-max": row(ops.roi_features, rule_cases("max"), empty=(("boxes",),), gates=False),
    # losses
    "cross_entropy": row(ops.cross_entropy, s.class_cases(), empty=WITH_TARGETS, gates=False),
    "binary_cross_entropy_with_logits": row(
        ops.binary_cross_entropy_with_logits, s.binary_cases(), empty=WITH_TARGETS, gates=False
    ),  # a sure and right answer has a slope that rounds to 0, which is no gate
    "smooth_l1_loss": row(ops.smooth_l1_loss, s.regression_cases(), empty=WITH_TARGETS),
}

LAYERS_OF_OPS = [(name, layer) for name, entry in OPS.items() for layer in entry.layers]


@pytest.mark.parametrize(("name", "layer"), LAYERS_OF_OPS, ids=["-".join(pair) for pair in LAYERS_OF_OPS])
@given(data=st.data())
def test_layer(name, layer, data):
    entry = OPS[name]
    check_op(entry.fn, data.draw(entry.cases), layers=(layer,), **entry.options)


def test_every_public_op_is_in_the_table():
    assert {name.partition("-")[0] for name in OPS} == set(ops.__all__)


def test_every_public_op_has_a_test_of_what_it_is():
    files = Path(__file__).parent.glob("test_definition_*.py")
    source = "\n".join(file.read_text("utf-8") for file in files)
    assert not [name for name in ops.__all__ if not re.search(rf"^def test_{name}_", source, re.M)]
