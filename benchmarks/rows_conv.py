"""Rows for convolutions: every distinct layer of two models, summarised by the geometric mean of the ratios.

Ours is timed twice: with contiguous NCHW arrays, as a user has them, and with channels-last arrays, which the
layers of our model pass to each other. torch gets contiguous NCHW arrays. The limit is the matrix product of
the same size, (N*OH*OW, C*KH*KW) @ (C*KH*KW, O), without any rearranging; backward has two more products.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from statistics import geometric_mean

import numpy as np

from benchmarks import layers
from benchmarks.environment import available
from benchmarks.layers import Layer
from benchmarks.report import milliseconds
from benchmarks.rows import OURS, Job, Loops, Result, Row, Table, job, loops_over_fast, require_agreement
from benchmarks.timing import Times, Work, in_turn
from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor, no_grad

STORED, TORCH, PRODUCT = "ours, stored", "torch", "product"
LAYOUTS = {OURS: "called with NCHW arrays", STORED: "called with arrays as the model stores them"}
TOLERANCE = 1e-4

Arrays = dict[str, np.ndarray | None]


def arrays(layer: Layer) -> Arrays:
    """Make contiguous arrays: the input, the weight, the bias and the gradient of the output."""
    rng = np.random.default_rng(5)
    O = layer.weight_shape[0]
    return {
        "x": rng.standard_normal(layer.x_shape, np.float32),
        "weight": rng.standard_normal(layer.weight_shape, np.float32) / prod(layer.weight_shape[1:]) ** 0.5,
        "bias": rng.standard_normal(O, np.float32) if layer.bias else None,
        "grad": rng.standard_normal((layer.x_shape[0], O, *layer.out_size), np.float32),
    }


def stored(x: np.ndarray) -> np.ndarray:
    """Return the same array, channels-last in memory."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def our_work(layer: Layer, given: Arrays, backward: bool) -> Work:
    """Return our work on these arrays, in the layout that they have."""
    x = Tensor(given["x"], requires_grad=layer.needs_x_grad)
    weight = Tensor(given["weight"], requires_grad=True)
    bias = None if given["bias"] is None else Tensor(given["bias"], requires_grad=True)
    leaves = [leaf for leaf in (x, weight, bias) if leaf is not None and leaf.requires_grad]
    geometry = layer.stride, layer.padding, layer.dilation, layer.groups

    def forward() -> list[np.ndarray]:
        with no_grad():
            return [ops.conv2d(x, weight, bias, *geometry).data]

    def both() -> list[np.ndarray]:
        for leaf in leaves:
            leaf.grad = None
        out = ops.conv2d(x, weight, bias, *geometry)
        out.backward(given["grad"])
        return [out.data, *(leaf.grad for leaf in leaves)]

    return both if backward else forward


def torch_work(layer: Layer, given: Arrays, backward: bool) -> Work:
    """Return the same work in torch."""
    import torch

    x, weight, bias, grad = (
        None if given[name] is None else torch.from_numpy(given[name])
        for name in ("x", "weight", "bias", "grad")
    )
    geometry = layer.stride, layer.padding, layer.dilation, layer.groups
    leaves = [leaf for leaf in (x if layer.needs_x_grad else None, weight, bias) if leaf is not None]
    for leaf in leaves:
        leaf.requires_grad_()

    def forward() -> list[torch.Tensor]:
        with torch.no_grad():
            return [torch.nn.functional.conv2d(x, weight, bias, *geometry)]

    def both() -> list[torch.Tensor]:
        out = torch.nn.functional.conv2d(x, weight, bias, *geometry)
        return [out.detach(), *torch.autograd.grad(out, leaves, grad)]

    return both if backward else forward


def product_work(layer: Layer, backward: bool) -> Work:
    """Return only the matrix products that the layer consists of."""
    rng = np.random.default_rng(6)
    rows, depth, columns = (
        layer.x_shape[0] * prod(layer.out_size),
        prod(layer.weight_shape[1:]),
        layer.weight_shape[0] // layer.groups,
    )
    windows = rng.standard_normal((rows, depth), np.float32)
    matrix = rng.standard_normal((depth, columns), np.float32)
    out, dx, dw = np.empty((rows, columns), np.float32), np.empty_like(windows), np.empty_like(matrix)

    def work() -> None:
        for _ in range(layer.groups):
            np.matmul(windows, matrix, out=out)
            if backward:
                np.matmul(windows.T, out, out=dw)
            if backward and layer.needs_x_grad:
                np.matmul(out, matrix.T, out=dx)

    return work


def time_layer(layer: Layer, backward: bool, rounds: int) -> Times:
    """Time one layer, all sides in turn."""
    given = arrays(layer)
    as_stored = {name: stored(a) if name in ("x", "grad") else a for name, a in given.items()}
    sides = {OURS: our_work(layer, given, backward), STORED: our_work(layer, as_stored, backward)}
    if "torch" in available():
        sides[TORCH] = torch_work(layer, given, backward)
    require_agreement(f"conv2d {layer}", sides, TOLERANCE)
    return in_turn({**sides, PRODUCT: product_work(layer, backward)}, rounds)


