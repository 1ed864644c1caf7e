"""Promises about the whole project: few dependencies, light to import, short files, no machine's paths."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PACKAGE = REPO / "minimaskrcnn"
FILES = sorted(PACKAGE.rglob("*.py"))

RUN_TIME = {"numpy", "scipy", "matplotlib", "pillow", "tqdm"}
IMPORT_NAMES = {"numpy", "scipy", "matplotlib", "mpl_toolkits", "PIL", "tqdm"}


def third_party(source):
    """Top-level names that `source` imports from outside the standard library and this package."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"minimaskrcnn"}


def test_run_time_dependencies_are_the_five():
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    assert {re.match(r"[\w-]+", line).group() for line in project["dependencies"]} == RUN_TIME


def test_the_version_has_one_source():
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "minimaskrcnn.__version__"}


def test_a_module_imports_only_what_is_installed_with_the_package():
    guilty = {}
    for path in FILES:
        of_the_test_extra = {"hypothesis", "pytest"} if path.is_relative_to(PACKAGE / "testing") else set()
        if more := third_party(path.read_text("utf-8")) - IMPORT_NAMES - of_the_test_extra:
            guilty[path.relative_to(PACKAGE)] = more
    assert not guilty


def test_a_file_stays_under_400_lines():
    lines = {path.relative_to(PACKAGE): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert not {path: count for path, count in lines.items() if count > 400}


@pytest.mark.parametrize("module", ["minimaskrcnn", "minimaskrcnn.cli"])
def test_importing_the_package_imports_nothing_heavy(module):
    # Not even NumPy: `--threads` sets the environment variables that its BLAS reads when it is loaded.
    program = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert IMPORT_NAMES.isdisjoint(loaded.stdout.split())


def test_importing_the_models_leaves_scipy_and_matplotlib_for_later():
    program = "import sys, minimaskrcnn.models; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"scipy", "matplotlib", "PIL", "tqdm"}.isdisjoint(loaded.stdout.split())


def test_the_package_looks_for_nothing_beside_the_repository():
    guilty = [path for path in FILES if "shared/" in path.read_text("utf-8")]
    assert not guilty


def tracked_text():
    """The project's own text files (package, tests, docs, settings), not what a build leaves behind."""
    folders = [REPO / name for name in ("minimaskrcnn", "tests", "docs", "benchmarks", "notebooks", ".ci")]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    found += [
        path for path in REPO.iterdir() if path.suffix in {".md", ".toml", ".yml"} or path.name == "Makefile"
    ]
    binary = {".npz", ".pth", ".png", ".jpg", ".pyc", ".gif"}
    return [path for path in found if path.suffix not in binary and path != Path(__file__).resolve()]


def test_no_file_names_a_path_of_a_machine():
    home = re.compile(r"/home/\w|/Users/\w|/root/|[A-Z]:\\Users")
    here = REPO.parent.as_posix().rstrip("/") + "/"
    guilty = [
        f"{path.relative_to(REPO)}: {line.strip()[:120]}"
        for path in tracked_text()
        for line in path.read_text("utf-8").splitlines()
        if home.search(line) or (len(here) > 1 and here in line)
    ]
    assert not guilty, "\n".join(guilty)
