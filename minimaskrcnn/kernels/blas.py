"""The matrix product, by whichever BLAS there is.

NumPy multiplies with a BLAS, except where it was built without one: Pyodide's NumPy, in a browser, has plain
loops, and SciPy beside it brings an OpenBLAS. There, products go through SciPy, two to four times as fast.
"""

import numpy as np


def _numpy_has_blas() -> bool:
    built = np.show_config(mode="dicts")
    assert isinstance(built, dict)
    return bool(built["Build Dependencies"]["blas"].get("found", False))


NUMPY_HAS_BLAS = _numpy_has_blas()


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """As ``np.matmul``: (..., I, J) by (..., J, K) is (..., I, K).

    >>> matmul(np.ones((2, 3)), np.ones((3, 1))).T
    array([[3., 3.]])
    """
    product = None if NUMPY_HAS_BLAS else _matmul_by_scipy(a, b)
    if product is None:
        return np.matmul(a, b, out=out)
    if out is None:
        return product
    out[...] = product
    return out


def _matmul_by_scipy(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """The product of matrices, of rows with one matrix, or of two stacks; None of anything else."""
    if a.dtype != b.dtype or a.dtype not in (np.float32, np.float64) or 0 in (*a.shape, *b.shape):
        return None
    if a.ndim >= 2 and b.ndim == 2:
        rows = _gemm(a.reshape(-1, a.shape[-1]), b)  # (..., I, J) -> (rows, J), by (J, K)
        return rows.reshape(*a.shape[:-1], b.shape[1])
    if a.ndim == b.ndim == 3 and len(a) == len(b):
        return np.stack([_gemm(*pair) for pair in zip(a, b, strict=True)])
    return None


def _gemm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(I, J) by (J, K), as the transpose of b.T @ a.T: the BLAS counts down columns, NumPy along rows."""
    from scipy.linalg.blas import dgemm, sgemm

    gemm = sgemm if a.dtype == np.float32 else dgemm
    (left, flip_left), (right, flip_right) = (
        (x.T, False) if x.flags.c_contiguous else (x, True) for x in (b, a)
    )
    return gemm(1.0, left, right, trans_a=flip_left, trans_b=flip_right).T
