"""The builder and its checks live beside the notebooks; tests import them by plain names."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "notebooks")]  # first: PyPI has a `build` too

from made_up import code, numbered, picture, printed, prose  # noqa: E402


@pytest.fixture
def good():
    """A notebook that nothing is wrong with."""
    return numbered(
        prose("# A title\n\nSome words."), code("show()", picture()), code("print(1)", printed("1.25 of 3\n"))
    )
