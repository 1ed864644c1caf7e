"""Read our docstrings as reStructuredText: they are plain text, with formulas that must not become markup.

    |x| of a row_                ->    \\|x\\| of a row\\_
    indented lines, columns      ->    a literal block

What stands in ``double backticks`` and in examples stays as it is.
"""

import re
from collections.abc import Iterator

CODE = re.compile(r"(``.+?``|`.+?`)")
MARKUP = re.compile(r"([|*\\]|(?<=\w)_(?!\w))")
COLUMNS = re.compile(r"\S {3,}\S")


def plain(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with everything escaped that is no markup of ours."""
    head = next((n - 1 for n, line in enumerate(lines) if re.fullmatch(r"-{3,}", line.strip())), len(lines))
    return [*literal(lines[:head]), *map(escaped, lines[head:])]


def literal(lines: list[str]) -> Iterator[str]:
    """Yield paragraphs; those with indented lines, or with columns, become literal blocks."""
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines)):
        rows = paragraph.split("\n")
        if ">>>" in rows[0]:
            yield from rows
        elif any(row.startswith("  ") or COLUMNS.search(row) for row in rows):
            yield from ["::", "", *(f"   {row}" for row in rows)]
        else:
            yield from map(escaped, rows)
        yield ""


def escaped(line: str) -> str:
    """Return one line with its stars, bars and trailing underscores taken as they are."""
    if line.lstrip().startswith((">>>", "...")):
        return line
    parts = CODE.split(line)  # code stands at the odd places
    return "".join(part if n % 2 else MARKUP.sub(r"\\\1", part) for n, part in enumerate(parts))
