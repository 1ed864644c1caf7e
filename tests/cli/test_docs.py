"""The README and the docs tell the truth about the commands: options exist, snippets run, links lead on."""

import re
from pathlib import Path

import pytest

from minimaskrcnn.cli import build_parser

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").glob("*.md"))]


def long_options():
    commands = next(action for action in build_parser()._actions if action.choices)
    return {
        option
        for parser in commands.choices.values()
        for option in parser._option_string_actions
        if option.startswith("--") and option != "--help"
    }


def test_the_cli_page_names_every_option_and_no_other():
    page = (REPO / "docs" / "cli.md").read_text("utf-8")
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", page)) - {"--help"} == long_options()


@pytest.mark.usefixtures("bundled")
def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (REPO / "README.md").read_text("utf-8"), re.DOTALL)
    exec(compile(blocks[0], "README.md", "exec"), {})  # the other one runs the loops, which takes minutes
    assert (tmp_path / "stages.png").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