def summary(
    name: str, timed: Sequence[tuple[str, Layer, Times]], target: float, worst_target: float | None
) -> Iterator[Result]:
    """Make one result per layout: the geometric mean over the layers, and the worst ratio."""
    loops = loops_over_fast(LOOPS_BACKWARD if "backward" in name else LOOPS_FORWARD, 3)
    for side, layout in LAYOUTS.items():
        known = all(TORCH in times for *_, times in timed)
        ratios = {
            f"{layer} of the {model}": times.ratio(side, TORCH) for model, layer, times in timed if known
        }
        worst = max(ratios, key=ratios.__getitem__, default=None)
        yield Result(
            f"{name}, {layout}",
            TORCH,
            ours=sum(times.median(side) for *_, times in timed),
            theirs=sum(times.median(TORCH) for *_, times in timed) if known else None,
            ratio=geometric_mean(ratios.values()) if known else None,
            target=target,
            loops=loops,
            loops_size="3x3, 64 to 64, 1x64x8x8",
            product=geometric_mean(times.ratio(side, PRODUCT) for *_, times in timed),
            worst=ratios[worst] if worst else None,
            worst_target=worst_target,
            note=_note(timed, side, worst) if known else "",
        )


def _note(timed: Sequence[tuple[str, Layer, Times]], side: str, worst: str) -> str:
    """Describe the mean of each model and the worst layer."""
    models = dict.fromkeys(model for model, *_ in timed)
    means = (
        f"{model} {geometric_mean(t.ratio(side, TORCH) for m, _, t in timed if m == model):.2f}"
        for model in models
    )
    return f"{', '.join(means)}; worst: {worst}"


def details(title: str, timed: Sequence[tuple[str, Layer, Times]]) -> Table:
    """Tabulate the layers one by one."""
    columns = (
        "model", "layer (filter, channels, input)", "first used by", "times used", "ours ms", "torch ms",
        "ours / torch", "stored / torch", "ours / product",
    )  # fmt: skip
    table = Table(title, columns)
    for model, layer, times in timed:
        known = TORCH in times
        table.lines.append(
            (
                model,
                str(layer),
                layer.name,
                str(layer.calls),
                milliseconds(times.median(OURS)),
                milliseconds(times.median(TORCH)) if known else "",
                f"{times.ratio(OURS, TORCH):.2f}" if known else "",
                f"{times.ratio(STORED, TORCH):.2f}" if known else "",
                f"{times.ratio(OURS, PRODUCT):.2f}",
            )
        )
    return table


def _small() -> list[tuple[str, Layer]]:
    return [("small model", layer) for layer in layers.of_small_model()]


def _large() -> list[tuple[str, Layer]]:
    return [("ResNet-50-FPN", layer) for layer in layers.of_resnet50_fpn()]


def _forward(rounds: int) -> tuple[list[Result], list[Table]]:
    timed = [(model, layer, time_layer(layer, False, rounds)) for model, layer in [*_small(), *_large()]]
    name = f"conv2d forward, geometric mean of {len(timed)} layers"
    return list(summary(name, timed, 1.2, 2.0)), [details("conv2d forward, layer by layer", timed)]


def _both(rounds: int) -> tuple[list[Result], list[Table]]:
    timed = [(model, layer, time_layer(layer, True, rounds)) for model, layer in _small()]
    name = f"conv2d forward+backward, geometric mean of {len(timed)} layers at batch 4"
    return list(summary(name, timed, 1.5, None)), [details("conv2d forward+backward, layer by layer", timed)]


def _square(channels: int, batch: int, side: int) -> Layer:
    """Make a 3x3 layer that keeps the number of channels and the size."""
    shape = (channels, channels, 3, 3)
    return Layer("", (batch, channels, side, side), shape, False, (1, 1), (1, 1), (1, 1), 1)


def _loops(backward: bool) -> Loops:
    layer = _square(64, 1, 8)
    return Loops("3x3, 64 to 64, 1x64x8x8", lambda: our_work(layer, arrays(layer), backward))


LOOPS_FORWARD, LOOPS_BACKWARD = _loops(False), _loops(True)


def sides_of_libraries(channels: int) -> Mapping[str, Work]:
    """Return forward and backward here and in the libraries for automatic differentiation."""
    layer = _square(channels, 4, 32)
    given = arrays(layer)
    sides = {OURS: our_work(layer, given, True)}
    makers = {"mygrad": _mygrad_work, "autograd": _autograd_work}
    sides |= {name: make(given) for name, make in makers.items() if name in available()}
    if "torch" in available():
        sides[TORCH] = torch_work(layer, given, True)
    return sides


def _mygrad_work(given: Arrays) -> Work:
    import mygrad
    from mygrad.nnet.layers import conv_nd

    def work() -> list[np.ndarray]:
        x, weight = mygrad.tensor(given["x"]), mygrad.tensor(given["weight"])
        out = conv_nd(x, weight, stride=1, padding=1)
        out.backward(given["grad"])
        return [out.data, x.grad, weight.grad]

    return work


def _autograd_work(given: Arrays) -> Work:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    def correlate(pair: tuple) -> np.ndarray:
        x, weight = pair
        padded = anp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
        flipped = weight[:, :, ::-1, ::-1]
        return convolve(padded, flipped, axes=([2, 3], [2, 3]), dot_axes=([1], [1]), mode="valid")

    def work() -> list[np.ndarray]:
        vjp, out = autograd.make_vjp(correlate)((given["x"], given["weight"]))
        return [out, *vjp(given["grad"])]

    return work


def library_row(channels: int) -> Row:
    """Make the row for one width of the 3x3 convolution."""
    return Row(
        f"conv2d forward+backward, 3x3, {channels} channels, 4x{channels}x32x32",
        lambda: sides_of_libraries(channels),
        {"mygrad": 0.10, "autograd": 0.02, "torch": None},
        LOOPS_BACKWARD,
    )


JOBS = (
    Job("conv2d forward, small model and ResNet-50-FPN at 800x1066", _forward),
    Job("conv2d forward+backward, small model at batch 4", _both),
    job(library_row(32)),
    job(library_row(64)),
)
