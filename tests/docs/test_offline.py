"""docs/instructors/offline.md: its commands parse, its extras and make targets exist."""

import re
import shlex
import tomllib
from pathlib import Path

from minimaskrcnn.cli import COMMANDS, build_parser

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs" / "instructors" / "offline.md").read_text("utf-8")
LINES = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)).splitlines()


def test_the_commands_of_the_package_parse():
    ours = [shlex.split(line)[1:] for line in LINES if re.match(r"\S*minimaskrcnn ", line)]
    assert {build_parser().parse_args(words).command for words in ours} == {"notebooks", "explore", "stages"}


def test_the_commands_that_the_table_lists_exist():
    table = PAGE.split("## What each command needs")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.M)
    named = {words.split()[0] for cell in cells for words in re.findall(r"`([^`]+)`", cell)}
    assert {"demo", "predict", "grade"} <= named
    assert named - {"make", "jupyter"} <= set(COMMANDS)


def test_the_extras_and_the_targets_exist():
    extras = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = {extra for found in re.findall(r"minimaskrcnn\[([\w,]+)\]", PAGE) for extra in found.split(",")}
    assert asked == {"notebooks", "slides", "test"}
    assert asked <= set(extras)
    targets = re.findall(r"^(\w+):", (REPO / "Makefile").read_text("utf-8"), re.M)
    assert {line.split()[1] for line in LINES if line.startswith("make ")} <= set(targets)
