"""One notebook in a real browser: JupyterLab opens it, a click runs all cells, figures arrive with alt text.

First the edition to read, then the student's: nothing is shown before it is asked for.

Debian's chromium, driven by playwright. Skipped, with the reason, where one of the three is missing.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import build
import checking
import execution
import nbformat
import pytest

from minimaskrcnn import notebooks

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

NAME = "06_nms.ipynb"
EXPLORER = "explorer.ipynb"
CELL = """
from IPython.display import display
from minimaskrcnn import data, io, viz, weights

model, _ = io.load_model(weights.path("shapes"))
image, target = data.Shapes("val")[27]
display(viz.explore(model.trace(image), target))
display(viz.explore_roi())
"""
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell in the page, seen or not
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
NONE_RUN = """() => ![...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].some(
    prompt => /\\d/.test(prompt.textContent))"""
ALL_RUN = """() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
    return prompts.length > 0 && prompts.every(prompt => /^\\[\\d+\\]:$/.test(prompt.textContent.trim()));
}"""
IMAGES = """() => [...document.querySelectorAll('.jp-OutputArea img')].map(
    image => ({alt: image.alt, width: image.naturalWidth, seen: image.getBoundingClientRect().width}))"""


@pytest.fixture
def page(chromium):
    """A blank page of chromium."""
    page = chromium.new_page(viewport={"width": 1200, "height": 1000})
    yield page
    page.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a folder with the notebook, and below it a student's copies; gives address and folder."""
    pytest.importorskip("jupyterlab", reason="needs the `notebooks` extra")
    tmp_path = tmp_path_factory.mktemp("lab")
    folder = tmp_path / "notebooks"
    notebooks.copy_notebooks(folder / "student", notebooks.student)
    shutil.copy(build.HERE / NAME, folder)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(CELL)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / EXPLORER)
    for name, settings in SETTINGS.items():
        path = tmp_path / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    environment = {
        **os.environ,
        **execution.ENVIRONMENT,
        "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "PYTHONPATH": os.pathsep.join([str(build.HERE.parent), os.environ.get("PYTHONPATH", "")]),
    }
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        "--port=0",
        f"--notebook-dir={folder}",
    ]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield address(server, tmp_path), folder
    finally:
        server.terminate()
        server.wait(30)


def address(server, tmp_path):
    """Where the server listens, once it answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        for path in (tmp_path / "runtime").glob("jpserver-*.json"):
            facts = json.loads(path.read_text() or "{}")
            if facts and answers(f"{facts['url']}api?token={facts['token']}"):
                return f"{facts['url']}lab/tree/{NAME}?token={facts['token']}"
        time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{(tmp_path / 'log').read_text('utf-8', 'replace')[-2000:]}")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_a_notebook_runs_to_its_end_in_a_browser(page, lab):
    url, folder = lab
    committed = nbformat.read(build.HERE / NAME, as_version=4)
    outputs = [output for cell in checking.code_cells(committed) for output in cell["outputs"]]
    figures = sum(any(kind.startswith("image/") for kind in output.get("data", {})) for output in outputs)

    page.goto(url)
    page.wait_for_selector(".jp-Notebook .jp-OutputArea img", timeout=60_000)
    assert_described(page.evaluate(IMAGES), figures)  # as it comes out of git, not yet run, not trusted

    page.get_by_text("| Idle").wait_for(timeout=60_000)  # the kernel is there: the status bar says so
    choose(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function(NONE_RUN, timeout=30_000)
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(ALL_RUN, timeout=120_000)
    assert_described(page.evaluate(IMAGES), figures)
    assert page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']").count() == 0

    before = (folder / NAME).stat().st_mtime_ns
    page.keyboard.press("Control+s")
    saved = when_saved(folder / NAME, before)
    assert checking.out_of_date(committed, saved) == []
    assert checking.output_problems(saved) == []


def test_a_student_sees_nothing_before_the_cell_is_run_and_the_answer_unfolded(page, lab):
    url, folder = lab
    cells = json.loads((folder / "student" / NAME).read_text("utf-8"))["cells"]
    folded = sum(cell["metadata"].get("tags") == ["answer"] for cell in cells)

    page.goto(in_workspace(url, f"student/{NAME}"))
    answers = page.locator(".jp-MarkdownOutput details")
    answers.nth(folded - 1).wait_for(timeout=60_000)
    assert answers.count() == folded >= 3
    assert page.locator(".jp-CodeCell .jp-OutputArea-output").count() == 0
    assert not answers.first.locator("p").is_visible()
    answers.first.locator("summary").click()
    assert answers.first.locator("p").first.is_visible()

    page.get_by_text("| Idle").wait_for(timeout=60_000)
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(ALL_RUN, timeout=120_000)
    assert len(page.evaluate(IMAGES)) >= 3
    assert page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']").count() == 0


def test_the_explorer_works_in_a_cell_and_asks_nobody(page, lab):
    url, _ = lab
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(in_workspace(url, EXPLORER))
    page.get_by_text("| Idle").wait_for(timeout=60_000)
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(ALL_RUN, timeout=120_000)
    explorer, bench = (page.frame_locator(f".jp-OutputArea iframe >> nth={number}") for number in (0, 1))
    explorer.locator("body[data-ready]").wait_for(timeout=60_000)
    first = explorer.locator(".stage h2").text_content()
    explorer.get_by_role("button", name="Next").click()
    assert explorer.locator(".stage h2").text_content() != first
    explorer.locator(".slider", has_text="score").locator("input").press("End")
    assert "0 of 4 objects" in explorer.locator(".verdict").text_content()
    bench.locator(".bench-map").press("ArrowRight")
    assert "Box (1.25, 0.60, 4.45, 3.80)" in bench.locator(".bench .status").text_content()
    server = url.partition("/lab/")[0]
    assert [
        one for one in asked if not one.startswith((server, server.replace("http", "ws"), "data:", "blob:"))
    ] == []


def in_workspace(url, name):
    """The address of another notebook, in a workspace of its own: no notebook of an earlier test is open."""
    return url.replace(
        "/lab/tree/", f"/lab/workspaces/{name.partition('.')[0].replace('/', '-')}/tree/"
    ).replace(NAME, name)


def choose(page, menu, entry):
    """Open a menu and click one of its entries."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=entry, exact=True).click()


def assert_described(images, count):
    """So many images, each of them seen, and each with words for those who cannot see it."""
    assert len(images) == count
    assert all(image["alt"] and image["width"] > 200 and image["seen"] > 200 for image in images), images


def when_saved(path, before):
    """The notebook that the browser wrote back, once the file is newer than `before`."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.stat().st_mtime_ns > before:
            return nbformat.read(path, as_version=4)
        time.sleep(0.3)
    pytest.fail("the notebook was not saved")
