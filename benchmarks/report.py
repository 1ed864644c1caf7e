"""Markdown tables, and a results file in which each benchmark replaces only its own section.

A section is enclosed in two comments, ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.rows import Result, Table
from minimaskrcnn.files import atomic_write

SECTIONS = ("operators", "full-size", "published")
HEAD = """# Benchmarks: results

Written by the programs of this folder; [README.md](README.md) says how to run them and how to read this.
Each program replaces its own section. Absolute times belong to the machine named; ratios carry over.
"""

COLUMNS = (
    "operation", "ours", "peer", "its", "ours / peer", "target", "met", "loops / fast", "ours / product"
)  # fmt: skip


def write_section(path: Path, name: str, body: str) -> None:
    """Replace the section `name` by `body`; a missing file or section is created.

    Parameters
    ----------
    path : the results file
    name : one of SECTIONS, which is also their order
    body : Markdown
    """
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    bodies = {section: body if section == name else section_of(old, section) for section in SECTIONS}
    parts = [HEAD] + [
        f"<!-- begin {section} -->\n{text.strip()}\n<!-- end {section} -->\n"
        for section, text in bodies.items()
        if text
    ]
    atomic_write(path, lambda stream: stream.write("\n".join(parts).encode()))


def section_of(text: str, name: str) -> str:
    """Return the text of a section; it is empty if there is no such section."""
    _, _, after = text.partition(f"<!-- begin {name} -->\n")
    body, _, _ = after.partition(f"<!-- end {name} -->")
    return body


def markdown(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write a table whose columns also line up in plain text."""
    widths = [max(len(line[i]) for line in [columns, *lines]) for i in range(len(columns))]

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([row(columns), row(["-" * width for width in widths]), *map(row, lines)])


def main_table(results: Sequence[Result]) -> str:
    """Write one line per result, and below them the remarks that do not fit into a cell."""
    lines = [_line(result) for result in results]
    notes = [f"- {result.name}: {result.note}." for result in results if result.note]
    sizes = {result.loops_size for result in results if result.loops_size}
    if sizes:
        notes.append(
            "- loops / fast: how much longer the readable reference edition takes than the fast one, both "
            f"on less work, since loops cannot do the whole: {'; '.join(sorted(sizes))}."
        )
    return "\n".join([markdown(COLUMNS, lines), "", *notes]).strip()


def _line(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _amount(result.ours, result.unit),
        result.peer,
        _amount(result.theirs, result.unit),
        _ratio(result.ratio) + (f", worst {_ratio(result.worst)}" if result.worst is not None else ""),
        _targets(result),
        {True: "yes", False: "NO", None: ""}[result.met],
        _ratio(result.loops),
        _ratio(result.product),
    )


def _targets(result: Result) -> str:
    if result.target is None:
        return ""
    worst = f", worst {result.worst_target:.2f}" if result.worst_target is not None else ""
    return f"<= {result.target:.2f}{worst}"


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "MB":
        return f"{value / 2**20:,.0f} MB"
    return f"{milliseconds(value)} ms"


def milliseconds(seconds: float) -> str:
    """Write a time in milliseconds with three digits and no exponent.

    >>> milliseconds(0.00123456), milliseconds(4.5678)
    ('1.23', '4,568')
    """
    return f"{1e3 * seconds:.3g}" if seconds < 0.1 else f"{1e3 * seconds:,.0f}"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value < 0.1 else f"{value:.2f}"


def detail_table(table: Table) -> str:
    """Write a table with its heading."""
    return f"### {table.title}\n\n{markdown(table.columns, table.lines)}"


def facts(entries: Mapping[str, str]) -> str:
    """Write a list of the things on which the numbers depend."""
    return "\n".join(f"- {name}: {value}" for name, value in entries.items())
