"""Read a JSON file that ought to hold COCO annotations, and say what it is where it is something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minimaskrcnn.errors import InputError

LISTS = ("images", "annotations", "categories")


def read_json(path: Path) -> dict[str, Any]:
    """Return the object with COCO's three lists; UTF-8 with or without a byte order mark, UTF-16, UTF-32.

    Raises
    ------
    InputError
        The file cannot be read, is not JSON, is of another tool, or one of the lists is missing.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise InputError(
            f"{path} cannot be read ({reason}); pass the path of a COCO annotation file."
        ) from None
    if data.startswith(b"\x1f\x8b"):
        raise InputError(f"{path} is packed with gzip; unpack it first (gunzip).")
    try:
        content = json.loads(data)
    except UnicodeDecodeError as fault:
        raise InputError(f"{path} is not UTF-8 ({fault.reason}); save it as UTF-8.") from None
    except (ValueError, RecursionError) as fault:
        reason = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise InputError(f"{path} is not JSON ({reason}); export or download it again.") from None
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is; split it into smaller files.") from None
    return _with_lists(content, path)


def _with_lists(content: Any, path: Path) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise InputError(
            f"{path} holds a {type(content).__name__}; expected an object with images, annotations and "
            "categories (a list is the format of results, not of annotations)."
        )
    missing = [name for name in LISTS if not isinstance(content.get(name), list)]
    if missing:
        tool = _other_tool(content)
        came = f"it looks like a file of {tool}; export it as COCO" if tool else "expected a COCO file"
        raise InputError(f"{path} has no list {' and no list '.join(map(repr, missing))}; {came}.")
    return content


def _other_tool(content: dict[str, Any]) -> str | None:
    """Name the tool whose files have these fields."""
    if "shapes" in content and "imagePath" in content:
        return "labelme"
    if "_via_img_metadata" in content or any(
        isinstance(entry, dict) and "regions" in entry for entry in content.values()
    ):
        return "VIA, the VGG Image Annotator"
    if content.get("type") == "FeatureCollection":
        return "GeoJSON (QuPath)"
    return None
