"""Modules become one text: each after what it imports, no import left, no name declared twice."""

import re
from pathlib import Path

import pytest

from minimaskrcnn.explorer import modules

JS = Path(modules.__file__).with_name("js")


def test_a_module_comes_after_those_that_it_imports():
    text = modules.joined(["selection.js"])
    order = ["boxes.js", "shelves.js", "nms.js", "selection.js"]
    assert re.findall(r"^// ---- (.*) ----$", text, re.MULTILINE) == order
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)


def test_a_name_that_two_modules_declare_is_refused(monkeypatch):
    texts = {"a.js": 'import { one } from "./b.js";\nconst two = one;\n', "b.js": "export const two = 1;\n"}
    monkeypatch.setattr(modules, "source", texts.__getitem__)
    with pytest.raises(ValueError, match=r"a\.js and b\.js both declare two"):
        modules.joined(["a.js"])


SOURCES = sorted(path.relative_to(JS).as_posix() for path in JS.rglob("*.js"))


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_is_short_and_begins_with_its_idea(name):
    lines = modules.source(name).splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= 250
    assert max(map(len, lines)) <= 128


def test_every_module_belongs_to_a_page():
    used = "".join(modules.joined([root]) for root in ("page.js", "bench_page.js", "world_page.js"))
    assert {name for name in SOURCES if f"// ---- {name} ----" not in used} == set()
