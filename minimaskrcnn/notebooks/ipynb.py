"""Write cells as a notebook: the JSON of an `.ipynb` file, format 4.5, without outputs."""

import json
from collections.abc import Iterable
from typing import Any

from minimaskrcnn.notebooks.percent import Cell

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def as_notebook(cells: Iterable[Cell]) -> dict[str, Any]:
    """Return the notebook of these cells; a tag of a cell stays in its metadata."""
    return {
        "cells": [_as_json(cell) for cell in cells],
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def as_text(notebook: dict[str, Any]) -> str:
    """Return the text of the file. The same cells give the same bytes."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _as_json(cell: Cell) -> dict[str, Any]:
    tags = {"tags": list(cell.tags)} if cell.tags else {}
    common = {
        "cell_type": cell.kind,
        "id": cell.id,
        "metadata": tags,
        "source": cell.text.splitlines(keepends=True),
    }
    return common if cell.kind == "markdown" else {**common, "execution_count": None, "outputs": []}
