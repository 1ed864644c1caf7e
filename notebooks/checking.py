"""Check a committed notebook: it is short, executed, quiet and described, and agrees with its source.

Each check returns a list with one sentence for each fault. The checks read a notebook as `nbformat` does (or
as plain JSON in a mapping), and never run it.
"""

import base64
import html
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from minimaskrcnn.viz.true_colour import SAME, apart

Notebook = Mapping[str, Any]
Cell = Mapping[str, Any]

EXERCISES = "## Exercises"  # the heading after which a student works alone
CELLS = (25, 60)  # of the lesson, which ends at the exercises
WORDS = 1800
BYTES = 1_000_000
LONGEST_FUNCTION = 10  # lines; longer functions belong in the package
ROUNDING = 1e-8  # smaller numbers are rounding errors, which depend on the machine

ABSOLUTE = re.compile(r"(?<![\w.:<>/~*)\]-])/(?:[A-Za-z_][\w.-]*/)+[\w.-]*|\b[A-Z]:\\{1,2}\w")
ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
IMAGE = re.compile(r"<img\b[^>]*>")
ALT = re.compile(r"\balt=\"([^\"]*)\"")
DATA = re.compile(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]*")
DRAWN = 'src="data:image/webp'  # a figure, as `viz.show` writes it
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(")
NUMBER = re.compile(r"(\d+(?:\.\d+)?(?:e[-+]?\d+)?)")
FUNCTION = re.compile(r"^(?:def|class) (\w+).*(?:\n(?:[ \t].*|$))*", re.MULTILINE)


def problems(notebook: Notebook, written: str) -> list[str]:
    """List everything that is wrong with an executed notebook whose file contains the text `written`."""
    return [
        *size_problems(notebook, written),
        *output_problems(notebook),
        *image_problems(notebook),
        *path_problems(notebook),
        *definition_problems(notebook),
    ]


def size_problems(notebook: Notebook, written: str) -> list[str]:
    """Look for too few or too many cells, too many words, or too large a file."""
    lesson, size = lesson_of(notebook), len(written.encode())
    cells, words = len(lesson), count_words(lesson)
    found = []
    if not CELLS[0] <= cells <= CELLS[1]:
        found.append(f"{cells} cells; {CELLS[0]} to {CELLS[1]} are one idea")
    if words > WORDS:
        found.append(f"{words} words; {WORDS} is the limit")
    if size > BYTES:
        found.append(f"{size:,} bytes; {BYTES:,} is the limit, so show smaller or fewer figures")
    return found


def lesson_of(notebook: Notebook) -> list[Cell]:
    """Return the cells before the exercises: what is read in one sitting."""
    starts = [cell["source"].startswith(EXERCISES) for cell in notebook["cells"]]
    return list(notebook["cells"][: starts.index(True) if any(starts) else None])


def count_words(cells: list[Cell]) -> int:
    """Count the words of the markdown cells."""
    return sum(len(cell["source"].split()) for cell in cells if cell["cell_type"] == "markdown")


def output_problems(notebook: Notebook) -> list[str]:
    """Look for cells that were not executed in order, errors, text on stderr, and memory addresses."""
    found = []
    for count, cell in enumerate(code_cells(notebook), start=1):
        if cell["execution_count"] != count:
            found.append(
                f"{name_of(cell)} has count {cell['execution_count']}, not {count}: run from the top"
            )
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                found.append(f"{name_of(cell)} ends in {output['ename']}: {output['evalue']}")
            if output.get("name") == "stderr":
                found.append(f"{name_of(cell)} writes to stderr: {output['text'].strip()[:80]}")
        if any(ADDRESS.search(text) for text in cell_texts(cell)):
            found.append(f"{name_of(cell)} prints a memory address, which no second run will repeat")
    return found


def image_problems(notebook: Notebook) -> list[str]:
    """Look for pictures without alternative text, and for figures that were made but not shown."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            alts = MARKDOWN_IMAGE.findall(cell["source"])
            tags = IMAGE.findall(cell["source"])
        else:
            bundles = [output.get("data", {}) for output in cell["outputs"]]
            bare = [bundle for bundle in bundles if not IMAGE.search(bundle.get("text/html", ""))]
            if any(kind.startswith("image/") for bundle in bare for kind in bundle):
                found.append(
                    f"{name_of(cell)} shows a bare image, which has no alt text; end it with viz.show(...)"
                )
            if any(DRAWN in bundle.get("text/html", "") and "image/png" not in bundle for bundle in bundles):
                found.append(f"{name_of(cell)} has no image/png for viewers that strip HTML; build it again")
            alts, tags = [], [tag for bundle in bundles for tag in IMAGE.findall(bundle.get("text/html", ""))]
            if len(tags) < cell["source"].count("viz.show("):
                found.append(f"{name_of(cell)} calls viz.show and shows nothing: let it be the last line")
        alts += [match.group(1) if (match := ALT.search(tag)) else "" for tag in tags]
        if any(not html.unescape(alt).strip() for alt in alts):
            found.append(f"{name_of(cell)} shows an image without alt text")
    return found


def path_problems(notebook: Notebook) -> list[str]:
    """Look for absolute paths in prose, code or output."""
    found = []
    for cell in notebook["cells"]:
        for text in [cell["source"], *cell_texts(cell)]:
            if match := ABSOLUTE.search(text):
                found.append(f"{name_of(cell)} names the absolute path {match.group()}")
    return found


def definition_problems(notebook: Notebook) -> list[str]:
    """Look for functions that are longer than an illustration: notebooks do not rewrite the package."""
    found = []
    for cell in code_cells(notebook):
        for match in FUNCTION.finditer(cell["source"]):
            lines = len(match.group().strip().splitlines())
            if lines > LONGEST_FUNCTION:
                found.append(f"{name_of(cell)} defines {match.group(1)} in {lines} lines; import it instead")
    return found


def out_of_step(committed: Notebook, source: Notebook) -> list[str]:
    """List where the cells, the text or the metadata of a committed notebook differ from its source."""
    mine, theirs = ([_bare(cell) for cell in notebook["cells"]] for notebook in (committed, source))
    if committed["metadata"] != source["metadata"] or len(mine) != len(theirs):
        return ["the cells or the metadata of the notebook and its source differ; build it again"]
    return [
        f"cell {b[0]} differs from its source; build it again"
        for a, b in zip(mine, theirs, strict=True)
        if a != b
    ]


def out_of_date(committed: Notebook, fresh: Notebook) -> list[str]:
    """List where the output of the notebook differs from the committed output.

    Words and whole numbers must be equal. A fraction may differ by one in its last digit, and numbers below
    1e-8 may differ by any amount, because machines sum in different orders. Letters and lines of a picture
    may move by a pixel or two (`viz.true_colour.apart`).
    """
    found = []
    for old, new in zip(code_cells(committed), code_cells(fresh), strict=False):
        before, after = ("\n".join(cell_texts(cell)) for cell in (old, new))
        if not same_text(before, after):
            found.append(f"{name_of(new)} is stale: {_first_difference(before, after)}")
        drawn, anew = list(pictures(old)), list(pictures(new))
        if len(drawn) != len(anew) or any(apart(*pair) > SAME for pair in zip(drawn, anew, strict=True)):
            found.append(f"{name_of(new)} shows a stale figure; build it again")
    return found


def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal, except for the last digit of numbers with a fraction."""
    parts, others = NUMBER.split(one), NUMBER.split(other)  # text, number, text, number, ..., text
    if parts[::2] != others[::2]:
        return False
    return all(a == b or _nearly(a, b) for a, b in zip(parts[1::2], others[1::2], strict=True))


def _nearly(one: str, other: str) -> bool:
    """Whether two printed numbers differ by at most one in the last digit."""
    if max(float(one), float(other)) < ROUNDING:
        return True
    mantissa, _, exponent = one.partition("e")
    digits = len(mantissa.partition(".")[2])
    if digits == 0:
        return False
    return abs(float(one) - float(other)) <= 1.01 * 10.0 ** (int(exponent or 0) - digits)


def code_cells(notebook: Notebook) -> list[Cell]:
    """The code cells, in order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def cell_texts(cell: Cell) -> list[str]:
    """Return all text in the output of a cell, without its pictures."""
    texts = []
    for output in cell.get("outputs", []):
        bundle = output.get("data", {})
        texts += [output["text"]] if "text" in output else []
        texts += [DATA.sub("", bundle[kind]) for kind in ("text/plain", "text/html") if kind in bundle]
    return texts


def pictures(cell: Cell) -> Iterator[bytes]:
    """Yield the PNGs in the output of a cell."""
    for output in cell["outputs"]:
        if encoded := output.get("data", {}).get("image/png"):
            yield base64.b64decode(encoded)


def name_of(cell: Cell) -> str:
    """Return the name of a cell for messages."""
    return f"cell {cell['id']}"


def _bare(cell: Cell) -> tuple[str, str, str]:
    return cell["id"], cell["cell_type"], cell["source"]


def _first_difference(before: str, after: str) -> str:
    lines, others = before.splitlines(), after.splitlines()
    for line, other in zip(lines, others, strict=False):
        if not same_text(line, other):
            start = max(0, len(os.path.commonprefix([line, other])) - 40)
            return f"it says {line[start : start + 90]!r}, and now {other[start : start + 90]!r}"
    return f"it says {len(lines)} lines, and now {len(others)}"
