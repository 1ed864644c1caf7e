"""The explorer's JavaScript as one text: its modules one after the other, each after those that it imports.

A page that must work from ``file://`` and in a notebook cannot load modules by address. So the lines
``import {...} from "./x.js"`` are dropped, the word ``export`` with them, and what is left shares one scope.
This works as long as no two modules declare the same name, which is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|function|class|async)", re.MULTILINE)
DECLARED = re.compile(r"^(?:const|let|function|class|async function) ([A-Za-z_$][\w$]*)", re.MULTILINE)


def joined(roots: Iterable[str]) -> str:
    """Return the modules `roots` ("page.js", "worlds/iou.js") and all that they import, as one text.

    Raises
    ------
    ValueError
        Two modules declare the same name.
    """
    texts: dict[str, str] = {}
    for root in roots:
        _collect(root, texts)
    owner: dict[str, str] = {}
    for name, text in texts.items():
        for declared in DECLARED.findall(text):
            if declared in owner:
                raise ValueError(f"{name} and {owner[declared]} both declare {declared}.")
            owner[declared] = name
    return "\n".join(f"// ---- {name} ----\n\n{text}" for name, text in texts.items())


def source(name: str) -> str:
    """Return the text of a module as it stands in the package."""
    return (files("minimaskrcnn.explorer") / "js" / name).read_text("utf-8")


def _collect(name: str, texts: dict[str, str]) -> None:
    """Add a module behind those that it imports."""
    if name in texts:
        return
    text = source(name)
    for imported in IMPORT.findall(text):
        _collect(_resolved(name, imported), texts)
    texts[name] = EXPORT.sub("", IMPORT.sub("", text))


def _resolved(importer: str, imported: str) -> str:
    """Return the name of a module that `importer` calls "./x.js" or "../x.js".

    >>> _resolved("worlds/iou.js", "../boxes.js")
    'boxes.js'
    """
    parts = importer.split("/")[:-1]
    for part in imported.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
