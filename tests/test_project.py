"""Promises about the whole project: few dependencies, light to import, short files, plain English."""

import ast
import logging
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

import minimaskrcnn

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


def test_the_citation_and_the_changelog_name_the_version():
    citation = (REPO / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (\S+)$", citation, re.M)[1] == minimaskrcnn.__version__
    headings = re.findall(
        r"^## \[([\d.]+)\] - (\d{4}-\d\d-\d\d)$", (REPO / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    assert headings[0][0] == minimaskrcnn.__version__
    assert headings == sorted(headings, key=lambda heading: heading[1], reverse=True)


def test_names_are_forgotten_in_the_version_that_said_so():
    now = Version(minimaskrcnn.__version__)
    promises = [re.findall(r'until="([\d.]+)"', path.read_text("utf-8")) for path in FILES]
    due = {until for found in promises for until in found if Version(until) <= now}
    assert not due


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


# A count, then "a" or "an", then a unit: "3 anchors a cell", "one file a nucleus", "once a round".
COUNTS = (
    r"\d+|\}|one|two|three|four|five|once|twice|many"
    r"|one (?!of|in|on|at|for|with|from|to|by|is|as|per|that)\w+"
    r"|anchors|boxes|bytes|cases|cells|channels|colours|detections|lines|masks|numbers|pictures|pixels"
    r"|points|proposals|RoIs|rows|runs|samples|steps|values|weights"
)
UNITS = (
    "axis|batch|bin|cell|channel|class|core|detection|direction|figure|image|instance|level|nucleus|object"
    "|picture|pixel|round|run|seed|stage|step|subcommand|test"
)
RATE = re.compile(
    rf"(?:\b|(?=\}}))(?:{COUNTS})\s+an? (?:{UNITS})\b(?! (?:found|gives|has|is|lies|makes|may))",
    re.IGNORECASE,
)


def rates(text):
    return [" ".join(match.group().split()) for match in RATE.finditer(text)]


def test_rates_are_written_with_per():
    # gallery.md quotes the captions of viz/, which are read there.
    texts = [path for path in tracked_text() if path.suffix in {".py", ".md"} and path.name != "gallery.md"]
    guilty = {path.relative_to(REPO).as_posix(): rates(path.read_text("utf-8")) for path in texts}
    assert not {name: found for name, found in guilty.items() if found}


@pytest.mark.parametrize(
    "phrase", ["3 anchors a cell", "one file a nucleus", "once a round", "one a picture", "samples a bin"]
)
def test_a_rate_with_an_article_is_seen(phrase):
    assert rates(f"There is {phrase}.") == rates(phrase) != []


@pytest.mark.parametrize("phrase", ["how many points a bin has", "an anchor an object", "anchors per cell"])
def test_other_phrases_are_left_alone(phrase):
    assert rates(phrase) == []


def test_every_refusal_ends_as_a_sentence():
    guilty = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "InputError" and node.args:
                last = node.args[0].values[-1] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
                if isinstance(last, ast.Constant) and not last.value.endswith((".", "?", ".)")):
                    guilty.append(f"{path.relative_to(REPO)}:{node.lineno}: {last.value}")
    assert not guilty, "\n".join(guilty)


def test_the_readme_states_the_length_of_a_pictures_path():
    counter = runpy.run_path(str(REPO / "docs" / "count_lines.py"))
    counted = sum(counter["lines_of_code"](path.read_text("utf-8")) for path in counter["PATH_OF_A_PICTURE"])
    readme = (REPO / "README.md").read_text("utf-8")
    stated = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) lines of\s+code", readme)]
    assert len(stated) == 2
    assert all(abs(number - counted) <= 0.1 * counted for number in stated)


def test_the_readme_names_the_files_of_a_pictures_path():
    counter = runpy.run_path(str(REPO / "docs" / "count_lines.py"))
    readme = (REPO / "README.md").read_text("utf-8")
    assert not [path.name for path in counter["PATH_OF_A_PICTURE"][:12] if path.name not in readme]


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_floors_of_the_docs_are_those_that_are_checked(page):
    floors = runpy.run_path(str(REPO / "tests" / "test_layers.py"))["FLOORS"]
    rows = re.findall(r"^\| (\d) \| (`.*?) \|", (REPO / page).read_text("utf-8"), re.MULTILINE)
    stated = {name: int(floor) for floor, cell in rows for name in re.findall(r"`(\w+)/?`", cell)}
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()} - {"weights"}
    assert folders <= stated.keys()
    assert stated.items() <= floors.items()


def test_a_source_distribution_holds_every_file_of_the_repository():
    listed = subprocess.run(["git", "ls-files"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no repository: these files were unpacked from a source distribution")
    words = [line.split() for line in (REPO / "MANIFEST.in").read_text("utf-8").splitlines()]
    grafted = {word for command, *rest in filter(None, words) if command == "graft" for word in rest}
    included = {word for command, *rest in filter(None, words) if command == "include" for word in rest}
    build = {"minimaskrcnn", "pyproject.toml", "setup.py", "LICENSE", "MANIFEST.in"}  # by setuptools itself
    for name in listed.stdout.splitlines():
        top = Path(name).parts[0]
        there = top in grafted | build or any(Path(top).match(pattern) for pattern in included)
        assert there, f"MANIFEST.in lacks {name}"


def test_in_a_browser_the_wait_for_fonts_is_no_warning(monkeypatch):
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    try:
        runpy.run_path(str(PACKAGE / "__init__.py"))
        assert logger.level == level
        monkeypatch.setattr(sys, "platform", "emscripten")
        runpy.run_path(str(PACKAGE / "__init__.py"))
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(level)
