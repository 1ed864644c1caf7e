"""Copies of the notebooks: complete, free of the checkout, and never over a student's work."""

import json
import re
import tomllib

import build
import pytest

from minimaskrcnn import bundled, notebooks
from minimaskrcnn.cli import main
from minimaskrcnn.errors import InputError

REPO = build.HERE.parent
NAMES = [f"{source.stem}.ipynb" for source in build.sources([])] + ["glossary.ipynb"]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """A folder with the solutions."""
    folder = tmp_path_factory.mktemp("solved")
    notebooks.copy_notebooks(folder, notebooks.solutions)
    return folder


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def states(copied):
    return {one.name: one.state for one in copied}


def test_a_copy_holds_every_notebook_and_nothing_else(tmp_path):
    copied = notebooks.copy_notebooks(tmp_path / "new" / "course", notebooks.student)
    assert states(copied) == dict.fromkeys(NAMES, "written")
    assert files(tmp_path / "new" / "course") == NAMES
    assert "<details><summary>Answer</summary>" in (tmp_path / "new" / "course" / NAMES[1]).read_text("utf-8")


def test_a_second_copy_keeps_what_a_student_wrote_and_adds_what_is_new(tmp_path, capsys):
    notebooks.copy_notebooks(tmp_path, notebooks.student)
    mine, lost, *_ = NAMES
    (tmp_path / mine).write_text("my work")
    (tmp_path / lost).unlink()
    assert main(["notebooks", "copy", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert (tmp_path / mine).read_text() == "my work"
    assert re.search(rf"^{mine} +kept: it differs$", out, re.MULTILINE)
    assert re.search(rf"^{lost} +written$", out, re.MULTILINE)
    assert out.count("there already") == len(NAMES) - 2
    assert f"1 of {len(NAMES)} notebooks written to {tmp_path}" in err
    assert f"kept as they are, because they differ from this version: {mine}; to get this version" in err
    assert f"jupyter lab {tmp_path}" in err


def test_a_notebook_that_was_run_and_saved_is_the_same_notebook(tmp_path):
    notebooks.copy_notebooks(tmp_path, notebooks.student)
    path = tmp_path / NAMES[0]
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"]["language_info"]["version"] = "3.13.0"
    code = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    code["execution_count"] = 1
    path.write_text(json.dumps(notebook), "utf-8")
    before = path.read_bytes()
    assert set(states(notebooks.copy_notebooks(tmp_path, notebooks.student)).values()) == {"there already"}
    assert path.read_bytes() == before
    code["source"] += ["\n# mine"]
    path.write_text(json.dumps(notebook), "utf-8")
    assert notebooks.copy_notebooks(tmp_path, notebooks.student)[0].state == "kept: it differs"


def test_solutions_do_not_replace_a_students_copy(tmp_path):
    notebooks.copy_notebooks(tmp_path, notebooks.student)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert "written" not in states(notebooks.copy_notebooks(tmp_path, notebooks.solutions)).values()
    assert before == {name: (tmp_path / name).read_bytes() for name in NAMES}


def test_a_link_that_leads_nowhere_is_kept(tmp_path):
    (tmp_path / NAMES[0]).symlink_to(tmp_path / "nowhere")
    assert notebooks.copy_notebooks(tmp_path, notebooks.student)[0].state == "kept: it differs"


def test_the_command_speaks_json(tmp_path, capsys):
    assert main(["notebooks", "copy", str(tmp_path), "--solutions", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert f'"notebook": "{NAMES[0]}"' in out
    assert err == ""


@pytest.mark.parametrize("below", [(), ("deeper",)])
def test_a_file_is_no_folder_to_copy_into(tmp_path, capsys, below):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert main(["notebooks", "copy", str(taken.joinpath(*below))]) == 2
    assert capsys.readouterr().err == (
        f"minimaskrcnn notebooks: {taken} is a file; name a folder to copy the notebooks into.\n"
    )
    with pytest.raises(InputError):
        notebooks.copy_notebooks(taken, notebooks.student)


def test_an_installed_package_reads_its_own_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "PACKAGE", tmp_path / "minimaskrcnn")
    inside = tmp_path / "minimaskrcnn" / "_bundled" / "notebooks" / "src"
    with pytest.raises(FileNotFoundError, match="install the package again"):
        notebooks.sources()
    inside.mkdir(parents=True)
    (inside / "42_x.py").write_text("# %%\n1\n")
    (tmp_path / "notebooks" / "src").mkdir(parents=True)  # somebody else's, beside the installed package
    assert notebooks.sources() == [inside / "42_x.py"]


@pytest.mark.parametrize("source", build.sources([]), ids=lambda path: path.stem)
def test_a_copy_reads_nothing_by_a_relative_path(source, solved):
    """What it reads comes with the package, so that a copy runs anywhere; it links only to its neighbours."""
    for cell in json.loads((solved / f"{source.stem}.ipynb").read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        assert "../" not in text, f"cell {cell['id']}: use minimaskrcnn.bundled, data or weights"
        links = re.findall(r"\]\(([^)#]+)", text) if cell["cell_type"] == "markdown" else []
        assert {link for link in links if not link.startswith("http")} <= set(NAMES), cell["id"]


def test_git_ignores_the_folder_of_make_lab():
    makefile = (REPO / "Makefile").read_text("utf-8")
    folder = re.search(r"^LAB \?= (\S+)$", makefile, re.MULTILINE)[1]
    assert f"/{folder}/" in (REPO / ".gitignore").read_text("utf-8").splitlines()


def test_every_file_that_comes_along_is_named_in_setup():
    """`setup.py` copies what `bundled` is asked for into the wheel."""
    patterns = re.search(r"^BUNDLED = \((.*)\)$", (REPO / "setup.py").read_text("utf-8"), re.MULTILINE)[1]
    taken = {path for pattern in re.findall(r'"([^"]+)"', patterns) for path in REPO.glob(pattern)}
    assert {*build.sources([]), REPO / "docs" / "glossary.md"} <= taken
    asked = re.compile(r"\bbundled\(\"([^\"]+)\"\)")
    for source in build.sources([]):
        for folder in asked.findall(source.read_text("utf-8")):
            assert any(path.is_relative_to(REPO / folder) for path in taken), folder


def test_jupyter_is_no_run_time_dependency():
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]
    assert not [line for line in project["dependencies"] if "jupy" in line or "nb" in line]
