"""What the box and mask functions ask of their arrays; each check returns an array to compute with.

Boxes, scores and thresholds are real numbers. Integers, bool and float16 become float32, because differences
of unsigned integers wrap round and float16 has no whole numbers beyond 2,048; float64 stays. Objects, texts
and complex numbers are refused. NaN and infinity pass: a comparison with them is false.

An array of the right kind is returned as it is, so that the checks cost the detector a few microseconds.
"""

from typing import Any

import numpy as np

from minimaskrcnn.checks import describe
from minimaskrcnn.errors import InputError

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def as_array(where: str, x: Any, name: str) -> np.ndarray:
    """An array of bools or real numbers in this machine's byte order; lists of numbers are converted."""
    if not isinstance(x, np.ndarray):
        x = _from_list(where, x, name)
    if x.dtype.kind not in "biuf":
        raise InputError(f"{where}: {name} must hold real numbers; got {describe(x)}.")
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


def _from_list(where: str, x: Any, name: str) -> np.ndarray:
    if hasattr(x, "__array__"):  # an array of another library, or masks kept in their boxes
        return np.asarray(x)
    if isinstance(x, tuple | list):
        try:
            return np.asarray(x)
        except (ValueError, TypeError, OverflowError):
            pass
    raise InputError(f"{where}: {name} must be an array; got {describe(x)}.")


def as_real(where: str, x: Any, name: str) -> np.ndarray:
    """An array of float32 or float64."""
    if isinstance(x, np.ndarray) and x.dtype in _FLOATS and x.dtype.isnative:
        return x
    array = as_array(where, x, name)
    return array.astype(np.float64 if array.dtype.kind == "f" and array.itemsize >= 8 else np.float32)


def as_boxes(where: str, boxes: Any, name: str = "boxes", count: int | None = None) -> np.ndarray:
    """Boxes (N, 4); with `count`, that many of them.

    Examples
    --------
    >>> as_boxes("box_area", np.array([[0, 0, 2, 3]], np.uint8)).dtype
    dtype('float32')
    """
    array = as_real(where, boxes, name)
    if array.ndim != 2 or array.shape[1] != 4 or (count is not None and len(array) != count):
        rows = "N" if count is None else count
        raise InputError(f"{where}: {name} must be ({rows}, 4): x1, y1, x2, y2; got {describe(boxes)}.")
    return array


def as_coordinates(where: str, boxes: Any, name: str = "boxes") -> np.ndarray:
    """Boxes (..., 4) with any axes in front."""
    array = as_real(where, boxes, name)
    if not array.ndim or array.shape[-1] != 4:
        raise InputError(f"{where}: {name} must end in 4: x1, y1, x2, y2; got {describe(boxes)}.")
    return array


def as_vector(where: str, x: Any, name: str, count: int | None = None) -> np.ndarray:
    """Real numbers (N,), one for each of `count` boxes."""
    array = as_real(where, x, name)
    _check_vector(where, array, name, count)
    return array


def as_indices(
    where: str, x: Any, name: str, count: int | None = None, below: int | None = None
) -> np.ndarray:
    """Whole numbers (N,); with `below`, each of them from 0 to below - 1. Bools are no numbers here."""
    array = as_array(where, x, name)
    if array.size == 0 and array.ndim == 1:
        array = array.astype(np.int64, copy=False)
    if array.dtype.kind not in "iu":
        raise InputError(f"{where}: {name} must hold whole numbers; got {describe(x)}.")
    _check_vector(where, array, name, count)
    if below is not None and array.size and not 0 <= array.min() <= array.max() < below:
        raise InputError(
            f"{where}: {name} runs from {array.min()} to {array.max()}; expected 0 to {below - 1}."
        )
    return array


def _check_vector(where: str, array: np.ndarray, name: str, count: int | None) -> None:
    if array.ndim != 1 or (count is not None and len(array) != count):
        rows = "N" if count is None else count
        raise InputError(f"{where}: {name} must be ({rows},); got {describe(array)}.")


def as_masks(where: str, masks: Any, name: str = "masks", count: int | None = None) -> np.ndarray:
    """Masks (N, H, W) of bool; arrays of nothing but 0 and 1 are converted."""
    array = as_array(where, masks, name)
    if array.ndim != 3 or (count is not None and len(array) != count):
        rows = "N" if count is None else count
        raise InputError(f"{where}: {name} must be ({rows}, H, W); got {describe(masks)}.")
    return as_bool(where, array, name)


def as_bool(where: str, x: Any, name: str) -> np.ndarray:
    """An array of bool; one of nothing but 0 and 1 is converted."""
    array = as_array(where, x, name)
    if array.dtype == bool:
        return array
    if not ((array == 0) | (array == 1)).all():
        raise InputError(f"{where}: {name} must be bool; got {describe(x)}. Compare: {name} > 0.")
    return array.astype(bool)


def as_image(where: str, image: Any) -> np.ndarray:
    """A picture (C, H, W) of float32 or float64."""
    array = as_array(where, image, "image")
    if array.ndim != 3 or not array.size:
        raise InputError(f"{where}: image must be (3, H, W); got {describe(image)}.")
    if array.dtype not in _FLOATS:
        raise InputError(
            f"{where}: image must be float32 in [0, 1]; got {describe(image)}. "
            "Convert it: image.astype(np.float32) / 255 for 8 bits."
        )
    return array


def check_image(image: Any, where: str = "image") -> None:
    """Raise an InputError, with advice, if this is not a (3, H, W) float array in [0, 1]."""
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[0] != 3 or image.size == 0:
        shape = getattr(image, "shape", type(image).__name__)
        raise InputError(
            f"{where}: must be (3, H, W), RGB first; got {shape}. "
            "Use minimaskrcnn.data.read_image(path), or image.transpose(2, 0, 1) for an (H, W, 3) array."
        )
    if image.dtype.kind != "f":
        raise InputError(f"{where}: must be float in [0, 1]; got {image.dtype}. Divide by 255 first.")
    check_unit_range(image, where)


def check_unit_range(image: np.ndarray, where: str = "image") -> None:
    """Refuse values that are no numbers in [0, 1]."""
    low, high = float(image.min()), float(image.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(
            f"{where}: holds NaN or infinite values; repair them, e.g. with np.nan_to_num(image)."
        )
    if low < -1e-3 or high > 1 + 1e-3:
        raise InputError(
            f"{where}: values run from {low:g} to {high:g}; expected [0, 1]. Divide by 255 if it has 8 bits."
        )
