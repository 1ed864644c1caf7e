"""Docstrings become reStructuredText without a change of what they say."""

import importlib.util
from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "docs" / "site"


@pytest.fixture(scope="module")
def plain():
    """The function `plain` of docs/site/docstrings.py, on the text of a docstring."""
    spec = importlib.util.spec_from_file_location("docstrings", SITE / "docstrings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda text: "\n".join(module.plain(text.split("\n"))).strip()


def test_marks_of_formulas_are_escaped_and_code_is_not(plain):
    assert plain("|x| * y, of loss_ and ``a * b_``") == r"\|x\| \* y, of loss\_ and ``a * b_``"
    assert plain("a snake_case name") == "a snake_case name"


def test_indented_lines_and_columns_are_shown_as_they_are(plain):
    assert plain("A formula:\n\n    a = b * c").endswith("::\n\n       a = b * c")
    assert plain("save_model   load_model      a whole detector").startswith("::")


def test_examples_and_sections_stay(plain):
    text = ">>> 2 * 3\n6"
    assert plain(text) == text
    text = "Words.\n\nParameters\n----------\nx : array\n    its |values|"
    assert plain(text).split() == text.replace("|values|", r"\|values\|").split()
