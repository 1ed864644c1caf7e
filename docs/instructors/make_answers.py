"""Gather the answers of the course: docs/instructors/answers.md, from the sources and the executed notebooks.

    python docs/instructors/make_answers.py

    "**Predict.**"  ->  what the cell below prints, and the `answer` cell that follows
    "**Try it.**"   ->  the `solution` cells that follow

Nothing is written twice: change a notebook, build it, and run this again.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from minimaskrcnn import notebooks
from minimaskrcnn.files import atomic_write
from minimaskrcnn.notebooks.percent import Cell

REPO = Path(__file__).resolve().parents[2]
PAGE = REPO / "docs" / "instructors" / "answers.md"
ORDER = ("00", "01", "06", "03", "04", "05", "07", "08", "11", "09", "10", "02")
MOST_LINES = 12

INTRODUCTION = """\
# Answers to every "Predict" and "Try it"

In the order of teaching. An answer is what the cell below the question prints, or the words of its figure,
and what the notebook says then. `docs/instructors/make_answers.py` writes this page from the notebooks.
"""


def main() -> int:
    """Write the page."""
    text = page()
    atomic_write(PAGE, lambda stream: stream.write(text.encode()))
    return 0


def page() -> str:
    """Return the whole page."""
    sources = {source.name[:2]: source for source in notebooks.sources()}
    return "\n".join([INTRODUCTION, *(lesson(sources[number]) for number in ORDER)])


def lesson(source: Path) -> str:
    """Return the questions of one notebook with their answers."""
    cells, printed = notebooks.read_cells(source), outputs(source)
    title = next(re.search(r"^# (.+)$", cell.text, re.M)[1] for cell in cells if cell.kind == "markdown")
    parts = [f"## {source.name[:2]} {title}\n"]
    count = 0
    for place, cell in enumerate(cells):
        for kind, question in asked(cell):
            count += kind == "Predict"
            heading = f"{kind} {count}" if kind == "Predict" else kind
            answer = (
                predicted(cells[place + 1 :], printed) if kind == "Predict" else solved(cells[place + 1 :])
            )
            parts.append(f"### {source.name[:2]}, {heading}\n\n> {question}\n\n{answer}\n")
    return from_here("\n".join(parts))


def asked(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield each question of a cell: "Predict" or "Try it", and its paragraph in one line."""
    if cell.kind == "markdown" and "solution" not in cell.tags:
        for kind, text in re.findall(r"^\*\*(Predict|Try it)\.\*\* (.+?)(?=\n\n|\Z)", cell.text, re.M | re.S):
            yield kind, " ".join(text.split())


def predicted(after: list[Cell], printed: dict[str, str]) -> str:
    """Return the answer to a "Predict": what the cell below prints, and what the notebook says."""
    parts = [f"```text\n{printed[after[0].id]}\n```"] if printed.get(after[0].id) else []
    words = next((cell.text for cell in before_the_next_question(after) if "answer" in cell.tags), None)
    return "\n\n".join([*parts, *([words] if words else [])])


def solved(after: list[Cell]) -> str:
    """Return the answer to a "Try it": the solution cells that follow."""
    parts = []
    for cell in after:
        if "solution" not in cell.tags:
            break
        parts.append(cell.text if cell.kind == "markdown" else f"```python\n{cell.text}\n```")
    return "\n\n".join(parts).replace('**Answer to "Try it".** ', "")


def before_the_next_question(cells: list[Cell]) -> Iterator[Cell]:
    """Yield the cells up to the next one that asks something."""
    for cell in cells:
        if any(asked(cell)):
            return
        yield cell


def outputs(source: Path) -> dict[str, str]:
    """Return what each cell of the executed notebook prints, at most some lines, by the cell's id."""
    notebook = json.loads((REPO / "notebooks" / f"{source.stem}.ipynb").read_text("utf-8"))
    found = {}
    for cell in notebook["cells"]:
        texts = [text_of(output) for output in cell.get("outputs", [])]
        lines = "".join(texts).strip("\n").splitlines()
        found[cell["id"]] = "\n".join([*lines[:MOST_LINES], *["..."] * (len(lines) > MOST_LINES)])
    return found


def text_of(output: dict) -> str:
    """Return the text of an output: what was printed, or the words of a figure."""
    return "".join(output.get("text", output.get("data", {}).get("text/plain", "")))


def from_here(text: str) -> str:
    """Return the text with the links of a notebook as they must be on this page."""
    text = re.sub(r"\]\((\d\d_\w+\.ipynb)\)", r"](../../notebooks/\1)", text)
    return text.replace("](../docs/", "](../")


if __name__ == "__main__":
    sys.exit(main())
