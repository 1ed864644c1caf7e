"""Build the course for a browser: build/lite, a folder that any web server can serve.

    python docs/make_lite.py                                  # Pyodide's packages come from its own address
    python docs/make_lite.py --pyodide pyodide-0.27.7         # carry them: no request leaves the server

    JupyterLite (the pages)  +  Pyodide (Python in WebAssembly)  +  the student's notebooks  ->  build/lite

Pyodide loads a package when a cell imports it, if its lock file lists the package. So our wheel becomes an
entry of that file, and a notebook needs no line that it does not have elsewhere.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from minimaskrcnn import notebooks

REPO = Path(__file__).resolve().parents[1]
ADDRESSES = ("http://", "https://")
OFFICIAL = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/"
LOCK = "pyodide-lock.json"
CORE = ("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
# Pure Python that Pyodide does not have, or has in another version: from PyPI, when the folder is built.
PURE = ("tqdm", "comm")
# What a cell may import, and what JupyterLite's kernel starts with.
WANTED = ("minimaskrcnn", "ipython", "jedi", "micropip", "sqlite3", "ssl", *PURE)
NEEDS = {
    "minimaskrcnn": ["numpy", "scipy", "matplotlib", "pillow", "tqdm"],
    "comm": ["traitlets"],
    "tqdm": [],
}
PAGES = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {
        "appName": "minimaskrcnn",
        "exposeAppInBrowser": True,
        "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}},
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Gather the three parts in a source folder, and let JupyterLite put them together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pyodide", default=OFFICIAL, metavar="PLACE", help="a folder, or an address")
    parser.add_argument("-o", "--output", type=Path, default=REPO / "build" / "lite", metavar="DIR")
    args = parser.parse_args(arguments)
    source = args.output.with_name(f"source-of-{args.output.name}")
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(args.output, ignore_errors=True)
    gather_python(args.pyodide, source / "static" / "pyodide")
    notebooks.copy_notebooks(source / "files", notebooks.student)
    (source / "jupyter-lite.json").write_text(json.dumps(PAGES, indent=2), "utf-8")
    put_together(source, args.output)
    shutil.rmtree(source)
    print(f"{args.output} is ready. Try it: python -m http.server --directory {args.output}")
    return 0


def gather_python(place: str, folder: Path) -> None:
    """Put Pyodide, our wheel and what it needs into `folder`, with a lock file that lists only these."""
    folder.mkdir(parents=True)
    for name in CORE:
        fetch(place, name, folder)
    packages = json.loads(fetch(place, LOCK, folder).read_text("utf-8"))
    packages["packages"] |= {name: entry(wheel) for name, wheel in own_wheels(folder).items()}
    packages["packages"] = {
        name: packages["packages"][name] for name in closure(packages["packages"], WANTED)
    }
    for name, package in packages["packages"].items():
        if name in NEEDS:
            continue
        if is_address(place):
            package["file_name"] = place + package["file_name"]
        else:
            check(fetch(place, package["file_name"], folder), package["sha256"])
    (folder / LOCK).write_text(json.dumps(packages), "utf-8")


def is_address(place: str) -> bool:
    """Whether Pyodide's files lie on a server."""
    return place.startswith(ADDRESSES)


def fetch(place: str, name: str, folder: Path) -> Path:
    """Copy or download one of Pyodide's files into `folder`, and return its path there."""
    target = folder / name
    try:
        if is_address(place):
            with urllib.request.urlopen(place + name) as response:
                target.write_bytes(response.read())
        else:
            shutil.copyfile(Path(place, name), target)
    except OSError as error:
        raise SystemExit(
            f"{place} has no {name} ({error}). Name a folder or an address of Pyodide 0.27.7."
        ) from error
    return target


def check(path: Path, sha256: str) -> None:
    """Stop if a file is not the one that the lock file describes."""
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise SystemExit(f"{path.name} is damaged: its SHA-256 is not the one in {LOCK}. Download it again.")


def own_wheels(folder: Path) -> dict[str, Path]:
    """Build our wheel, download the pure ones, and return where each lies."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", folder, REPO], check=True)
    subprocess.run(
        [*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", folder, *PURE], check=True
    )
    return {name: next(folder.glob(f"{name}-*.whl")) for name in NEEDS}


def entry(wheel: Path) -> dict[str, Any]:
    """Describe a pure wheel as Pyodide's lock file does."""
    name, version, *_ = wheel.name.split("-")
    return {
        "name": name,
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": [name],
        "depends": NEEDS[name],
        "unvendored_tests": False,
        "shared_library": False,
    }


def closure(packages: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the names and everything that they depend on, in the lock file's order."""
    found, to_see = set(), list(names)
    while to_see:
        name = re.sub(r"[-_.]+", "-", to_see.pop()).lower()  # the lock file's keys are normalised, as on PyPI
        if name not in found:
            found.add(name)
            to_see += packages[name]["depends"]
    return [name for name in packages if name in found]


def put_together(source: Path, output: Path) -> None:
    """Run JupyterLite's builder on the source folder."""
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lite",
        "build",
        "--no-sourcemaps",
        "--no-unused-shared-packages",
    ]
    places = ["--lite-dir", ".", "--contents", "files", "--output-dir", output.resolve()]
    ran = subprocess.run([*command, *places], cwd=source, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"JupyterLite's builder stopped:\n{ran.stdout}{ran.stderr}")


if __name__ == "__main__":
    sys.exit(main())
