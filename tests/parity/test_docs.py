"""docs/parity.md says which test stands for which point of the semantics; each of them must exist."""

import re

from .golden import REPO


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", (REPO / "docs/parity.md").read_text()))
    there = "".join(path.read_text() for path in (REPO / "tests").rglob("test_*.py"))
    assert named
    assert [name for name in named if f"def {name}(" not in there] == []
