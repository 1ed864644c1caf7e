"""Weights and pictures from a seed, as the golden README describes: no file of 170 MB, and no torch.

The stream of an array is named by the seed and the array's own name, so that each can be made alone:

    u = Generator(PCG64(seed * 2**32 + crc32(name))).random(n),   s = 2u - 1 in [-1, 1)

and a weight is s times a spread that keeps activations near 1, whatever the layer. All in float64, rounded
once.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np

# (gain, amplitude of the bias, mean of the bias) of the layers that need their own; the standard deviation of
# a weight is gain / sqrt(fan in).
GAINS = {
    "rpn.head.conv.0.0": (1.5, 0.3, 0.0),
    "rpn.head.cls_logits": (2.0, 0.5, -1.0),
    "rpn.head.bbox_pred": (0.35, 0.1, 0.0),
    "roi_heads.box_head.fc6": (1.6, 0.2, 0.0),
    "roi_heads.box_head.fc7": (1.6, 0.2, 0.0),
    "roi_heads.box_predictor.cls_score": (3.0, 0.5, 0.0),
    "roi_heads.box_predictor.bbox_pred": (1.0, 0.5, 0.0),
    "roi_heads.mask_predictor.conv5_mask": (1.5, 0.1, 0.0),
    "roi_heads.mask_predictor.mask_fcn_logits": (2.5, 0.5, 0.0),
    # The laterals of C2..C5: deeper stages have larger activations.
    "backbone.fpn.inner_blocks.0.0": (0.4, 0.1, 0.0),
    "backbone.fpn.inner_blocks.1.0": (0.3, 0.1, 0.0),
    "backbone.fpn.inner_blocks.2.0": (0.18, 0.1, 0.0),
    "backbone.fpn.inner_blocks.3.0": (0.15, 0.1, 0.0),
}
PYRAMID = (1.0, 0.1, 0.0)
CONVOLUTION = (2.0**0.5, 0.1, 0.0)


def uniform(seed: int, name: str, n: int) -> np.ndarray:
    """The first n numbers in [0, 1) of the stream of that name."""
    return np.random.Generator(np.random.PCG64((seed << 32) | zlib.crc32(name.encode()))).random(n)


def weight(name: str, shape: Sequence[int], seed: int) -> np.ndarray:
    """One entry of the state, float32."""
    if name.endswith("num_batches_tracked"):
        return np.zeros(shape, np.float32)
    s = 2 * uniform(seed, name, int(np.prod(shape))) - 1
    centre, amplitude = spread(name, shape)
    return (centre + amplitude * s).astype(np.float32).reshape(shape)


def spread(name: str, shape: Sequence[int]) -> tuple[float, float]:
    """Centre and amplitude of an entry's values."""
    layer, kind = name.rsplit(".", 1)
    if kind == "running_mean":
        return 0.0, 0.1
    if kind == "running_var":
        return 1.0, 0.3
    if layer.startswith("backbone.body.") and len(shape) == 1:  # batch norm
        if kind == "bias":
            return 0.0, 0.2
        # Small at the end of a block, so that the sum over blocks does not grow.
        return (0.35, 0.1) if ".bn3" in layer else (1.0, 0.2)
    if len(shape) == 1 and kind == "weight":  # batch norm outside the body
        return 1.0, 0.2
    default = PYRAMID if layer.startswith("backbone.fpn.") else CONVOLUTION
    gain, bias_amplitude, bias_centre = GAINS.get(layer, default)
    if kind == "bias":
        return bias_centre, bias_amplitude
    # A transposed convolution of stride 2 and filter 2x2: an output cell sees one tap of each input channel.
    fan_in = shape[0] if layer.endswith("conv5_mask") else int(np.prod(shape[1:]))
    return 0.0, 3.0**0.5 * gain / fan_in**0.5


def state(names_shapes: Iterable[tuple[str, Sequence[int]]], seed: int) -> dict[str, np.ndarray]:
    """All entries by name."""
    return {name: weight(name, shape, seed) for name, shape in names_shapes}


def image(seed: int, height: int, width: int) -> np.ndarray:
    """A picture (3, height, width) in [0, 1]: triangle waves, twelve rectangles, noise."""
    u = uniform(seed, f"image{height}x{width}", 120 + 3 * height * width)
    numbers, noise = u[:120], u[120:].reshape(3, height, width)
    y, x = np.mgrid[:height, :width]
    picture = np.zeros((3, height, width))
    for plane, own in zip(picture, numbers.reshape(3, 40), strict=True):
        for fx, fy, phase in own[:12].reshape(4, 3):
            t = (fx * 0.15 * x + fy * 0.15 * y + phase * 6.283185307179586) % 2
            plane += abs(t - 1) * 0.2
    for left, top, w, h, *colour, _ in numbers[:96].reshape(12, 8):
        x0, y0 = int(left * width), int(top * height)
        inside = picture[:, y0 : y0 + 8 + int(h * height / 2), x0 : x0 + 8 + int(w * width / 2)]
        inside[:] = 0.75 * np.array(colour)[:, None, None] + 0.25 * inside
    return np.clip(0.85 * picture + 0.15 * noise, 0, 1).astype(np.float32)
