"""Read TIFF files of microscopes, whose numbers have no fixed scale, and which have pages and channels.

    v -> clip((v - low) / (high - low), 0, 1), low and high the 1st and the 99.8th percentile

A camera of 12 bits writes into 16, a deconvolution writes floats, and neither says what is white. Kinds that
Pillow does not read are read by `tifffile`, an extra (``pip install 'minimaskrcnn[microscopy]'``).
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
from PIL import Image

from minimaskrcnn.data.preparation import STRETCH
from minimaskrcnn.errors import InputError

BITS, SAMPLE_FORMAT = 258, 339  # tags
UNSIGNED, SIGNED = 1, 2
MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_tiff(path: Path) -> bool:
    """Tell whether the file begins as a TIFF does, whatever its name says."""
    with path.open("rb") as file:
        return file.read(4) in MAGIC


def by_percentiles(values: np.ndarray) -> np.ndarray:
    """Return values of any scale as float32 in [0, 1]; a flat picture is black.

    Raises
    ------
    InputError
        Some value is NaN or infinite.

    Examples
    --------
    >>> by_percentiles(np.array([[100, 2000, 3900]], np.uint16)).round(2)
    array([[0. , 0.5, 1. ]], dtype=float32)
    """
    if not np.isfinite(values).all():
        raise InputError("holds NaN or infinite values; repair them and save it again.")
    low, high = np.percentile(values, STRETCH)
    if high <= low:
        low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    return ((values.astype(np.float64) - low) / span).clip(0, 1).astype(np.float32)


def has_no_scale(picture: Image.Image) -> bool:
    """Tell whether these are the numbers of a TIFF of more than 8 bits, or floats."""
    return picture.format == "TIFF" and (picture.mode.startswith("I") or picture.mode == "F")


def numbers(picture: Image.Image, turned: Image.Image) -> np.ndarray:
    """Return the pixels (H, W) of `turned` as they stand in the file that `picture` is of.

    Pillow takes unsigned 32-bit numbers for signed ones.
    """
    values = np.asarray(turned)
    if values.dtype == np.int32 and _tag(picture, SAMPLE_FORMAT, UNSIGNED) == UNSIGNED:
        return values.view(np.uint32)
    return values


def is_misread(picture: Image.Image) -> bool:
    """Tell whether Pillow would cut numbers down: colours of 16 bits to 8, and signed bytes to unsigned."""
    bits = _tag(picture, BITS, 1)
    many = len(picture.getbands()) > 1 and bits > 8
    return picture.format == "TIFF" and (many or (bits == 8 and _tag(picture, SAMPLE_FORMAT, 1) == SIGNED))


def _tag(picture: Image.Image, tag: int, default: int) -> int:
    value = getattr(picture, "tag_v2", {}).get(tag, default)
    return int(value[0] if isinstance(value, tuple) else value)


def read_with_tifffile(path: Path, page: int, limit: int) -> np.ndarray:
    """Read one page, counted from 1, of a kind that Pillow does not read: (H, W) or (H, W, C).

    Raises
    ------
    InputError
        `tifffile` is not installed, or cannot read the file either; or there is no such page.
    """
    try:
        tifffile = importlib.import_module("tifffile")
    except ImportError:
        raise InputError(
            "is a TIFF of a kind that Pillow does not read; pip install 'minimaskrcnn[microscopy]', or save "
            "it as 8- or 16-bit grey."
        ) from None
    try:
        with tifffile.TiffFile(path) as file:
            if page > len(file.pages):
                raise InputError(f"has {len(file.pages)} pages; there is no page {page}.")
            chosen = file.pages[page - 1]
            if int(np.prod(chosen.shape[:2])) > limit:
                raise InputError(f"has more than {limit:,} pixels; raise the limit with --max-pixels.")
            values, axes = chosen.asarray(), chosen.axes
    except InputError:
        raise
    except Exception as fault:  # a stranger's bytes lead to whatever error
        raise InputError(f"is damaged, or a TIFF of an unknown kind ({fault}); save it again.") from None
    if values.dtype.kind == "b":  # one bit per pixel
        values = values.astype(np.uint8)
    if values.dtype.kind not in "uif":
        raise InputError(f"holds {values.dtype} and not grey values or colours; save it again.")
    if values.ndim == 3 and axes[0] == "S":
        values = values.transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
    if values.ndim not in (2, 3):
        raise InputError(f"has pages of {values.ndim} dimensions ({axes}); save each plane as a page.")
    return values
