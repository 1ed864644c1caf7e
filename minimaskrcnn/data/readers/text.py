"""Read a file as bytes, text or JSON; what goes wrong becomes one sentence that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from minimaskrcnn.errors import InputError


def read_bytes(path: Path) -> bytes:
    """Return what a file holds."""
    refuse_pipe(path)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise InputError(f"{path} cannot be read ({reason}); pass the path of an annotation file.") from None
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is; split it into smaller files.") from None
    if data.startswith(b"\x1f\x8b"):
        raise InputError(f"{path} is packed with gzip; unpack it first (gunzip).")
    return data


def refuse_pipe(path: Path) -> None:
    """Refuse a pipe, which can be read only once and may never end, and a device."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError(f"{path} is a pipe or a device and not a file; save what it gives as a file first.")


def as_text(data: bytes, path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise InputError(f"{path} is not UTF-8 ({fault.reason}); save it as UTF-8.") from None


def as_json(data: bytes, path: Path) -> Any:
    """Return the value of a JSON file; UTF-8 with or without a byte order mark, UTF-16, UTF-32."""
    try:
        return json.loads(data)
    except UnicodeDecodeError as fault:
        raise InputError(f"{path} is not UTF-8 ({fault.reason}); save it as UTF-8.") from None
    except (ValueError, RecursionError) as fault:
        reason = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise InputError(f"{path} is not JSON ({reason}); export or download it again.") from None
    except MemoryError:
        raise InputError(f"{path} needs more memory than there is; split it into smaller files.") from None
