"""Windows that slide over a map, all of them at once: a view to read them, a loop over offsets to write them.

window[..., oy, ox, ky, kx] = padded[..., oy*SY + ky*DY, ox*SX + kx*DX]
"""

import numpy as np

from minimaskrcnn.kernels.contract import Pair


def windows(padded: np.ndarray, kernel: Pair, stride: Pair, dilation: Pair) -> np.ndarray:
    """View (..., H, W) as (..., OH, OW, KH, KW): no number is copied."""
    reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    every = np.lib.stride_tricks.sliding_window_view(padded, reach, (-2, -1))
    return every[..., :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]


def stamp(padded: np.ndarray, values: np.ndarray, stride: Pair, dilation: Pair) -> None:
    """Add values (..., OH, OW, KH, KW) to the cells of their windows, in place: the transpose of `windows`.

    Windows overlap, but not the cells at one offset (ky, kx): so one offset is written at a time.
    """
    OH, OW, KH, KW = values.shape[-4:]
    for ky, kx in np.ndindex(KH, KW):
        rows = slice(ky * dilation[0], ky * dilation[0] + (OH - 1) * stride[0] + 1, stride[0])
        columns = slice(kx * dilation[1], kx * dilation[1] + (OW - 1) * stride[1] + 1, stride[1])
        padded[..., rows, columns] += values[..., ky, kx]
