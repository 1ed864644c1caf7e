"""The picture that the page shows: a PNG, or a smaller JPEG where a photograph would need too much space."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

LONGEST = 1600  # pixels per side that are shown
MOST_PNG = 1_000_000  # bytes above which a JPEG is taken


def encoded_picture(image: np.ndarray) -> dict[str, Any]:
    """Return a picture as a `data:` address, and a note on what it lost.

    Parameters
    ----------
    image : (3, H, W) float array in [0, 1]

    Examples
    --------
    >>> encoded_picture(np.zeros((3, 2, 2), np.float32))["note"]
    ''
    """
    from PIL import Image

    pixels = (
        np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    )  # (H, W, 3)
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    notes = []
    if max(picture.size) > LONGEST:
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
        notes.append(f"shown at {picture.width}x{picture.height} pixels")
    data, kind = _bytes(picture, "PNG"), "png"
    if len(data) > MOST_PNG:
        data, kind = _bytes(picture, "JPEG", quality=88), "jpeg"
        notes.append("shown as a JPEG")
    address = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return {"address": address, "note": ", ".join(notes)}


def _bytes(picture: Any, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()
