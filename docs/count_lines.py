"""Count the lines of code on the path of a picture: those that README.md says to read.

    python docs/count_lines.py

A line counts if it holds code; blank lines, comments and docstrings do not.
"""

import ast
import io
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "minimaskrcnn"

MODELS = (
    "mask_rcnn", "transform", "resnet", "fpn", "rpn", "roi_extractor",
    "roi_heads", "box_head", "postprocess", "mask_head", "paste", "losses",
)  # fmt: skip
DETECTION = (
    "anchors", "boxes", "coder", "levels", "masks", "matcher",
    "nms", "probabilities", "sampler", "stages", "structures",
)  # fmt: skip
PATH_OF_A_PICTURE = [
    *(PACKAGE / "models" / f"{name}.py" for name in MODELS),
    *(PACKAGE / "detection" / f"{name}.py" for name in DETECTION),
]

LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def lines_of_code(source: str) -> int:
    """Number of lines of `source` that hold code.

    >>> lines_of_code('''x = 1  # a comment beside code
    ...
    ... # a comment alone
    ... y = 2
    ... ''')
    2
    """
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))  # a docstring
    return len(lines)


def main() -> None:
    """Print the number of lines of each file, and of all of them."""
    counts = {path: lines_of_code(path.read_text("utf-8")) for path in PATH_OF_A_PICTURE}
    for path, count in counts.items():
        print(f"{count:6,}  {path.relative_to(PACKAGE.parent).as_posix()}")
    everything = sum(lines_of_code(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py"))
    print(f"{sum(counts.values()):6,}  on the path of a picture, of {everything:,} in the package")


if __name__ == "__main__":
    main()
