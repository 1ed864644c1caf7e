"""The page as one text: its style, its modules and its record inside, and nothing asked of the network.

A content security policy states that by hashes: the browser runs this script and this style and no other, and
opens no connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from minimaskrcnn.checks import check_choice
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.explorer.modules import joined
from minimaskrcnn.explorer.record import record
from minimaskrcnn.files import atomic_write
from minimaskrcnn.inspection import Trace

WORLDS = {
    "iou": "Overlap of two boxes",
    "nms": "Greedy NMS, step by step",
    "precision": "Precision and recall by rank",
    "anchors": "Anchors and object sizes",
    "valley": "The valley of the gradient check",
}
"""The small worlds that the explorer holds, by name: what each shows."""


def explorer_page(
    trace: Trace,
    target: Target | None = None,
    title: str = "a picture",
    facts: Mapping[str, str] | None = None,
) -> str:
    """Return the explorer of one trace as HTML.

    Parameters
    ----------
    trace : Trace
    target : Target, optional
        The true objects, in pixels of the picture that was given; with them the page says what was lost.
    title : str
        The name of the picture.
    facts : mapping from str to str, optional
        What the reader should know about this run: name and value.
    """
    return page_text("page.js", f"Mask R-CNN explored: {title}", record(trace, target, title, facts))


def bench_page(maps: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the RoI bench as a page of its own.

    Parameters
    ----------
    maps : sequence of mappings
        Maps to choose beside the two examples: ``name``, ``height``, ``width``, ``values`` row by row, and
        ``box``, x1 y1 x2 y2 in cells.
    """
    return page_text("bench_page.js", "RoI operators explored", {"maps": list(maps)})


def world_page(name: str) -> str:
    """Return one small world as a page of its own.

    Parameters
    ----------
    name : str
        One of `WORLDS`.
    """
    check_choice("world_page", name, "name", tuple(WORLDS))
    return page_text("world_page.js", WORLDS[name], {"world": name})


def write_explorer(path: str | os.PathLike[str], page: str) -> Path:
    """Write a page; the file appears whole or not at all."""
    return atomic_write(path, lambda stream: stream.write(page.encode("utf-8", "backslashreplace")))


def page_text(module: str, title: str, content: Any) -> str:
    """Fill the template: a title, the module that starts the page, and the content that it reads as JSON."""
    script, style = joined([module]), _text("style.css")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    fields = {
        "policy": policy,
        "title": escape(title),
        "style": style,
        "script": script,
        "content": _embedded(content),
    }
    page = _text("page.html")
    parts = page.split("{{")
    return parts[0] + "".join(
        fields[name] + rest for name, rest in (part.split("}}", 1) for part in parts[1:])
    )


def _embedded(content: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c")


def _text(name: str) -> str:
    return (files("minimaskrcnn.explorer") / name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
