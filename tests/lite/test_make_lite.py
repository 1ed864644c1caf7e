"""What the builder of the course for a browser decides before JupyterLite takes over."""

import hashlib
import json
import runpy
import zipfile
from pathlib import Path

import pytest

make_lite = runpy.run_path(str(Path(__file__).resolve().parents[2] / "docs/make_lite.py"))


def package(name, *depends, content=b"wheel"):
    """An entry of Pyodide's lock file."""
    file_name = f"{name}-1.0-py3-none-any.whl"
    return {
        "name": name,
        "file_name": file_name,
        "depends": list(depends),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


@pytest.fixture
def pyodide(tmp_path):
    """A folder like Pyodide's, with packages that hold nothing."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name in make_lite["CORE"]:
        (folder / name).write_bytes(b"core")
    needed = {"numpy", "scipy", "matplotlib", "pillow", "traitlets", *make_lite["WANTED"]} - {
        "minimaskrcnn",
        "comm",
    }
    packages = {name: package(name) for name in sorted(needed)}
    packages["ipython"] = package("ipython", "prompt_toolkit")
    packages["prompt-toolkit"] = package("prompt_toolkit")
    packages["not-wanted"] = package("not_wanted")
    for one in packages.values():
        (folder / one["file_name"]).write_bytes(b"wheel")
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": {}, "packages": packages}))
    return folder


@pytest.fixture
def no_pip(monkeypatch):
    """Wheels of ours that need no building."""

    def own_wheels(folder):
        wheels = {name: folder / f"{name}-2.0-py3-none-any.whl" for name in make_lite["NEEDS"]}
        for wheel in wheels.values():
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr("empty", "")
        return wheels

    monkeypatch.setitem(make_lite["gather_python"].__globals__, "own_wheels", own_wheels)


def test_files_that_are_carried_are_the_needed_ones(pyodide, no_pip, tmp_path):
    make_lite["gather_python"](str(pyodide), tmp_path / "out")
    lock = json.loads((tmp_path / "out/pyodide-lock.json").read_text())["packages"]
    assert {"minimaskrcnn", "tqdm", "comm", "numpy", "prompt-toolkit"} <= {*lock}
    assert "not-wanted" not in lock
    for one in lock.values():
        content = (tmp_path / "out" / one["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
    assert lock["tqdm"]["version"] == "2.0"
    assert lock["minimaskrcnn"]["depends"] == ["numpy", "scipy", "matplotlib", "pillow", "tqdm"]


def test_packages_of_an_address_stay_there(pyodide, no_pip, tmp_path, monkeypatch):
    place = pyodide.as_uri() + "/"
    monkeypatch.setitem(make_lite["gather_python"].__globals__, "ADDRESSES", ("file://",))
    make_lite["gather_python"](place, tmp_path / "out")
    lock = json.loads((tmp_path / "out/pyodide-lock.json").read_text())["packages"]
    assert lock["numpy"]["file_name"] == place + "numpy-1.0-py3-none-any.whl"
    assert lock["minimaskrcnn"]["file_name"] == "minimaskrcnn-2.0-py3-none-any.whl"
    assert not (tmp_path / "out/numpy-1.0-py3-none-any.whl").exists()


def test_a_damaged_file_is_named(pyodide, no_pip, tmp_path):
    (pyodide / "numpy-1.0-py3-none-any.whl").write_bytes(b"half of a wheel")
    with pytest.raises(SystemExit, match=r"numpy-1\.0-py3-none-any\.whl is damaged"):
        make_lite["gather_python"](str(pyodide), tmp_path / "out")


def test_a_folder_without_pyodide_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"nowhere has no pyodide\.js"):
        make_lite["gather_python"](str(tmp_path / "nowhere"), tmp_path / "out")
