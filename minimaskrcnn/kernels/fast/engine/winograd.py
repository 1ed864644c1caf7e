"""Winograd: 3x3 correlations with a quarter of the multiplications.

Two polynomials are multiplied quickly by their values at a few points: evaluate both, multiply the values,
read the coefficients off. Convolution is that multiplication, and correlation its transpose. For 4 outputs of
a filter of 3 the product has 6 coefficients, so 6 points do. With E_k the matrix (6, k) that evaluates a
polynomial of k coefficients at them,

    outputs (4) = E_4.T @ [ (E_3 @ filter (3)) * (inv(E_6).T @ cells (6)) ]

In two dimensions each matrix becomes its Kronecker square: a tile of 4x4 outputs takes 6x6 = 36
multiplications per channel in place of 4*4*9 = 144. Summed over channels these are 36 matrix products,
(tiles, C) @ (C, O). The changes of basis are matrix products too, and being linear, they give the gradients
by their transposes.

The points are 0, +-1/sqrt(2), +-sqrt(2) and infinity: pairs c, 1/c keep the numbers of one size. In float32
the largest error, in units of the largest output, is then 1e-6 to 4e-6 where the plain sum has 5e-7 to 7e-7;
with the usual points 0, +-1, +-2 it would be 5e-6 to 2e-5.

Source: Lavin & Gray, Fast algorithms for convolutional neural networks, CVPR 2016; for the points Alam et
al., Winograd convolution for deep neural networks: efficient point selection, 2022.
"""

from functools import cache
from math import prod
from typing import NamedTuple

import numpy as np

from minimaskrcnn.kernels.blas import matmul
from minimaskrcnn.kernels.fast.engine import tuning
from minimaskrcnn.kernels.fast.engine.memory import Workspace
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side, sum_side_by_side
from minimaskrcnn.kernels.fast.engine.strips import Part, Windows, copy_map

SIDE, TAPS = 4, 3
POINTS = (0, 0.5**0.5, -(0.5**0.5), 2**0.5, -(2**0.5))


class _Bases(NamedTuple):
    """The three changes of basis, each for a square."""

    cells: np.ndarray  # (36, 36): the 6x6 cells under a tile -> their values
    filters: np.ndarray  # (36, 9)
    outputs: np.ndarray  # (16, 36): products of values -> the 4x4 outputs


@cache
def _bases() -> _Bases:
    def evaluate(k: int) -> np.ndarray:  # at infinity a polynomial is its last coefficient
        return np.vstack([np.vander(POINTS, k, increasing=True), np.eye(k)[-1:]])

    sides = np.linalg.inv(evaluate(SIDE + TAPS - 1)).T, evaluate(TAPS), evaluate(SIDE).T
    return _Bases(*(np.kron(side, side).astype(np.float32) for side in sides))


