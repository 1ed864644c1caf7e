"""Take out of a notebook the statements that some names need: their definitions, and what those need in turn.

a = load()        # not taken
side = 3          # taken, because my_iou reads it
def my_iou(a, b): return side
plot(a)           # not taken
"""

import ast
import json
import symtable
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from minimaskrcnn.errors import InputError

MAGIC = ("%", "!", "?")


class Statement(NamedTuple):
    """One statement at the top level of a cell.

    Attributes
    ----------
    cell : number of the code cell, from 1
    source : its text, with as many empty lines above it as in its cell
    binds : the names that it defines or changes
    reads : the names that it uses
    imports : whether it imports something
    """

    cell: int
    source: str
    binds: frozenset[str]
    reads: frozenset[str]
    imports: bool


def read_code_cells(path: Path) -> list[str]:
    """The text of the code cells of a notebook.

    Raises
    ------
    InputError
        If the file is missing or is no notebook.
    """
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path} is not a notebook; save it again from Jupyter as .ipynb.") from None


def statements(cells: list[str]) -> tuple[list[Statement], list[int]]:
    """Every statement of all cells, and the numbers of the cells that are not valid Python."""
    found: list[Statement] = []
    broken: list[int] = []
    for number, text in enumerate(cells, start=1):
        try:
            found += _statements_of(number, _without_magic(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # MemoryError: nested too deeply
            broken.append(number)
    return found, broken


def needed(found: list[Statement], names: Collection[str]) -> list[Statement]:
    """The statements that define `names`, and those that they need, in the order of the notebook."""
    taken: set[int] = set()
    wanted = set(names)
    modules = {name for statement in found if statement.imports for name in statement.binds}
    while True:
        more = {
            place
            for place, statement in enumerate(found)
            if place not in taken and _is_wanted(statement, wanted, modules)
        }
        if not more:
            return [found[place] for place in sorted(taken)]
        taken |= more
        wanted |= {name for place in more for name in found[place].reads}


def _is_wanted(statement: Statement, wanted: set[str], modules: set[str]) -> bool:
    """Whether it defines something wanted; a call such as `viz.show(...)` does not change the module viz."""
    if statement.imports:
        return bool(statement.binds & (wanted | {"*"}))
    return bool(statement.binds & (wanted - modules))


def _without_magic(text: str) -> str:
    """The cell without IPython's commands; empty lines stand in their places."""
    if text.lstrip().startswith("%%"):
        return ""
    return "\n".join("" if line.lstrip().startswith(MAGIC) else line for line in text.split("\n"))


def _statements_of(number: int, text: str) -> Iterator[Statement]:
    lines = text.split("\n")
    for node in ast.parse(text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        source = "\n" * (first - 1) + "\n".join(lines[first - 1 : node.end_lineno])
        imports = isinstance(node, ast.Import | ast.ImportFrom)
        reads = frozenset(_read(symtable.symtable(source, "cell", "exec")))
        yield Statement(number, source, frozenset(_bound(node)), reads, imports)


def _read(scope: symtable.SymbolTable) -> Iterator[str]:
    """Names of the notebook that a statement uses; not the local names of its functions."""
    for symbol in scope.get_symbols():
        if symbol.is_referenced() and (scope.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _read(inner)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement defines, assigns to, or calls a method of."""
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield from _root(node)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from _root(statement.value.func)


def _root(node: ast.expr) -> Iterator[str]:
    """`table` of `table.rows[0].append`; nothing for a plain name, which is called or read."""
    inner = node
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    if inner is not node and isinstance(inner, ast.Name):
        yield inner.id
