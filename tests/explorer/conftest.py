"""The arithmetic of the explorer in a blank page of the browser."""

import json

import pytest

from minimaskrcnn.explorer import modules


class Script:
    """The arithmetic modules in a blank page: `script("box_iou(a, b)", a=[...], b=[...])`."""

    def __init__(self, page, roots):
        self.page = page
        page.add_script_tag(content=modules.joined(roots))

    def __call__(self, expression, **values):
        """Evaluate an expression with these values, which travel as JSON."""
        program = f"(text) => {{ const {{ {', '.join(values)} }} = JSON.parse(text); return {expression}; }}"
        return self.page.evaluate(program, json.dumps(values))


@pytest.fixture(scope="session")
def script(chromium):
    """Run expressions on the modules that compute."""
    page = chromium.new_page()
    yield Script(page, ["selection.js", "average_precision.js", "roi.js", "paste.js"])
    page.close()
