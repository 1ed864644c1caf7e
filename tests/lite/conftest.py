"""The course for a browser, built once and served from this machine; every other request is refused."""

import functools
import http.server
import os
import runpy
import threading
import time
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PATIENCE = 600_000  # milliseconds, on a busy machine

READY = """() => {
  const widget = window.jupyterapp?.shell.currentWidget;
  return widget?.context?.isReady && widget.sessionContext?.isReady && widget.content.model !== null;
}"""
RUN_ALL = """() => {
  window.ran = false;
  window.jupyterapp.commands.execute("notebook:run-all-cells").finally(() => { window.ran = true; });
}"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
  .filter((cell) => cell.cell_type === "code")"""
SET_AND_RUN = """([index, source]) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const codes = notebook.widgets.filter((cell) => cell.model.type === "code");
  codes[index].model.sharedModel.setSource(source);
  notebook.activeCellIndex = notebook.widgets.indexOf(codes[index]);
  window.ran = false;
  window.jupyterapp.commands.execute("notebook:run-cell").finally(() => { window.ran = true; });
}"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *arguments):
        pass


def build(pyodide_dir, folder):
    """Run `make lite` into a folder."""
    make_lite = runpy.run_path(str(REPO / "docs/make_lite.py"))
    make_lite["main"](["--pyodide", str(pyodide_dir), "--output", str(folder / "lite")])


def once_for_all_workers(tmp_path_factory, build):
    """The folder `lite` that the first worker builds; the others wait for it.

    Two builds at a time would share setuptools' folder `build/`, and take the wheel's files from each other.
    """
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    base = tmp_path_factory.getbasetemp()
    place = (base if alone else base.parent) / "course"
    done = place / "done"
    try:
        place.mkdir()
    except FileExistsError:
        while not done.exists():
            time.sleep(1)
    else:
        try:
            build(place)
        finally:
            done.touch()
    return place / "lite"


@pytest.fixture(scope="session")
def address(pyodide_dir, tmp_path_factory):
    """Where the course is served."""
    pytest.importorskip("jupyterlite_core", reason="needs the `lite` extra")
    folder = once_for_all_workers(tmp_path_factory, lambda place: build(pyodide_dir, place))
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(QuietHandler, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Lesson:
    """A notebook that is open in the browser.

    Attributes
    ----------
    page : playwright's Page
    refused : list of str
        The addresses outside of the server that the page asked for.
    """

    def __init__(self, page, address, name):
        self.page, self.refused = page, []
        page.set_default_timeout(PATIENCE)
        page.route(lambda url: not url.startswith((address, "data:", "blob:")), self.refuse)
        page.goto(f"{address}/lab/index.html?path={name}")
        page.wait_for_function(READY)

    def refuse(self, route):
        """Note the request, and let it fail."""
        self.refused.append(route.request.url)
        route.abort()

    def run_all(self):
        """Run every cell, and return the code cells as the notebook file would store them."""
        self.page.evaluate(RUN_ALL)
        self.page.wait_for_function("window.ran")
        return self.cells()

    def run(self, index, source):
        """Write `source` into a code cell, run it, and return the cell."""
        self.page.evaluate(SET_AND_RUN, [index, source])
        self.page.wait_for_function("window.ran")
        return self.cells()[index]

    def cells(self):
        """Return the code cells."""
        return self.page.evaluate(CELLS)


@pytest.fixture
def lesson(chromium, address):
    """Open a notebook: `lesson("06_nms.ipynb")`."""
    pages = []

    def opened(name):
        pages.append(chromium.new_page(viewport={"width": 1280, "height": 900}))
        return Lesson(pages[-1], address, name)

    yield opened
    for page in pages:
        page.close()
