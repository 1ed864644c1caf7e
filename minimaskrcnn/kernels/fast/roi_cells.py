"""The RoI operators that take the largest of whole cells: RoIPool and its relatives.

Each cell becomes one number that sorts by value and, among equal values, by falling position in the map. The
largest of these numbers then *is* the first winner, however the cells are grouped: so the maximum of a bin
can be taken over its rows first, for all its roi's columns at once, and over its columns afterwards.

This is the edition for speed; `kernels.plain.roi` computes the same and is the one to learn from.
"""

import numpy as np

from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.layout import channels_first, channels_last, stored_like
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side
from minimaskrcnn.kernels.fast.roi_geometry import AxisPoints, roi_points
from minimaskrcnn.kernels.roi_rules import RoIRule

INDEX_BITS = 32


def cell_max(
    x: np.ndarray, rois: np.ndarray, output_size: tuple[int, int], spatial_scale: float, rule: RoIRule
) -> tuple[np.ndarray, np.ndarray]:
    """Largest cell of each bin and its flat index y*W + x; 0 and -1 for an empty bin."""
    _, C, H, W = x.shape
    K, (OH, OW) = len(rois), output_size
    rows, columns = roi_points(rois.astype(x.dtype), (H, W), output_size, spatial_scale, rule)
    keys = sortable(channels_last(x))
    images, y_spans, x_spans = rois[:, 0].astype(int), cell_spans(rows), cell_spans(columns)
    out = stored_like(x, (K, OH, OW, C), x.dtype)
    argmax = stored_like(x, out.shape, np.int64)

    def largest(first: int) -> None:
        # For each column of the map the largest of each bin's rows, then the largest of each bin.
        strips = np.zeros((OH, W, C), keys.dtype)
        best = np.zeros((OH, OW, C), keys.dtype)
        for k in range(first, min(first + tuning.CELL_MAX_ROIS, K)):
            across = slice(min(s.start for s in x_spans[k]), max(s.stop for s in x_spans[k]))
            for p, span in enumerate(y_spans[k]):
                if span.start < span.stop:
                    np.maximum.reduce(keys[images[k], span, across], axis=0, out=strips[p, across])
            for q, span in enumerate(x_spans[k]):
                if span.start < span.stop:
                    np.maximum.reduce(strips[:, span], axis=1, out=best[:, q])
            out[k], argmax[k] = value_and_index(best, x.dtype)

    side_by_side(largest, range(0, K, tuning.CELL_MAX_ROIS))
    empty = (rows.count == 0)[:, :, None] | (columns.count == 0)[:, None]  # (K, OH, OW)
    out[empty], argmax[empty] = 0, -1
    return channels_first(out), channels_first(argmax)


def cell_spans(points: AxisPoints) -> list[list[slice]]:
    """For each roi the run of cells of each bin; an empty bin has an empty one."""
    first = points.low[..., 0] if points.low.shape[2] else np.zeros_like(points.count)
    return [
        [slice(a, a + n) for a, n in zip(starts, counts, strict=True)]
        for starts, counts in zip(first.tolist(), points.count.tolist(), strict=True)
    ]


def sortable(features: np.ndarray) -> np.ndarray:
    """One number for each cell (N, H, W, C): larger for a larger value, of equal values for the first cell.

    For float32 the bits of the value, mended so that they sort as integers, above those of the inverted
    index; any other type becomes the real part of a complex number (NumPy compares these by real part, then
    by imaginary part) over the inverted index. NaN and -inf count as the lowest finite number, and -0 as 0.
    """
    H, W = features.shape[1:3]
    inverted = -1 - np.arange(H * W, dtype=np.int64).reshape(H, W, 1)
    value = np.fmax(features, np.finfo(features.dtype).min)
    value += features.dtype.type(0)
    if value.dtype == np.float32:
        return (as_integers(value.view(np.int32)).astype(np.int64) << INDEX_BITS) | (inverted & _low_bits())
    return value + 1j * inverted


def value_and_index(keys: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """What ``sortable`` put into its numbers."""
    if dtype == np.float32:
        bits = as_integers((keys >> INDEX_BITS).astype(np.int32))
        return bits.view(np.float32), ~keys & _low_bits()
    return keys.real.astype(dtype), -1 - keys.imag.astype(np.int64)


def as_integers(bits: np.ndarray) -> np.ndarray:
    """The bits of float32 numbers, those of negative ones inverted: then integers sort as the numbers do.

    It is its own inverse.
    """
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def _low_bits() -> int:
    return (1 << INDEX_BITS) - 1


def cell_max_backward(
    grad: np.ndarray, rois: np.ndarray, argmax: np.ndarray, x_shape: tuple[int, int, int, int]
) -> np.ndarray:
    """Each bin hands its gradient to the one cell that won it.

    As a product with a sparse matrix of one column: its entries are the gradients and their rows the winners,
    and the product with 1 adds up the entries of a row. A few planes at a time, side by side, in the order in
    which the winners are stored. Each plane has a spare cell in front of its first, at the index -1, for the
    gradient of empty bins.
    """
    from scipy import sparse

    N, C, H, W = x_shape
    plane = 1 + H * W
    dx = np.empty((N, C, H * W), grad.dtype)
    image = rois[:, 0].astype(np.int64)[:, None]

    def gradient_of(first: int) -> None:
        group = slice(first, first + tuning.CELL_MAX_PLANES)
        winner = argmax[:, group]  # (K, c, OH, OW)
        c = winner.shape[1]
        index = np.int32 if N * c * plane <= np.iinfo(np.int32).max else np.int64
        entries, row = np.empty_like(winner, grad.dtype), np.empty_like(winner, index)
        entries[...] = grad[:, group]
        cell_0 = (image * c + np.arange(c)) * plane + 1  # (K, c)
        np.add(winner, cell_0[:, :, None, None], out=row, casting="unsafe")
        stored = entries.ravel("K"), row.ravel("K"), np.array([0, row.size], index)
        column = sparse.csc_array(stored, shape=(N * c * plane, 1))
        column.check_format()  # a product does not look whether the rows are there
        sums = column @ np.ones(1, grad.dtype)
        dx[:, group] = sums.reshape(N, c, plane)[:, :, 1:]

    side_by_side(gradient_of, range(0, C, tuning.CELL_MAX_PLANES))
    return dx.reshape(x_shape)
