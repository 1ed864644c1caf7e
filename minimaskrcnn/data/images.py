"""Read any picture into the one form that the detector knows: float32 RGB, (3, H, W), in [0, 1].

8-bit values are divided by 255 and 16-bit grey values by 65535. In a TIFF, numbers of more than 8 bits have
no such scale and are stretched (`data.tiff`). Grey is copied to the three channels. Transparent pixels are
shown on white, as on a page. A camera's EXIF rotation is applied. Of several pages or frames, the first is
used.

No file is trusted. Only the raster formats of `FORMATS` are opened, whatever the name of the file is, because
Pillow starts other programs for some formats (Ghostscript for PostScript). A picture may have at most
`pixel_limit()` pixels.
"""

import contextlib
import logging
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from minimaskrcnn.data import tiff
from minimaskrcnn.errors import InputError

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 89_478_485  # Pillow's own limit: a quarter of a gigabyte of 8-bit RGB
LIMIT_VARIABLE = "MINIMASKRCNN_MAX_PIXELS"
_SIXTEEN_BIT = 65535
_TAIL = 65536  # bytes at the end of a JPEG in which its end marker must stand
_ORIENTATION = 0x0112  # the EXIF tag
_pillow = threading.Lock()
for _reader in ("PIL", "tifffile"):  # what is wrong with a file is said once, here
    logging.getLogger(_reader).addHandler(logging.NullHandler())


class _UnknownFormatError(InputError):
    """Pillow does not know the file."""


def read_image(path: str | os.PathLike[str], page: int = 1, channel: int | None = None) -> np.ndarray:
    """Read an image file.

    Parameters
    ----------
    path : str or path
        A picture in one of the `FORMATS`: 1, 8 or 16 bits, grey, palette, RGB, CMYK, with or without
        transparency.
    page : int
        Which page of a stack to read, from 1 on.
    channel : int, optional
        Take this channel alone, from 1 on, as a grey picture.

    Returns
    -------
    image : (3, H, W) float32 array, RGB in [0, 1]

    Raises
    ------
    InputError
        The file is missing, of another format, cut short, or of more than `pixel_limit()` pixels, or there
        is not enough memory for it; there is no such page or channel.
    """
    try:
        with _opened(path) as picture:
            _turn_to(picture, page)
            if not tiff.is_misread(picture):
                picture.load()
                turned = ImageOps.exif_transpose(picture)
                if tiff.has_no_scale(picture):
                    values = tiff.numbers(picture, turned)[..., None]  # (H, W, 1)
                    return _first_last(tiff.by_percentiles(_chosen(values, channel)))
                return _to_array(turned, channel)
    except _UnknownFormatError as fault:
        if not tiff.is_tiff(Path(path)):
            raise InputError(str(fault)) from None
    try:
        values = tiff.read_with_tifffile(Path(path), page, pixel_limit())
        return _first_last(tiff.by_percentiles(_chosen(values, channel)))
    except InputError as fault:
        raise InputError(f"read_image: {path} {fault}") from None


def pages(path: str | os.PathLike[str]) -> int:
    """Count the pages of a stack, or the frames of an animation; 1 for other pictures."""
    try:
        with _opened(path) as picture:
            return getattr(picture, "n_frames", 1)
    except _UnknownFormatError:
        return 1  # whoever reads it says more


