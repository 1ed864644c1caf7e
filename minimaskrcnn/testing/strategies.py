"""Hypothesis strategies for the arguments of ops. Needs the `test` extra.

Two habits keep them fast and sharp. Sizes are built backwards, from the output to the input, so that every
draw is a valid call and nothing is filtered. Coordinates of RoIs are eighths of a cell, which floats hold
exactly: a half is a half in every precision, and two editions cannot differ by a last digit.

Numbers in arrays come from a NumPy generator whose seed is drawn; what Hypothesis shrinks is the shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minimaskrcnn.kernels.geometry import pool_output_size
from minimaskrcnn.testing.case import Case

Draw = Callable[[st.SearchStrategy], Any]
Shape = tuple[int, ...]

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)
"""Seeded NumPy generators."""

flags = st.booleans()


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    """(y, x), each in [low, high]."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


def shapes(min_axes: int = 1, max_axes: int = 3, max_side: int = 4) -> st.SearchStrategy[Shape]:
    """Shapes of arrays that are not empty."""
    return st.lists(st.integers(1, max_side), min_size=min_axes, max_size=max_axes).map(tuple)


@st.composite
def broadcastable_shapes(draw: Draw, count: int = 2, max_axes: int = 3, max_side: int = 3) -> list[Shape]:
    """`count` shapes that broadcast: of a common shape each drops some leading axes and makes others 1."""
    common = draw(shapes(1, max_axes, max_side))
    return [
        tuple(1 if draw(flags) else side for side in common[draw(st.integers(0, len(common))) :])
        for _ in range(count)
    ]


# ---- numbers -------------------------------------------------------------------------------------------


def normal(shape: Shape) -> st.SearchStrategy[np.ndarray]:
    """Normal numbers."""
    return generators.map(lambda rng: rng.standard_normal(shape))


def positive(shape: Shape) -> st.SearchStrategy[np.ndarray]:
    """Numbers from 1/2 to 2."""
    return generators.map(lambda rng: rng.uniform(0.5, 2, shape))


