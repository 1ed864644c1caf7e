"""Rows for the RoI operators: 512 RoIs on one map of 256x100x100, with contiguous NCHW arrays in and out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmarks.environment import available
from benchmarks.rows import OURS, Loops, Row
from benchmarks.timing import Work
from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor, no_grad

SCALE = 1 / 8  # cells per pixel: the map is that of a picture of 800x800
ROIS, CHANNELS, SIDE = 512, 256, 100


def features(channels: int, side: int = SIDE) -> np.ndarray:
    """Make one map (1, channels, side, side)."""
    return np.random.default_rng(0).standard_normal((1, channels, side, side), np.float32)


def rois(count: int, side: int = SIDE) -> np.ndarray:
    """Make RoIs (count, 5) with sides from 32 to 400 pixels, inside the picture."""
    rng = np.random.default_rng(1)
    size = np.exp(rng.uniform(np.log(32), np.log(400), (count, 2)))
    corner = rng.random((count, 2)) * (side / SCALE - size)
    return np.concatenate([np.zeros((count, 1)), corner, corner + size], 1).astype(np.float32)


def _operate(operator: str, x: Tensor, boxes: np.ndarray, bins: int) -> Tensor:
    if operator == "roi_align":
        return ops.roi_align(x, boxes, bins, SCALE, 2)
    return ops.roi_pool(x, boxes, bins, SCALE)


def our_work(operator: str, bins: int, passes: str, count: int = ROIS, channels: int = CHANNELS) -> Work:
    """Return our work; `passes` is "forward", "backward" or "forward+backward"."""
    x = Tensor(features(channels), requires_grad=True)
    boxes = rois(count)
    grad = np.ones((count, channels, bins, bins), np.float32)

    def forward() -> list[np.ndarray]:
        with no_grad():
            return [np.ascontiguousarray(_operate(operator, x, boxes, bins).data)]

    def backward_of(out: Tensor, retain_graph: bool) -> list[np.ndarray]:
        x.grad = None
        out.backward(grad, retain_graph=retain_graph)
        return [np.ascontiguousarray(x.grad)]

    def both() -> list[np.ndarray]:
        out = _operate(operator, x, boxes, bins)
        return [np.ascontiguousarray(out.data), *backward_of(out, False)]

    if passes == "backward":
        out = _operate(operator, x, boxes, bins)
        return lambda: backward_of(out, True)
    return forward if passes == "forward" else both


def torch_work(operator: str, bins: int, passes: str, count: int = ROIS, channels: int = CHANNELS) -> Work:
    """Return the same work with torchvision's compiled operators."""
    import torch
    from torchvision.ops import roi_align, roi_pool

    x = torch.from_numpy(features(channels)).requires_grad_()
    boxes = torch.from_numpy(rois(count))
    grad = torch.ones((count, channels, bins, bins))
    sampling = (2,) if operator == "roi_align" else ()
    operate = roi_align if operator == "roi_align" else roi_pool

    def forward() -> list[torch.Tensor]:
        with torch.no_grad():
            return [operate(x, boxes, bins, SCALE, *sampling)]

    def both() -> list[torch.Tensor]:
        out = operate(x, boxes, bins, SCALE, *sampling)
        return [out.detach(), *torch.autograd.grad(out, x, grad)]

    if passes == "backward":
        out = operate(x, boxes, bins, SCALE, *sampling)
        return lambda: list(torch.autograd.grad(out, x, grad, retain_graph=True))
    return forward if passes == "forward" else both


def sides(operator: str, bins: int, passes: str, count: int = ROIS, channels: int = CHANNELS) -> Mapping:
    """Ours and torchvision's."""
    arguments = (operator, bins, passes, count, channels)
    both = {OURS: our_work(*arguments)}
    if "torchvision" in available():
        both["torchvision"] = torch_work(*arguments)
    return both


def row(operator: str, bins: int, passes: str, target: float) -> Row:
    """Make the row for one operator with one number of bins."""
    return Row(
        f"{operator} {bins}x{bins}, {ROIS} RoIs of {CHANNELS}x{SIDE}x{SIDE}, {passes}",
        lambda: sides(operator, bins, passes),
        {"torchvision": target},
        Loops("8 RoIs", lambda: our_work(operator, bins, passes, count=8)),
    )


ROWS = (
    row("roi_align", 7, "forward", 0.25),
    row("roi_align", 7, "forward+backward", 0.12),
    row("roi_align", 14, "forward", 0.25),
    row("roi_align", 14, "forward+backward", 0.10),
    row("roi_pool", 7, "forward", 1.0),
    row("roi_pool", 7, "backward", 1.0),
)