def read_labels(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture of numbers as they stand in the file: a palette's places, grey values unscaled.

    Parameters
    ----------
    path : str or path
        A picture of one channel in one of the `FORMATS`.

    Returns
    -------
    labels : (H, W) int64 array

    Raises
    ------
    InputError
        As `read_image` does; also if the file has colours, or numbers that are not whole or below 0.
    """
    try:
        with _opened(path) as picture:
            values = np.asarray(picture)
    except _UnknownFormatError as fault:
        raise InputError(str(fault)) from None
    if values.ndim != 2:
        raise InputError(f"read_labels: {path} has colours, where one number per pixel is expected.")
    labels = np.zeros(values.shape, np.int64)
    whole = np.isfinite(values) & (np.abs(values.astype(np.float64)) < 2**53)
    np.copyto(labels, values, where=whole, casting="unsafe")
    if (labels != values).any() or (labels < 0).any():
        raise InputError(f"read_labels: {path} has numbers that are not whole, or below 0.")
    return labels


def picture_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return the (height, width) that `read_image` would give, from the file's header where it tells.

    A PNG or JPEG that does not end as its format demands is read as a whole, which says what is wrong.

    Raises
    ------
    InputError
        As `read_image` does.
    """
    with contextlib.suppress(_UnknownFormatError), _opened(path) as picture:
        if _header_is_enough(picture, Path(path)):
            width, height = picture.size
            sideways = "exif" in picture.info and picture.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
            return (width, height) if sideways else (height, width)
    return read_image(path).shape[1:]


def pixel_limit() -> int:
    """Return how many pixels a picture may have: `MAX_PIXELS`, or the variable `MINIMASKRCNN_MAX_PIXELS`."""
    text = os.environ.get(LIMIT_VARIABLE, str(MAX_PIXELS))
    if not text.isdecimal() or len(text) > 18 or not int(text):
        raise InputError(f"{LIMIT_VARIABLE} is {text!r:.40}; expected a number of pixels from 1 on.")
    return int(text)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """Open a picture's header; what goes wrong inside becomes one sentence."""
    path = _checked_path(path)
    limit = pixel_limit()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is not the reader's concern
            with _pillow_limit(limit), Image.open(path, formats=_known_formats()) as picture:
                if picture.width * picture.height > limit:
                    raise Image.DecompressionBombError
                yield picture
    except InputError as fault:  # raised in the block, without a name
        raise InputError(f"read_image: {path} {fault}") from None
    except Image.DecompressionBombError:
        raise InputError(
            f"read_image: {path} has more than {limit:,} pixels; make it smaller, cut it into tiles, or "
            f"raise the limit with --max-pixels (the variable {LIMIT_VARIABLE})."
        ) from None
    except UnidentifiedImageError:
        raise _UnknownFormatError(
            f"read_image: {path} is not an image of a format that is read here ({', '.join(FORMATS)}); "
            "convert it to PNG or JPEG first."
        ) from None
    except MemoryError:
        raise InputError(
            f"read_image: {path} needs more memory than there is; make it smaller, or cut it into tiles."
        ) from None
    except PermissionError as fault:
        raise InputError(f"read_image: {path} cannot be opened ({fault.strerror}).") from None
    except Exception as fault:  # the decoders raise whatever a stranger's bytes lead them to
        raise InputError(
            f"read_image: {path} is damaged or cut short ({fault}); copy or download it again."
        ) from None


def _checked_path(path: str | os.PathLike[str]) -> Path:
    """Refuse what is no regular file: a pipe would be waited for, and a device never ends."""
    if not isinstance(path, str | os.PathLike) or isinstance(path, bytes):
        raise InputError(f"read_image: {path!r:.60} is not the path of an image file.")
    path = Path(path)
    try:
        found = "is a folder" if path.is_dir() else None if path.is_file() else "does not exist"
        if found and path.exists() and not path.is_dir():
            found = "is not a regular file"
    except (OSError, ValueError) as fault:
        found = f"cannot be opened ({getattr(fault, 'strerror', None) or fault})"
    if found:
        raise InputError(
            f"read_image: {path!s:.300} {found}; pass the path of an image file (PNG, JPEG, TIFF, ...)."
        )
    return path


@contextlib.contextmanager
def _pillow_limit(limit: int) -> Iterator[None]:
    """Let Pillow open more pixels than it would by itself, while `limit` asks for it."""
    if Image.MAX_IMAGE_PIXELS is None or limit <= Image.MAX_IMAGE_PIXELS:
        yield
        return
    with _pillow:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


@cache
def _known_formats() -> tuple[str, ...]:
    """Return the `FORMATS` that this Pillow was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _header_is_enough(picture: Image.Image, path: Path) -> bool:
    """Tell whether the file ends as its format demands, and no turn of the camera is hidden in it."""
    if picture.format == "TIFF":  # some versions of Pillow have turned it by now, some have not
        return picture.getexif().get(_ORIENTATION, 1) == 1
    if picture.format not in ("PNG", "JPEG"):
        return True
    with path.open("rb") as file:
        if picture.format == "PNG":
            return _png_is_whole(file)
        file.seek(max(0, path.stat().st_size - _TAIL))
        return b"\xff\xd9" in file.read()


def _png_is_whole(file: BinaryIO) -> bool:
    """Walk from chunk to chunk up to IEND; an eXIf chunk, which may stand after the pixels, ends the walk."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in (b"IEND", b"eXIf"):
            return kind == b"IEND"
        file.seek(length + 4, os.SEEK_CUR)  # the chunk and its checksum
    return False


def _turn_to(picture: Image.Image, page: int) -> None:
    """Go to a page, counted from 1."""
    if page == 1:
        return
    count = getattr(picture, "n_frames", 1)
    if not 1 <= page <= count:
        raise InputError(f"has {count} page{'s' if count > 1 else ''}; there is no page {page}.")
    picture.seek(page - 1)
    if picture.width * picture.height > pixel_limit():
        raise Image.DecompressionBombError


def _to_array(picture: Image.Image, channel: int | None) -> np.ndarray:
    """Return the pixels as (3, H, W) float32 in [0, 1]."""
    if picture.mode.startswith("I") or picture.mode == "F":
        scale = 1 if picture.mode == "F" else _SIXTEEN_BIT
        values = np.asarray(picture)[..., None].astype(np.float32) / np.float32(scale)  # (H, W, 1)
        return _first_last(_checked(_chosen(values, channel)))
    if picture.mode == "LAB":
        raise InputError("is in CIE Lab colours; save it as an RGB PNG or TIFF.")
    if channel is None and (
        picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info
    ):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    if picture.mode in ("1", "L"):
        values = np.asarray(picture.convert("L"))[..., None]  # (H, W, 1)
    else:
        values = np.asarray(picture.convert("RGB"))  # (H, W, 3)
    channels = _chosen(values, channel).transpose(2, 0, 1)  # (C, H, W)
    scaled = np.divide(channels, np.float32(255), out=np.empty(channels.shape, np.float32))
    return scaled if len(scaled) == 3 else np.repeat(scaled, 3, axis=0)


def _chosen(values: np.ndarray, channel: int | None) -> np.ndarray:
    """Return one channel of (H, W, C), counted from 1, or all: grey or RGB, without transparency."""
    values = values[..., None] if values.ndim == 2 else values
    count = values.shape[2]
    if channel is not None:
        if not 1 <= channel <= count:
            raise InputError(f"has {count} channel{'s' if count > 1 else ''}; there is no channel {channel}.")
        return values[..., channel - 1 : channel]
    if count not in (1, 3, 4):
        raise InputError(f"has {count} channels; choose one with --channel (read_image(path, channel=1)).")
    return values[..., :3]


def _first_last(values: np.ndarray) -> np.ndarray:
    """Bring (H, W, C) into the order (3, H, W), grey copied to three channels."""
    channels = np.ascontiguousarray(values.transpose(2, 0, 1))  # (C, H, W)
    return channels if len(channels) == 3 else np.repeat(channels, 3, axis=0)


def _checked(values: np.ndarray) -> np.ndarray:
    """Refuse values that have no place in [0, 1]."""
    if not (values.min() >= 0 and values.max() <= 1):  # also false for NaN
        raise InputError(
            "holds values outside 0..65535 (integers) or 0..1 (floats); rescale it and save it as 8- or "
            "16-bit PNG."
        )
    return values
