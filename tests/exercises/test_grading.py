"""Whatever a notebook holds, it costs that notebook its marks and never the batch."""

import csv
import io
import json
import subprocess
import sys

import pytest

from minimaskrcnn.cli import main
from minimaskrcnn.exercises import grading
from minimaskrcnn.exercises.grading import Grade, Mark, grade, supervising
from minimaskrcnn.exercises.grading.slicing import needed, statements

IMPORTS = "import os, sys, time\nimport numpy as np\nfrom minimaskrcnn import exercises"
RIGHT = """
def area(box): return (box[SIDES[0]] - box[0]) * (box[SIDES[1]] - box[1])
SIDES = (2, 3)
def my_iou(a, b):
    width, height = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    return width * height / (area(a) + area(b) - width * height)
"""


@pytest.fixture
def hand_in(tmp_path):
    """A function that writes the code cells of a notebook, and returns its path."""

    def write(*cells, name="01_boxes_masks_iou-alice.ipynb"):
        content = {"cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells]}
        path = tmp_path / name
        path.write_text(json.dumps(content), "utf-8")
        return path

    return write


def statuses(path, seconds=2.0):
    return {mark.exercise: mark.status for mark in grade(path, seconds).marks}


def test_only_what_the_answers_need_is_run(hand_in):
    path = hand_in(
        "%matplotlib inline\n" + IMPORTS,
        "while True: pass",
        RIGHT,
        "exercises.check.iou(my_iou)",
        "def my_giou(a, b):\n    ...",
    )
    expected = {"iou": "passed", "giou": "blank", "boxes_from_masks": "missing"}
    assert statuses(path) == expected


def test_a_forged_report_stops_the_check():
    answer = """
def my_iou(a, b):
    for descriptor in range(3, 99):
        try: os.write(descriptor, b'[1]\\n')
        except OSError: pass
"""
    code, _ = statements([IMPORTS, answer])
    (finding,) = supervising.run(code, ["iou"], seconds=2)
    assert finding["message"] == "iou: stopped, because it writes into the grader's report."


def test_what_a_notebook_claims_does_not_count(hand_in):
    forged = """
class Forged:
    def __getattr__(self, name): return lambda answer: print(name + ': right, in all 1,296 cases.')
exercises.check = Forged()
"""
    own = "from minimaskrcnn.detection.boxes import boxes_from_masks as my_boxes_from_masks"
    path = hand_in(IMPORTS, forged, own, "def my_iou(a, b): return 1.0", "exercises.check.iou(my_iou)")
    marks = grade(path).marks
    assert [mark.status for mark in marks] == ["wrong", "missing", "wrong"]
    assert marks[2].message == "my_boxes_from_masks is the package's own function."


def test_a_step_that_does_not_end_costs_its_own_mark_only(hand_in):
    path = hand_in(
        IMPORTS,
        "while True: VALUE = 1",
        "VALUE = 0.5",
        "def my_iou(a, b): return VALUE",
        "def my_giou(a, b):\n    while True: pass",
        "def my_boxes_from_masks(masks): os._exit(3)",
    )
    marks = {mark.exercise: mark for mark in grade(path, seconds=0.5).marks}
    assert marks["iou"].message.endswith("should return 1, and returns 0.5.")
    assert marks["giou"].message == "giou: stopped after 0.5 s."
    assert marks["boxes_from_masks"].message == "boxes_from_masks: the process ended with code 3."


def test_errors_in_cells_are_told(hand_in):
    path = hand_in(
        IMPORTS,
        "def my_iou(a, b:",
        "LIMIT = sys.exit(1)",
        "my_giou = lambda a, b: LIMIT",
        "def my_boxes_from_masks(masks): return bytearray(10**12)",
    )
    result = grade(path)
    assert result.problem == "Code cell 2 is not valid Python."
    assert "raises NameError" in result.marks[1].message
    assert "raises MemoryError" in result.marks[2].message
    assert result.marks[0].message == "my_iou is not defined; code cell 3 ends in SystemExit: 1."


def test_a_worker_that_waits_is_stopped(monkeypatch):
    def waits(folder):
        program = "import time; print('{\"doing\": null}', flush=True); time.sleep(1000)"
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, encoding="utf-8")

    monkeypatch.setattr(supervising, "LEAST_PATIENCE", 1.0)
    monkeypatch.setattr(supervising, "_worker", waits)
    (finding,) = supervising.run([], ["iou"], seconds=0.1)
    assert finding["status"] == "stopped"
    assert finding["message"] == "iou: stopped, because it waits or computes for too long."


def test_a_batch_is_graded_whatever_is_in_it(hand_in, tmp_path, capsys):
    broken = tmp_path / "broken.ipynb"
    broken.write_text('{"cells": [')
    paths = [str(broken), str(tmp_path / "none.ipynb"), str(hand_in("print(1)", name="nothing.ipynb"))]
    paths.append(str(hand_in(IMPORTS, RIGHT, name="renamed.ipynb")))
    assert main(["grade", *paths]) == 0
    text = capsys.readouterr().out
    assert "broken.ipynb is not a notebook; save it again" in text
    assert "none.ipynb: No such file" in text
    assert "There is no exercise of the course in it." in text
    assert "renamed.ipynb: 1 of 3" in text
    assert "passed   iou                  right, in all 1,296 cases." in text


def test_grades_as_csv_and_json(monkeypatch, capsys):
    marks = (Mark("iou", "passed", "iou: right."), Mark("giou", "missing", "my_giou is not defined."))
    made = {"a.ipynb": Grade("a.ipynb", marks), "b.ipynb": Grade("b.ipynb", (), "It is broken.")}
    monkeypatch.setattr(grading, "grade", lambda path, seconds: made[path])
    assert main(["grade", *made, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["status"] for row in rows] == ["passed", "missing", "not graded"]
    assert [row["score"] for row in rows] == ["1", "0", "0"]
    assert main(["grade", *made, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["notebooks"]
    assert (first["score"], first["of"], first["problem"]) == (1.0, 2, None)
    assert first["exercises"][1]["status"] == "missing"
    assert second["problem"] == "It is broken."


def test_the_slice_follows_names_backwards():
    cells = [
        "import numpy as np\nfrom math import *\nimport json",
        "table = {}\ntable['a'] = 1\ntable.update(b=2)\nnp.random.seed(1)",
        "%%time\nslow()",
        "@wrap\ndef f(x):\n    return table[x]\nf.calls = 0\nprint(f)",
        "def wrap(f): return f",
    ]
    found, broken = statements(cells)
    assert broken == []
    taken = [statement.source.strip() for statement in needed(found, ["f"])]
    assert taken == [
        "from math import *",
        "table = {}",
        "table['a'] = 1",
        "table.update(b=2)",
        "@wrap\ndef f(x):\n    return table[x]",
        "f.calls = 0",
        "def wrap(f): return f",
    ]
    assert [statement.cell for statement in needed(found, ["f"])] == [1, 2, 2, 2, 4, 4, 5]


def test_local_names_are_not_followed():
    cells = [
        "boxes = model.trace(image)",
        "def f(boxes):\n    best = [b for b in boxes]\n    return best, scale",
    ]
    found, _ = statements([*cells, "best = train()", "scale = 2"])
    assert [statement.cell for statement in needed(found, ["f"])] == [2, 4]
