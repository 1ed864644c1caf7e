"""The committed notebooks: short, executed, quiet, described, in step with their sources; and the builder."""

import json

import build
import checking
import execution
import pytest

from minimaskrcnn.notebooks import ipynb

NOTEBOOKS = build.HERE
SOURCES = build.sources([])
COMMITTED = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def committed(source):
    return json.loads((NOTEBOOKS / f"{source.stem}.ipynb").read_text("utf-8"), object_hook=_joined)


def _joined(part):
    """Multi-line strings are lists of lines in the file, and strings in `nbformat`."""
    return {
        key: "".join(value)
        if isinstance(value, list) and value and all(isinstance(x, str) for x in value)
        else value
        for key, value in part.items()
    } | ({"source": ""} if part.get("source") == [] else {})


def test_every_source_has_its_notebook_and_every_notebook_its_source():
    assert [source.stem for source in SOURCES] == COMMITTED


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_committed_notebook_keeps_the_rules(source):
    path = NOTEBOOKS / f"{source.stem}.ipynb"
    notebook = committed(source)
    assert checking.problems(notebook, path.read_text("utf-8")) == []
    assert checking.out_of_step(notebook, build.made_from(source)) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_has_one_title_and_shows_figures(source):
    notebook = committed(source)
    titles = [
        line
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown"
        for line in cell["source"].splitlines()
    ]
    assert sum(line.startswith("# ") for line in titles) == 1
    assert sum(len(list(checking.pictures(cell))) for cell in checking.code_cells(notebook)) >= 2


def test_the_list_names_every_notebook():
    text = (NOTEBOOKS / "README.md").read_text("utf-8")
    assert all(f"({name}.ipynb)" in text for name in COMMITTED)


def test_the_same_source_gives_the_same_cells(tmp_path):
    source = tmp_path / "42_x.py"
    source.write_text("# %% [markdown]\n# # Title\n\n# %%\n1 + 1\n")
    first, second = build.as_text(build.made_from(source)), build.as_text(build.made_from(source))
    assert first == second
    assert [cell["id"] for cell in json.loads(first)["cells"]] == ["42-00", "42-01"]


def test_an_unknown_number_is_refused(capsys):
    with pytest.raises(SystemExit, match="no notebook 99"):
        build.sources(["99"])


def test_execution_keeps_outputs_and_nothing_of_the_machine(tmp_path):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    source = tmp_path / "42_x.py"
    source.write_text("# %%\nprint('one')\nprint('two')\n\n# %%\n1 + 1\n")
    runs = [build.made_from(source) for _ in range(2)]
    for notebook in runs:
        execution.execute(notebook, tmp_path)
    assert build.as_text(runs[0]) == build.as_text(runs[1])
    assert [checking.cell_texts(cell) for cell in runs[0].cells] == [["one\ntwo\n"], ["2"]]
    assert runs[0].metadata == ipynb.METADATA


def test_a_notebook_that_takes_too_long_is_stopped(tmp_path):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    source = tmp_path / "42_x.py"
    source.write_text("# %%\nimport time\ntime.sleep(30)\n")
    with pytest.raises(execution.CellError, match="cell 42-00 is reached, and 2 s are over"):
        execution.execute(build.made_from(source), tmp_path, seconds=2)


def test_a_cell_that_fails_is_reported_and_ends_nothing(tmp_path, monkeypatch, capsys):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    monkeypatch.setattr(build, "HERE", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "42_x.py").write_text("# %%\n1 / 0\n")
    assert build.main([]) == 1
    assert "cell 42-00 ends in ZeroDivisionError: division by zero" in capsys.readouterr().out


@pytest.mark.thorough
def test_check_runs_the_notebook_and_says_what_is_stale(tmp_path, monkeypatch, capsys):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    monkeypatch.setattr(build, "HERE", tmp_path)
    source = tmp_path / "src" / "42_x.py"
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# # Title\n\n" + "# %%\nprint('seven')\n\n" * 30)
    assert build.main(["--check"]) == 1  # nothing there yet
    assert build.main([]) == 0
    assert build.main(["--check", "42"]) == 0

    path = tmp_path / "42_x.ipynb"
    before = path.read_text("utf-8")
    path.write_text(before.replace('"seven\\n"', '"eight\\n"', 1), "utf-8")
    capsys.readouterr()
    assert build.main(["--check"]) == 1
    assert "cell 42-01 is stale: it says 'eight', and now 'seven'" in capsys.readouterr().out

    path.write_text(before, "utf-8")
    source.write_text(source.read_text("utf-8") + "# %%\nprint('one more')\n")
    assert build.main(["--check"]) == 1
    assert "build it again" in capsys.readouterr().out
