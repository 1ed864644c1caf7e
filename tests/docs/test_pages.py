"""Pages of docs/ on models: the code runs, prints what they say, the commands parse, the tables are true."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from minimaskrcnn.cli import build_parser
from minimaskrcnn.cli.settings import adapt
from minimaskrcnn.models import build
from minimaskrcnn.models.presets import PRESETS
from minimaskrcnn.nn.freezing import freeze
from minimaskrcnn.training import RECIPES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def text(page):
    return (DOCS / page).read_text("utf-8")


def code(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.M | re.S)


@pytest.mark.parametrize("page", ["models.md", "fine_tuning.md", "keypoints.md"])
def test_the_blocks_run_one_after_the_other_and_print_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("".join(code(page, "python")), page, "exec"), {"__name__": "page"})
    assert printed.getvalue() == "".join(code(page, "text"))


def test_every_preset_is_on_the_page_with_its_parameters():
    page = text("models.md")
    assert all(f"`{preset}`" in page or f"`{preset}(" in page for preset in PRESETS)
    rows = re.findall(r"^\| `(\w+)`(, `dilated`)? \|.*\| ([\d,.]+)( million)? \|$", page, re.M)
    assert [row[0] for row in rows] == [
        "mini",
        "mini_c4",
        "mini_stride16",
        "resnet_fpn",
        "maskrcnn_resnet50_fpn_v2",
        "fasterrcnn_mobilenet_v3_large_fpn",
        "keypointrcnn_resnet50_fpn",
        "resnet_c4",
        "resnet_c5",
        "resnet_c5",
    ]
    for preset, dilated, number, million in rows:
        classes = 2 if "keypoint" in preset else 91
        model = build({"preset": preset, "num_classes": classes, **({"dilated": True} if dilated else {})})
        parameters = sum(p.size for p in model.parameters())
        assert (f"{parameters / 1e6:.1f}" if million else f"{parameters:,}") == number


def test_the_commands_for_ones_own_data_parse():
    commands = "".join(code("your_own_data.md", "sh")).splitlines()
    steps = [build_parser().parse_args(shlex.split(command)[1:]).command for command in commands]
    assert steps[:4] == ["predict", "check", "anchors", "train"]


def test_the_commands_for_keypoints_parse_and_learn_some():
    commands = "".join(code("keypoints.md", "sh")).splitlines()
    settings = [build_parser().parse_args(shlex.split(command)[1:]) for command in commands]
    assert [args.command for args in settings] == ["train", "evaluate", "stages", "train"]
    for args in settings[::3]:
        assert adapt(RECIPES[args.dataset], args.changes).model.keypoints


def test_the_commands_parse_and_their_recipes_fit_their_models():
    for command in "".join(code("fine_tuning.md", "sh")).splitlines():
        _, *words = shlex.split(command)
        args = build_parser().parse_args(words)
        recipe = adapt(RECIPES[args.dataset], args.changes)
        model = build(recipe.model.changed(num_classes=3))
        assert freeze(model, *recipe.freeze)
        assert args.weights


def test_the_table_of_patterns_fits_the_models():
    rows = re.findall(r"^\| [a-z ]+ \| (`.*`) \|$", text("fine_tuning.md"), re.M)
    assert len(rows) == 6
    for preset in ("mini", "maskrcnn_resnet50_fpn"):
        model = build({"preset": preset, "num_classes": 3})
        for row in rows:
            assert freeze(model, *re.findall(r"`(.*?)`", row))