def distinct(shape: Shape) -> st.SearchStrategy[np.ndarray]:
    """No two equal, none 0: a shuffle of odd sixteenths, so that no step of a gradient check meets a kink."""
    size = int(np.prod(shape))
    return generators.map(lambda rng: ((rng.permutation(size) - size // 2 + 0.5) / 8).reshape(shape))


def tied(shape: Shape) -> st.SearchStrategy[np.ndarray]:
    """Many equal: -1, 0 and 1 only."""
    return generators.map(lambda rng: rng.integers(-1, 2, shape).astype(np.float64))


# ---- windows: sizes from the output to the input ---------------------------------------------------------


@st.composite
def _input_side(draw: Draw, out: int, kernel: int, stride: int, dilation: int, most_padding: int) -> Shape:
    """(side, padding) for which `out` windows fit; up to stride - 1 last cells are in none."""
    span = (out - 1) * stride + dilation * (kernel - 1) + 1 + draw(st.integers(0, stride - 1))
    padding = draw(st.integers(0, min(most_padding, (span - 1) // 2)))
    return span - 2 * padding, padding


@st.composite
def conv_cases(draw: Draw) -> Case:
    """Case(x, weight[, bias], stride, padding, dilation, groups) of conv2d."""
    (OH, OW), kernel = draw(pairs(1, 3)), draw(pairs(1, 3))
    stride, dilation, groups = draw(pairs(1, 3)), draw(pairs(1, 2)), draw(st.integers(1, 2))
    N, C, O = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    H, PY = draw(_input_side(OH, kernel[0], stride[0], dilation[0], 2))
    W, PX = draw(_input_side(OW, kernel[1], stride[1], dilation[1], 2))
    tensors = [draw(normal((N, C, H, W))), draw(normal((O, C // groups, *kernel)))]
    if draw(flags):
        tensors.append(draw(normal((O,))))
    return Case(*tensors, stride=stride, padding=(PY, PX), dilation=dilation, groups=groups)


@st.composite
def conv_transpose_cases(draw: Draw) -> Case:
    """Case(x, weight[, bias], stride, padding, output_padding, groups, dilation) of conv_transpose2d.

    x is the output of the convolution that it transposes, whose input side decides the output padding.
    """
    (H, W), kernel = draw(pairs(1, 3)), draw(pairs(1, 3))
    stride, dilation, groups = draw(pairs(1, 3)), draw(pairs(1, 2)), draw(st.integers(1, 2))
    N, C, O = draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    margins, extra = [], []
    for h, k, s, d in zip((H, W), kernel, stride, dilation, strict=True):
        side, padding = draw(_input_side(h, k, s, d, 2))
        margins.append(padding)
        extra.append(side - ((h - 1) * s - 2 * padding + d * (k - 1) + 1))
    tensors = [draw(normal((N, C, H, W))), draw(normal((C, O // groups, *kernel)))]
    if draw(flags):
        tensors.append(draw(normal((O,))))
    return Case(
        *tensors, stride=stride, padding=tuple(margins), output_padding=tuple(extra),
        groups=groups, dilation=dilation,
    )  # fmt: skip


@st.composite
def pool_cases(draw: Draw, kind: str) -> Case:
    """Case(x, kernel_size, stride, padding, ceil_mode, ...) of max_pool2d ("max") or avg_pool2d ("avg").

    No two cells of x are equal. With `ceil_mode` the input is cut short, so that the last window hangs over.
    """
    kernel, stride, ceil_mode = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(flags)
    dilation = draw(pairs(1, 2)) if kind == "max" else (1, 1)
    sides, margins = [], []
    for k, s, d in zip(kernel, stride, dilation, strict=True):
        most_padding = k // 2 if d == 1 else 0  # a window must have a cell in the map
        side, padding = draw(_input_side(draw(st.integers(1, 3)), k, s, d, most_padding))
        if ceil_mode and side > 1 and pool_output_size(side - 1, k, s, padding, d, True) > 0:
            side -= draw(st.integers(0, 1))
        sides.append(side)
        margins.append(padding)
    x = draw(distinct((draw(st.integers(1, 2)), draw(st.integers(1, 3)), *sides)))
    own = {"dilation": dilation} if kind == "max" else {"count_include_pad": draw(flags)}
    return Case(x, kernel_size=kernel, stride=stride, padding=tuple(margins), ceil_mode=ceil_mode, **own)


# ---- norms and resizing ----------------------------------------------------------------------------------


@st.composite
def norm_cases(draw: Draw, kind: str) -> Case:
    """Case(x, weight, bias, ...) of a norm; kind is "batch", "frozen" (batch norm) or "group"."""
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    C = groups * per_group
    x = draw(normal((draw(st.integers(1, 3)), C, draw(st.integers(2, 3)), draw(st.integers(2, 3)))))
    x = x * 2 + 1  # neither centred nor of unit variance
    own: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1]))}
    if kind == "group":
        own["num_groups"] = groups
    else:
        names = ("running_mean", "running_var") if kind == "batch" else ("mean", "var")
        own |= {names[0]: draw(normal((C,))), names[1]: draw(positive((C,)))}
    return Case(x, draw(positive((C,))), draw(normal((C,))), **own)


@st.composite
def resize_cases(draw: Draw) -> Case:
    """Case(x, size or scale_factor, mode, ...) of interpolate, up and down."""
    H, W = draw(pairs(1, 4))
    mode = draw(st.sampled_from(["nearest", "bilinear"]))
    own: dict[str, Any] = {"mode": mode}
    if mode == "bilinear":
        own["align_corners"] = draw(flags)
    if draw(flags):
        own["size"] = draw(pairs(1, 6))
    else:
        own["scale_factor"] = tuple(draw(st.sampled_from([1.0, 1.5, 2.0, 2.5, 3.0])) for _ in range(2))
        own["recompute_scale_factor"] = draw(flags)
    return Case(draw(normal((draw(st.integers(1, 2)), draw(st.integers(1, 2)), H, W))), **own)


# ---- boxes and RoIs ----------------------------------------------------------------------------------------


@st.composite
def edges(draw: Draw, side: int, halves: bool) -> tuple[float, float]:
    """Both ends of a box on one axis, in eighths of a cell: inside, crossing the border, outside, or empty.

    Without `halves` no end is a half, where rounding has two answers. A few ends are in the wrong order.
    """
    eighths = [e for e in range(-16, 8 * side + 17) if halves or e % 8 != 4]
    ends = st.sampled_from(eighths)
    kind = draw(st.sampled_from(["box", "box", "box", "reversed", "empty", "outside"]))
    a, b = sorted((draw(ends), draw(ends)))
    if kind == "outside":
        a, b = a + 8 * (side + 8), b + 8 * (side + 8)
    return {"reversed": (b / 8, a / 8), "empty": (a / 8, a / 8)}.get(kind, (a / 8, b / 8))


@st.composite
def roi_arrays(draw: Draw, shape: Shape, spatial_scale: float, halves: bool) -> np.ndarray:
    """(K, 5) rois of a map (N, C, H, W), 1 to 3 of them, in pixels; `spatial_scale` is a power of two."""
    N, _, H, W = shape
    rois = []
    for _ in range(draw(st.integers(1, 3))):
        (x1, x2), (y1, y2) = draw(edges(W, halves)), draw(edges(H, halves))
        rois.append([draw(st.integers(0, N - 1)), *(c / spatial_scale for c in (x1, y1, x2, y2))])
    return np.array(rois, np.float64)


@st.composite
def rough_rois(draw: Draw, shape: Shape, spatial_scale: float) -> np.ndarray:
    """(K, 5) float32 rois of a map (N, C, H, W), their coordinates drawn from all floats around the picture.

    Most are no multiple of anything, so that editions agree only if they round in the same places: a point on
    the far side of the map is read or not, whichever way its last digit falls.
    """
    N, _, H, W = shape
    rng, count = draw(generators), draw(st.integers(1, 8))
    ends = rng.uniform(-0.25, 1.25, (count, 2, 2)) * [W, H] / spatial_scale  # (K, corner, axis)
    corners = [ends.min(axis=1), ends.max(axis=1)]
    return np.concatenate([rng.integers(0, N, (count, 1)), *corners], axis=1).astype(np.float32)


@st.composite
def roi_cases(draw: Draw, op: str, halves: bool = False, values: Callable[..., Any] = normal) -> Case:
    """Case(x, boxes, output_size, spatial_scale, ...) of roi_align ("align") or roi_pool ("pool").

    Boxes may be degenerate, empty, reversed, or wholly outside the map.
    """
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 2)), *draw(pairs(1, 5)))
    spatial_scale = draw(st.sampled_from([1.0, 0.5, 0.25]))
    own: dict[str, Any] = {"spatial_scale": spatial_scale}
    if op == "align":
        own |= {"sampling_ratio": draw(st.sampled_from([-1, 0, 1, 2])), "aligned": draw(flags)}
    size = st.sampled_from([1, 2, 4])
    boxes = draw(roi_arrays(shape, spatial_scale, halves))
    return Case(draw(values(shape)), boxes=boxes, output_size=(draw(size), draw(size)), **own)


@st.composite
def boxes(draw: Draw, min_count: int = 0, max_count: int = 8, side: int = 8) -> np.ndarray:
    """(N, 4) boxes in quarters of a pixel, float64; a few are empty, some equal."""
    quarters = st.integers(0, 4 * side)
    rows: list[list[int]] = []
    for _ in range(draw(st.integers(min_count, max_count))):
        if rows and draw(st.integers(0, 4)) == 0:
            rows.append(draw(st.sampled_from(rows)))
            continue
        (x1, x2), (y1, y2) = (sorted((draw(quarters), draw(quarters))) for _ in range(2))
        rows.append([x1, y1, x2, y2])
    return np.array(rows, np.float64).reshape(-1, 4) / 4


@st.composite
def scored_boxes(draw: Draw, max_count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) and their scores (N,): quarters, so that ties are common."""
    found = draw(boxes(0, max_count))
    return found, draw(generators).integers(0, 5, len(found)) / 4


# ---- losses ------------------------------------------------------------------------------------------------


@st.composite
def class_cases(draw: Draw) -> Case:
    """Case(logits, target, ...) of cross_entropy; a few targets are ignored, not all; some have weights."""
    rest = draw(st.sampled_from([(), (2,), (2, 3)]))
    N, K = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    target = draw(generators).integers(0, K, (N, *rest))
    ignored = draw(st.sampled_from([-100, K - 1])) if K > 1 else -100
    target.flat[1::3] = ignored
    target.flat[0] = 0
    return Case(
        draw(normal((N, K, *rest))),
        target=target,
        ignore_index=ignored,
        weight=draw(st.one_of(st.none(), positive((K,)))),
        reduction=draw(st.sampled_from(["mean", "sum", "none"])),
    )


@st.composite
def binary_cases(draw: Draw) -> Case:
    """Case(logits, target, reduction) of binary_cross_entropy_with_logits; some logits are large."""
    shape = draw(shapes(1, 2))
    scale = draw(st.sampled_from([1, 20]))
    target = draw(generators).integers(0, 5, shape) / 4
    return Case(
        draw(normal(shape)) * scale, target=target, reduction=draw(st.sampled_from(["mean", "sum", "none"]))
    )


@st.composite
def regression_cases(draw: Draw) -> Case:
    """Case(x, target, beta, reduction) of smooth_l1_loss; no error is 0 or beta, where the slope turns."""
    shape = draw(shapes(1, 2))
    target = draw(distinct(shape))
    errors = draw(distinct(shape)) / 2  # odd 32nds
    return Case(
        target + errors,
        target=target,
        beta=draw(st.sampled_from([1.0, 0.5, 0.0])),
        reduction=draw(st.sampled_from(["mean", "sum", "none"])),
    )
