"""Read any picture into the one form the detector knows: float32 RGB, (3, H, W), in [0, 1].

8-bit values are divided by 255 and 16-bit grey ones by 65535; grey is copied to the three channels;
transparency is laid over white, as a page would show it; a camera's EXIF rotation is applied; of an
animation the first frame counts.
"""

import os
import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from minimaskrcnn.errors import InputError

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
)  # what Pillow's decoders raise
_SIXTEEN_BIT = 65535


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Read an image file.

    Parameters
    ----------
    path : str or path
        Any format Pillow reads: 1, 8 or 16 bits, grey, palette, RGB, CMYK, with or without transparency.

    Returns
    -------
    image : (3, H, W) float32 array, RGB in [0, 1]

    Raises
    ------
    InputError
        The file is missing, not an image, cut short, or of more pixels than Pillow's safety limit.
    """
    path = Path(path)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(
            f"read_image: {path} {found}; pass the path of an image file (PNG, JPEG, TIFF, ...)."
        )
    picture = _decode(path)
    array = _to_array(picture, path)  # (H, W) or (H, W, 3)
    if array.ndim == 2:
        array = np.broadcast_to(array[:, :, None], (*array.shape, 3))
    return np.ascontiguousarray(array.transpose(2, 0, 1))  # (3, H, W)


def _decode(path: Path) -> Image.Image:
    """Open and decode the first frame, upright."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is not the reader's concern
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.load()
                return ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"read_image: {path} has more than {Image.MAX_IMAGE_PIXELS:,} pixels; "
            "make it smaller, or cut it into tiles, before reading it."
        ) from None
    except Image.UnidentifiedImageError:
        raise InputError(f"read_image: {path} is not an image; convert it to PNG or JPEG first.") from None
    except _UNREADABLE as fault:
        raise InputError(
            f"read_image: {path} is damaged or cut short ({fault}); copy or download it again."
        ) from None


def _to_array(picture: Image.Image, path: Path) -> np.ndarray:
    """Return the pixels as float32 in [0, 1]: (H, W) when they are 16-bit or float grey, else (H, W, 3)."""
    if picture.mode.startswith("I"):
        return _checked(np.asarray(picture).astype(np.float32) / _SIXTEEN_BIT, path)
    if picture.mode == "F":
        return _checked(np.asarray(picture, np.float32), path)
    if picture.mode == "LAB":
        raise InputError(f"read_image: {path} is in CIE Lab colours; save it as an RGB PNG or TIFF.")
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.asarray(picture.convert("RGB"), np.float32) / np.float32(255)


def _checked(grey: np.ndarray, path: Path) -> np.ndarray:
    """Refuse values that 16-bit or float files may hold and that have no place in [0, 1]."""
    if not (grey.min() >= 0 and grey.max() <= 1):  # also false for NaN
        raise InputError(
            f"read_image: {path} holds values outside 0..65535 (integers) or 0..1 (floats); "
            "rescale it and save it as 8- or 16-bit PNG."
        )
    return grey
