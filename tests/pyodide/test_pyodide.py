"""The package under Python in WebAssembly gives the answers that it gives here, and says nothing else."""

import json
import shutil
import subprocess
import zipfile
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn.kernels.registry import BUILT_IN

from .answers import answers

pytestmark = pytest.mark.thorough

REPO = Path(__file__).resolve().parents[2]
FONT_CACHE = "Matplotlib is building the font cache; this may take a moment.\n"  # at its first start


@pytest.fixture(scope="module")
def browser(pyodide_dir, tmp_path_factory):
    """The folder that a run of `browser` leaves, and what it printed."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    folder = tmp_path_factory.mktemp("pyodide")
    with zipfile.ZipFile(folder / "package.zip", "w") as archive:
        for part in ("minimaskrcnn", "tests/parity", "tests/pyodide", "tests/golden"):
            for path in sorted((REPO / part).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, path.relative_to(REPO))
    with zipfile.ZipFile(folder / "tqdm.zip", "w") as archive:  # pure Python: its files are its wheel's
        for path in files("tqdm"):
            if ".." not in path.parts and path.suffix != ".pyc":
                archive.write(path.locate(), path)
    command = [node, "tests/pyodide/run.mjs", pyodide_dir, "tests/pyodide/browser.py", folder]
    archives = [folder / "package.zip", folder / "tqdm.zip"]
    ran = subprocess.run([*command, *archives], cwd=REPO, capture_output=True, text=True, timeout=500)
    return folder, ran


def test_nothing_is_printed_and_nothing_fails(browser):
    _, ran = browser
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    assert ran.stderr in ("", FONT_CACHE)


def test_recorded_cases_pass_on_every_edition(browser):
    folder, _ = browser
    passed = json.loads((folder / "passed.json").read_text())
    recorded = len(json.loads((REPO / "tests/golden/manifest.json").read_text())["cases"])
    assert {*passed} == {*BUILT_IN}
    for edition, count in passed.items():
        models_left_out = 10 if edition == "reference" else 5  # the large one, or both
        assert recorded - count <= models_left_out, edition


def test_answers_are_those_of_this_machine(browser, tmp_path, monkeypatch):
    folder, _ = browser
    monkeypatch.chdir(tmp_path)
    here = answers()
    with np.load(folder / "answers.npz", allow_pickle=False) as there:
        assert list(there) == list(here)
        for name, expected in here.items():
            got = there[name]
            assert got.shape == expected.shape, name
            inner_index = name.startswith("trace.") and got.dtype.kind == "i"  # may be an intp
            assert inner_index or got.dtype == expected.dtype, name
            scale = max(1, np.abs(expected).max(initial=0)) if expected.dtype.kind == "f" else 0
            tolerance = 1e-3 if name == "training.losses" else 1e-5  # a step on, roundings have grown
            np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale, err_msg=name)
        assert np.abs(there["found.boxes"] - here["found.boxes"]).max() < 1e-3  # pixels
    assert (folder / "demo.png").stat().st_size > 100_000
