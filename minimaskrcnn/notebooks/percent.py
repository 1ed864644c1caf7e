"""Read the source of a notebook: Python in percent format, in which a line `# %%` begins a cell.

# %% [markdown] tags=["answer"]
# Two thirds of each box must be common.

# %%
box_iou(a, b)
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from minimaskrcnn.errors import InputError

TAGS = ("answer", "exercise", "solution")
HEAD = re.compile(r"# %%(?P<prose> \[markdown\])?(?: tags=(?P<tags>\[.*\]))?")
DIRECTIVE = re.compile(r"  # fmt: skip$", re.MULTILINE)  # for the formatter of the source, not for the reader


@dataclass(frozen=True)
class Cell:
    """One cell: its place in the source as `NN-place`, prose or code, its tags and its text."""

    id: str
    kind: str  # "markdown" or "code"
    tags: tuple[str, ...]
    text: str


def read_cells(path: Path) -> list[Cell]:
    r"""Read the source `NN_name.py` into its cells.

    Raises
    ------
    InputError
        If the head of a cell is not one of `# %%` and `# %% [markdown]` with known tags, if something stands
        before the first cell, or if a line of prose does not begin with `#`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     source = Path(folder, "42_sums.py")
    ...     _ = source.write_text("# %% [markdown]\n# # Sums\n\n# %%\n1 + 1\n")
    ...     [(cell.id, cell.kind, cell.text) for cell in read_cells(source)]
    [('42-00', 'markdown', '# Sums'), ('42-01', 'code', '1 + 1')]
    """
    bodies: list[list[str]] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.startswith("# %%"):
            bodies.append([line])
        elif bodies:
            bodies[-1].append(line)
        elif line.strip():
            raise InputError(
                f"{path.name}, line {number}: something stands before the first cell; move it in."
            )
    return [_cell(path, f"{path.name[:2]}-{place:02d}", *body) for place, body in enumerate(bodies)]


def _cell(path: Path, name: str, head: str, *lines: str) -> Cell:
    match = HEAD.fullmatch(head.rstrip())
    tags = tuple(json.loads(match["tags"] or "[]")) if match else ()
    if not match or not set(tags) <= set(TAGS):
        raise InputError(f"{path.name}: {head!r} begins no cell; write # %% or # %% [markdown], tags {TAGS}.")
    if not match["prose"]:
        return Cell(name, "code", tags, DIRECTIVE.sub("", "\n".join(lines).strip("\n")))
    if bare := next((line for line in lines if line.strip() and not line.startswith("#")), None):
        raise InputError(f"{path.name}, cell {name}: the line {bare!r} of prose does not begin with #.")
    return Cell(name, "markdown", tags, "\n".join(re.sub("^# ?", "", line) for line in lines).strip("\n"))
