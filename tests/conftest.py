"""What every test may ask for: a seeded generator, the data folders, a browser, the long runs on request."""

import logging
import os
import shutil
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"  # before anything imports matplotlib: no test opens a window
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of workers and commands, which share the cores

import numpy as np
import pytest
from hypothesis import settings

REPO = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN_AXE = """async (tags) => (await axe.run({runOnly: tags})).violations.map(
    (one) => `${one.id}: ${one.nodes.map((node) => node.html + node.failureSummary).join("; ")}`)"""

# The profiles are those of minimaskrcnn.testing.plugin; pytest --hypothesis-profile=NAME overrides.
settings.load_profile(f"minimaskrcnn-{'ci' if os.environ.get('CI') else 'dev'}")


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true", help="also run the tests marked `thorough`")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--thorough"):
        return
    long = [item for item in items if item.get_closest_marker("thorough")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


@pytest.fixture(autouse=True)
def _log_as_it_was():
    """Give the package's log back as it was: a command sends it to stderr, where caplog does not see it."""
    log = logging.getLogger("minimaskrcnn")
    handlers, level, propagate = log.handlers[:], log.level, log.propagate
    yield
    log.handlers[:], log.propagate = handlers, propagate
    log.setLevel(level)


@pytest.fixture
def rng():
    """A generator with the same seed in every test."""
    return np.random.default_rng(20171030)


def folder(variable, default):
    """The folder that the environment variable names, else the one beside the repository; skip without it."""
    path = Path(os.environ.get(variable, REPO / default))
    if not path.is_dir():
        pytest.skip(f"no folder {path}; set {variable} to run this test")
    return path


@pytest.fixture(scope="session")
def pyodide_dir():
    """Python for WebAssembly, and the wheels that the package needs there."""
    return folder("MINIMASKRCNN_PYODIDE", "../shared/pyodide-0.27.7")


@pytest.fixture(scope="session")
def data_dir():
    """Real pictures: nuclei, photographs, a COCO-format sample."""
    return folder("MINIMASKRCNN_DATA", "../shared/data")


@pytest.fixture(scope="session")
def chromium():
    """A running browser."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the `browser` extra")
    if CHROMIUM is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def violations():
    """`violations(page)` lists what axe-core finds: WCAG 2.2, levels A and AA."""
    package = pytest.importorskip("axe_playwright_python", reason="needs the `browser` extra")
    source = (Path(package.__file__).parent / "axe.min.js").read_text("utf-8")

    def run(page):
        page.evaluate(source)
        return page.evaluate(RUN_AXE, WCAG)

    return run


@pytest.fixture(scope="module")
def one_thread():
    """Workers have one thread for matrix products; which sums a BLAS makes depends on their number."""
    from minimaskrcnn.kernels.fast.engine.parallel import _openblas

    blas = _openblas()
    if blas is None:
        yield
        return
    before = blas.get_threads()
    blas.set_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        yield
    blas.set_threads(before)
