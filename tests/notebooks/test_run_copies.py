"""Copies run in any folder; a cell that fails, or says the wrong thing about an exercise, is named."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import run_copies
from execution import execute
from made_up import code, numbered, printed, prose

from minimaskrcnn import notebooks

CHECK = "exercises.check.nms(my_nms)"
BLANK = "nms: still to be written. exercises.hint.nms() gives a hint.\n"
RIGHT = "nms: right, in all 5,274 cases.\n"
WRONG = "nms: not yet; for boxes = [[0 0 1 1]] your function returns nothing.\n"


@pytest.mark.parametrize(
    ("text", "verdict", "faults"),
    [
        (BLANK, run_copies.BLANK, 0),
        (RIGHT, run_copies.RIGHT, 0),
        (WRONG, run_copies.RIGHT, 1),
        (BLANK, run_copies.RIGHT, 1),
        (RIGHT, run_copies.BLANK, 1),
    ],
)
def test_every_check_of_an_exercise_says_what_it_must(text, verdict, faults):
    notebook = numbered(prose("# A title"), code("print(1)", printed("1\n")), code(CHECK, printed(text)))
    found = run_copies.wrong_checks(notebook, verdict)
    assert len(found) == faults
    assert all(sentence.startswith("cell 00-02 says 'nms: ") for sentence in found)


def test_two_checks_in_a_cell_say_it_twice():
    both = f"{CHECK}\n{CHECK}"
    assert run_copies.wrong_checks(numbered(code(both, printed(RIGHT + RIGHT))), run_copies.RIGHT) == []
    assert len(run_copies.wrong_checks(numbered(code(both, printed(RIGHT + WRONG))), run_copies.RIGHT)) == 1


def test_a_folder_without_notebooks_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run_copies.main([str(tmp_path)])
    assert "holds no notebook" in capsys.readouterr().err


def test_a_copy_is_run_where_it_lies_and_not_changed(tmp_path, capsys):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    source, copy = tmp_path / "42_x.py", tmp_path / "copies" / "42_x.ipynb"
    source.write_text("# %%\nfrom pathlib import Path\n[copy] = Path().iterdir()\ncopy.name[0] / 2\n")
    copy.parent.mkdir()
    copy.write_text(notebooks.as_text(notebooks.as_notebook(notebooks.student(notebooks.read_cells(source)))))
    before = copy.read_bytes()
    assert run_copies.main([str(copy.parent)]) == 1
    assert (
        "cell 42-00 ends in TypeError: unsupported operand type(s) for /: 'str' and 'int'"
        in capsys.readouterr().out
    )
    assert copy.read_bytes() == before
    nbformat.validate(nbformat.reads(before.decode(), as_version=4))


def test_a_font_that_this_machine_lacks_is_no_fault_of_a_notebook(tmp_path):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    name = "matplotlib.font_manager"
    notebook = nbformat.from_dict(
        numbered(
            code(f"import logging; logging.getLogger({name!r}).warning('Font family not found.')"),
            code("logging.getLogger('matplotlib').warning('anything else')"),
        )
    )
    execute(notebook, tmp_path)
    assert [cell.outputs for cell in notebook.cells[:1]] == [[]]
    assert "anything else" in notebook.cells[1].outputs[0].text


def test_a_notebook_is_executed_where_an_event_loop_runs_already(tmp_path):
    pytest.importorskip("nbclient", reason="needs the `notebooks` extra")
    notebook = nbformat.from_dict(numbered(code("print(6 * 7)")))

    async def caller():  # as in a cell of a notebook, or in a test beside Playwright
        return execute(notebook, tmp_path)

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, caller()).result() > 0
    assert notebook.cells[0].outputs[0].text == "42\n"
