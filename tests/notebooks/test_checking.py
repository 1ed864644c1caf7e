"""Every check of the notebooks finds the fault it is for, and only that one."""

import base64
import copy
import json
from io import BytesIO

import checking
import numpy as np
import pytest
from made_up import code, numbered, picture, printed, prose
from PIL import Image


def found(*cells):
    notebook = numbered(*cells)
    return checking.problems(notebook, json.dumps(notebook))


def only(sentences, part):
    assert len(sentences) == 1, sentences
    assert part in sentences[0]


def test_a_good_notebook_has_no_problems(good):
    assert checking.problems(good, json.dumps(good)) == []


def test_too_few_and_too_many_cells():
    short, long = numbered(), numbered()
    short["cells"], long["cells"] = (
        short["cells"][:24],
        long["cells"] + numbered()["cells"] + numbered()["cells"][:1],
    )
    only(checking.size_problems(short, ""), "24 cells")
    only(checking.size_problems(long, ""), "61 cells")


def test_too_many_words():
    only(found(prose("word " * 1801)), "1801 words")


def test_too_large_a_file(good):
    only(checking.size_problems(good, "x" * 1_000_001), "1,000,001 bytes")


def test_a_cell_that_was_not_run_in_order(good):
    good["cells"][5]["execution_count"] = 17
    only(checking.output_problems(good), "count 17, not 5")


def test_an_error_and_noise_on_stderr():
    error = {
        "output_type": "error",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "traceback": [],
    }
    only(found(code("1 / 0", error)), "ZeroDivisionError")
    only(found(code("warn()", printed("Careful!\n", "stderr"))), "stderr: Careful!")


def test_a_memory_address():
    only(found(code("object()", printed("<object at 0x7f12ab>\n"))), "memory address")


@pytest.mark.parametrize("alt", ["", " ", "&#32;"])
def test_an_image_without_alt_text(alt):
    only(found(code("show()", picture(alt))), "without alt text")


def test_an_image_without_an_alt_attribute():
    output = picture()
    output["data"]["text/html"] = output["data"]["text/html"].replace('alt="A dot"', "")
    only(found(code("show()", output)), "without alt text")


def test_a_bare_png_has_no_place_for_alt_text():
    bare = {
        "output_type": "display_data",
        "data": {"image/png": "", "text/plain": "<Figure>"},
        "metadata": {},
    }
    only(found(code("figure", bare)), "bare image")


def test_a_viewer_that_strips_html_needs_the_png():
    output = picture()
    html = output["data"]["text/html"].replace("data:image/png", "data:image/webp")
    output["data"]["text/html"] = html
    assert found(code("show()", output)) == []
    del output["data"]["image/png"]
    only(found(code("show()", output)), "no image/png")


def test_a_figure_that_is_made_and_not_shown():
    only(found(code("viz.show(figure)\nfolder.cleanup()")), "shows nothing")
    assert found(code("viz.show(figure)", picture())) == []


def test_a_markdown_image_needs_alt_text_too():
    only(found(prose("![](x.png)")), "without alt text")
    assert found(prose("![A dot](x.png)")) == []


@pytest.mark.parametrize("text", ["/srv/data/x.npz", "see /usr/lib", "(/opt/x/y)", "C:\\Data\\x"])
def test_an_absolute_path_anywhere(text):
    only(found(prose(f"Look at '{text}'.")), "absolute path")
    only(found(code(f"open({text!r})")), "absolute path")
    only(found(code("print(p)", printed(text))), "absolute path")


@pytest.mark.parametrize(
    "text", ["../docs/x.csv", "https://a.org/b/c", "1/2 and 3 / 4", "<b>x</b>", "w/h or dx/dw", "a // b"]
)
def test_what_only_looks_like_an_absolute_path(text):
    assert found(prose(text)) == []


def test_a_long_function_belongs_into_the_package():
    body = "\n".join(f"    a{n} = {n}" for n in range(11))
    only(found(code(f"def iou():\n{body}\n\nprint(1)")), "defines iou in 12 lines")
    assert found(code("def double(x):\n    return 2 * x\n\nprint(double(2))")) == []


def test_in_step_with_its_source(good):
    other = copy.deepcopy(good)
    assert checking.out_of_step(good, other) == []
    other["cells"][1]["source"] = "show(2)"
    only(checking.out_of_step(good, other), "cell 00-01")
    other["cells"].pop()
    only(checking.out_of_step(good, other), "the cells or the metadata")


def test_a_stale_text(good):
    fresh = copy.deepcopy(good)
    assert checking.out_of_date(good, fresh) == []
    fresh["cells"][2]["outputs"][0]["text"] = "1.25 of 4\n"
    only(checking.out_of_date(good, fresh), "'1.25 of 3', and now '1.25 of 4'")
    fresh["cells"][2]["outputs"] = []
    only(checking.out_of_date(good, fresh), "1 lines, and now 0")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.52", "0.53", True),  # rounding on another machine
        ("0.52", "0.54", False),
        ("12 boxes", "13 boxes", False),
        ("1.25e-06", "1.26e-06", True),
        ("1.25e-06", "1.25e-05", False),
        ("off by 5e-13", "off by 1.1e-12", True),
        ("off by 5e-13", "off by 1e-04", False),
        ("-0.52", "+0.52", False),
        ("a 1.0 b", "a 1.0 c", False),
        ("1.5", "1.5 1.5", False),
    ],
)
def test_fractions_may_differ_in_their_last_digit(one, other, same):
    assert checking.same_text(one, other) is same


def test_a_stale_figure(good):
    fresh = copy.deepcopy(good)
    stream = BytesIO()
    Image.fromarray(np.full((40, 40, 3), 250, np.uint8)).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    fresh["cells"][1]["outputs"] = [picture(data=data)]
    only(checking.out_of_date(good, fresh), "stale figure")
    fresh["cells"][1]["outputs"] = []
    assert any("stale figure" in sentence for sentence in checking.out_of_date(good, fresh))
