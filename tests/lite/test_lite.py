"""The student's notebooks run in a browser, in Pyodide, with nothing installed and no other server."""

import re

import pytest

from minimaskrcnn import notebooks

pytestmark = [pytest.mark.thorough, pytest.mark.browser]

WRONG = """
import numpy as np

def my_nms(boxes, scores, iou_threshold):
    return np.argsort(-scores)
"""
RIGHT = """
from minimaskrcnn.detection.nms import nms

def my_nms(boxes, scores, iou_threshold):
    return nms(boxes, scores, iou_threshold)
"""


def outputs(cells):
    """All outputs of the cells."""
    return [output for cell in cells for output in cell["outputs"]]


def text(cell):
    """What a cell shows, as text."""
    return "".join(
        str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        for output in cell["outputs"]
    )


@pytest.mark.parametrize("name", [f"{source.stem}.ipynb" for source in notebooks.sources()])
def test_a_notebook_runs_from_the_first_to_the_last_cell(lesson, name):
    opened = lesson(name)
    cells = opened.run_all()
    assert not [shown for shown in outputs(cells) if shown["output_type"] == "error"]
    assert not [cell["source"] for cell in cells if not cell["execution_count"]]
    assert not [shown for shown in outputs(cells) if shown.get("name") == "stderr"]
    assert not opened.refused


def test_a_wrong_answer_is_drawn_and_a_right_one_passes(lesson):
    opened = lesson("06_nms.ipynb")
    cells = opened.run_all()
    asked = next(
        i for i, cell in enumerate(cells) if re.search(r"^exercises\.check\.nms\(", cell["source"], re.M)
    )
    opened.run(asked - 1, WRONG)
    wrong = opened.run(asked, cells[asked]["source"])
    assert any("image/png" in shown.get("data", {}) for shown in wrong["outputs"])
    opened.run(asked - 1, RIGHT)
    assert "right" in text(opened.run(asked, cells[asked]["source"]))


def test_the_explorer_opens_in_a_cell(lesson):
    opened = lesson("01_boxes_masks_iou.ipynb")
    opened.run(0, "from minimaskrcnn import viz\nviz.explore_world('iou')")
    assert opened.page.frame_locator("iframe").locator("svg").first.is_visible()