def suits(x: np.ndarray, windows: Windows) -> bool:
    """Whether windows of x (N, H, W, C) are 3x3 neighbours, and so many that the changes of basis pay."""
    (N, OH, OW, O), C = windows.out_shape, x.shape[3]
    tiles = N * -(-OH // SIDE) * -(-OW // SIDE)
    return (
        windows.kernel == (TAPS, TAPS)
        and windows.stride == windows.dilation == (1, 1)
        and x.dtype == np.float32
        and min(C, O) >= tuning.WINOGRAD_CHANNELS
        and 2 * N * OH * OW >= 3 * O
        and 2 * 36 * tiles <= 9 * N * OH * OW
    )


def suits_products(x: np.ndarray, windows: Windows) -> bool:
    """Whether Winograd also pays for a sum over windows, which has 36 values per filter instead of 9 taps."""
    N, OH, OW, O = windows.out_shape
    return suits(x, windows) and N * OH * OW >= 3 * O


def filter_values(w: Workspace, weight: np.ndarray) -> np.ndarray:
    """Values (36, A, B) of weight (A, B, 3, 3), in memory of the workspace."""
    A, B = weight.shape[:2]
    values = _rows(w, "filters", (36,), (A, B), weight.dtype)

    def fill(some: slice) -> None:
        filters = weight[some]
        with Workspace() as own:
            taps = _rows(own, "strip", (TAPS, TAPS), filters.shape[:2], weight.dtype)
            taps[...] = filters.transpose(2, 3, 0, 1)
            matmul(_bases().filters, taps.reshape(TAPS * TAPS, -1), out=values[:, some].reshape(36, -1))

    step = max(1, tuning.WINOGRAD_COLUMNS // B)
    side_by_side(fill, [slice(a, a + step) for a in range(0, A, step)])
    return values


def correlate(
    x: np.ndarray, filters: np.ndarray, bias: np.ndarray | None, windows: Windows, out: np.ndarray
) -> None:
    """Fill out (N, OH, OW, O) with windows of x (N, H, W, C) times filters, as values (36, C, O), + bias."""

    def fill(part: Part) -> None:
        target = out[part]
        (count, height, width, O), (down, across) = target.shape, _tiles(target)
        with Workspace() as w:
            values = _cell_values(w, x, windows, part)  # (36, tiles, C)
            products = _rows(w, "products", (36,), (values.shape[1], O), x.dtype)
            matmul(values, filters, out=products)
            outputs = _rows(w, "strip", (SIDE, SIDE), (count, down, across, O), x.dtype)
            matmul(_bases().outputs, products.reshape(36, -1), out=outputs.reshape(SIDE * SIDE, -1))
            fits = (height, width) == (down * SIDE, across * SIDE)
            whole = target if fits else w.array("cells", (count, down * SIDE, across * SIDE, O), x.dtype)
            np.add(outputs, 0 if bias is None else bias, out=_by_place(whole))
            if not fits:
                target[...] = whole[:, :height, :width]

    side_by_side(fill, _parts(x, windows))


def window_products(x: np.ndarray, grad: np.ndarray, windows: Windows) -> np.ndarray:
    """Sum over windows of gradient x window: (3, 3, O, C), from x (N, H, W, C) and grad (N, OH, OW, O).

    `correlate` read backwards: values of the gradient, products summed over tiles, back to 3x3 taps.
    """
    O, C = grad.shape[3], x.shape[3]

    def add(total: np.ndarray, part: Part) -> None:
        source = grad[part]
        count, (down, across) = len(source), _tiles(source)
        with Workspace() as w:
            values = _cell_values(w, x, windows, part)  # (36, tiles, C)
            whole = w.array("cells", (count, down * SIDE, across * SIDE, O), x.dtype)
            copy_map(source, whole, (0, 0), (1, 1))
            outputs = _rows(w, "strip", (SIDE, SIDE), (count, down, across, O), x.dtype)
            outputs[...] = _by_place(whole)
            products = _rows(w, "products", (36,), (values.shape[1], O), x.dtype)
            matmul(_bases().outputs.T, outputs.reshape(SIDE * SIDE, -1), out=products.reshape(36, -1))
            term = w.array("term", total.shape, x.dtype)
            total += matmul(products.swapaxes(1, 2), values, out=term)

    total = sum_side_by_side(add, (36, O, C), x.dtype, _parts(x, windows))
    return _change(_bases().filters.T, total.reshape(36, O * C)).reshape(TAPS, TAPS, O, C)


def _rows(
    w: Workspace, name: str, rows: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype
) -> np.ndarray:
    """An array (*rows, *shape) of the workspace: a matrix of these rows, a little apart in memory.

    Rows a multiple of 4 KiB apart, as those of even sizes are, push each other out of the first cache.
    """
    length = prod(shape)
    padded = w.array(name, (prod(rows), length + tuning.ROW_GAP), dtype)
    return padded[:, :length].reshape(*rows, *shape)


def _change(basis: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Basis (m, k) @ vectors (k, n), some columns at a time."""
    out = np.empty((len(basis), vectors.shape[1]), vectors.dtype)
    step = tuning.WINOGRAD_COLUMNS
    columns = [slice(n, n + step) for n in range(0, vectors.shape[1], step)]
    side_by_side(lambda some: matmul(basis, vectors[:, some], out=out[:, some]), columns)
    return out


def _tiles(cells: np.ndarray) -> tuple[int, int]:
    """Tiles down and across that cover a map (N, H, W, ...)."""
    return -(-cells.shape[1] // SIDE), -(-cells.shape[2] // SIDE)


def _by_place(cells: np.ndarray) -> np.ndarray:
    """View (N, down*4, across*4, O) as (4, 4, N, down, across, O): the place in the tile first."""
    N, H, W, O = cells.shape
    return cells.reshape(N, H // SIDE, SIDE, W // SIDE, SIDE, O).transpose(2, 4, 0, 1, 3, 5)


def _parts(x: np.ndarray, windows: Windows) -> list[Part]:
    """Cut the output into parts of about WINOGRAD_TILES tiles, two at least if there is much to do."""
    N, OH, OW, O = windows.out_shape
    down, across = -(-OH // SIDE), -(-OW // SIDE)
    rows = max(1, tuning.WINOGRAD_TILES // across)
    if 36 * N * down * across * x.shape[3] * O > tuning.SHARED_WORK:
        rows = min(rows, -(-N * down // 2))
    images, height = max(1, rows // down), min(rows, down) * SIDE
    return [
        Part(slice(n, min(n + images, N)), slice(top, min(top + height, OH)))
        for n in range(0, N, images)
        for top in range(0, OH, height)
    ]


def _cell_values(w: Workspace, x: np.ndarray, windows: Windows, part: Part) -> np.ndarray:
    """Values (36, tiles, C) of the 6x6 cells under each tile of a part, in memory of the workspace."""
    C, count = x.shape[3], part.images.stop - part.images.start
    down, across = -(-(part.rows.stop - part.rows.start) // SIDE), -(-windows.out_shape[2] // SIDE)
    side = SIDE + TAPS - 1
    values = _rows(w, "values", (36,), (count * down * across, C), x.dtype)
    with Workspace() as own:
        cells = own.array("cells", (count, down * SIDE + TAPS - 1, across * SIDE + TAPS - 1, C), x.dtype)
        copy_map(x[part.images], cells, (part.rows.start + windows.offset[0], windows.offset[1]), (1, 1))
        n, y, x_, c = cells.strides
        tiles = _rows(own, "strip", (side, side), (count, down, across, C), x.dtype)
        strides = y, x_, n, y * SIDE, x_ * SIDE, c
        tiles[...] = np.ndarray(tiles.shape, x.dtype, cells, strides=strides)
        matmul(_bases().cells, tiles.reshape(36, -1), out=values.reshape(36, -1))
    return values
