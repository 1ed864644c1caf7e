"""The house has floors: a lower one never imports a higher one (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "minimaskrcnn"

FLOORS = {
    "archives": 0, "bundled": 0, "checks": 0, "deprecation": 0, "errors": 0, "files": 0, "npz": 0,
    "weights": 0, "kernels": 0,
    "autograd": 1, "detection": 1,
    "ops": 2, "data": 2,
    "nn": 3, "evaluation": 3, "testing": 3, "inspection": 3,
    "models": 4,
    "io": 5,
    "training": 6,
    "viz": 7, "experiments": 7, "notebooks": 7,  # notebooks: shown to people, and only the cli asks for them
    "explorer": 7,  # beside viz, whose `explore` shows its page
    "exercises": 8,  # draws with viz, and runs models on answers
    "cli": 8, "__main__": 8,
}  # fmt: skip


def imported_parts(source, file_parts):
    """Names of the parts of minimaskrcnn that `source` imports, anywhere in it, with line numbers.

    `file_parts` is the module's dotted name as a tuple, to resolve relative imports:
    ("ops", "conv") for minimaskrcnn/ops/conv.py, ("ops", "__init__") for minimaskrcnn/ops/__init__.py.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ["minimaskrcnn", *file_parts][: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            root, _, rest = name.partition(".")
            part = rest.partition(".")[0]
            if root == "minimaskrcnn" and part and part != "__version__":
                yield part, node.lineno


def arrows_up(source, file_parts):
    """Each import of `source` that climbs, as a sentence."""
    own = file_parts[0]
    return [
        f"{'/'.join(file_parts)}.py:{line}: {own} (floor {FLOORS[own]}) imports {part} (floor {FLOORS[part]})"
        for part, line in imported_parts(source, file_parts)
        if FLOORS[part] > FLOORS[own]
    ]


MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
PARTS = sorted({path.parts[0].removesuffix(".py") for path in MODULES} - {"__init__"})


def test_every_part_has_a_floor():
    assert set(PARTS) <= FLOORS.keys()


@pytest.mark.parametrize("part", PARTS)
def test_no_arrow_points_up(part):
    climbing = [
        sentence
        for path in MODULES
        if path.parts[0].removesuffix(".py") == part
        for sentence in arrows_up((PACKAGE / path).read_text("utf-8"), path.with_suffix("").parts)
    ]
    assert not climbing, "\n".join(climbing)


@pytest.mark.parametrize(
    "line",
    [
        "import minimaskrcnn.models.fpn",
        "from minimaskrcnn import models",
        "from minimaskrcnn.models import fpn",
        "from ..models import fpn",
        "from .. import models",
        "def late():\n    from minimaskrcnn.models import fpn",
    ],
)
def test_an_arrow_up_is_seen_however_it_is_written(line):
    assert len(arrows_up(line, ("ops", "conv"))) == 1


@pytest.mark.parametrize("line", ["import numpy", "from . import pool", "from minimaskrcnn import kernels"])
def test_other_imports_are_left_alone(line):
    assert arrows_up(line, ("ops", "conv")) == []
