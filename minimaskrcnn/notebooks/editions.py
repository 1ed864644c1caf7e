"""The three editions of a notebook: to read, for students, and solved.

Tags say what a cell of the source is; all other cells are the same in every edition.

    tag        to read       student                    solutions
    answer     shown         folded under "Answer"      shown
    exercise   `...`         `...`                      the code between `# solution` and `# end of solution`
    solution   left out      left out                   shown
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from minimaskrcnn.errors import InputError
from minimaskrcnn.notebooks.percent import Cell

SOLUTION = re.compile(r"^(?P<indent> *)# solution\n(?P<code>.*?\n)(?P=indent)# end of solution$", re.M | re.S)
AFTER_ANSWER = re.compile(r"^(?:#+ |\*\*Predict\.\*\*)", re.MULTILINE)
FOLDED = "<details><summary>Answer</summary>\n\n{}\n\n</details>"


def reading(cells: Iterable[Cell]) -> list[Cell]:
    """The edition to read: exercises are blank, and their solutions left out."""
    return [_with_solution(cell, r"\g<indent>...") for cell in cells if "solution" not in cell.tags]


def student(cells: Iterable[Cell]) -> list[Cell]:
    """The student's edition: as `reading`, and answers stay folded until the student has thought."""
    return [_folded(cell) for cell in reading(cells)]


def solutions(cells: Iterable[Cell]) -> list[Cell]:
    """The instructor's edition: every exercise is solved."""
    return [_with_solution(cell, lambda match: match["code"].rstrip("\n")) for cell in cells]


def _with_solution(cell: Cell, replacement: str | Callable[[re.Match[str]], str]) -> Cell:
    text, count = SOLUTION.subn(replacement, cell.text)
    if (count > 0) != ("exercise" in cell.tags) or "end of solution" in text:
        raise InputError(
            f"cell {cell.id}: an exercise, and nothing else, has its solution between the lines "
            "'# solution' and '# end of solution', both indented as its code is."
        )
    return replace(cell, text=text)


def _folded(cell: Cell) -> Cell:
    """Fold the answer in `cell`: all text up to the next heading or the next question."""
    if "answer" not in cell.tags:
        return cell
    after = AFTER_ANSWER.search(cell.text)
    end = after.start() if after else len(cell.text)
    if cell.kind != "markdown" or end == 0:
        raise InputError(
            f"cell {cell.id}: an answer is prose, and stands before a heading or a new question."
        )
    return replace(cell, text=f"{FOLDED.format(cell.text[:end].strip())}\n\n{cell.text[end:]}".rstrip())
