"""Build the site: build/site, a folder of plain files that any web server can serve.

    python docs/site/build.py                        # warnings are errors, so nothing on it leads nowhere
    python docs/site/build.py --lite build/lite      # with the course for a browser, and links to it

    the doors, docs/, the notebooks as committed, the changelog      copied
    a page for each room of the package, and for the commands        written from docstrings and parsers
    the explorer and its small worlds                                written by the package
                                                                     -> one folder -> Sphinx -> build/site

The notebooks are shown as they are committed; nothing is executed here.
"""

import argparse
import importlib.util
import shutil
import sys
from pathlib import Path

import live
import mending
import nbformat
import reference
from sphinx.cmd.build import build_main

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
COPIED = (
    "docs",
    "notebooks",
    "benchmarks",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CODE_OF_CONDUCT.md",
)
LEFT_OUT = shutil.ignore_patterns("src", "site", "slides", "__pycache__", ".ipynb_checkpoints")
OPTIONS = ("-b", "html", "-W", "--keep-going", "-n", "-q", "-j", "auto")
MATHJAX = "sphinx-mathjax-offline"


def main(arguments: list[str] | None = None) -> int:
    """Gather the pages, and let Sphinx put them together."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", type=Path, default=REPO / "build" / "site", metavar="DIR")
    parser.add_argument("--lite", type=Path, metavar="DIR", help="what `make lite` has built")
    args = parser.parse_args(arguments)
    if args.lite and not (args.lite / "lab" / "index.html").is_file():
        parser.error(f"--lite: {args.lite} holds no lab/index.html; build it first: make lite")
    output: Path = args.output
    pages = output.with_name(f"source-of-{output.name}")
    shutil.rmtree(pages, ignore_errors=True)
    shutil.rmtree(output, ignore_errors=True)
    gather(pages)
    if args.lite:
        link_to_lite(pages / "notebooks")
    code = build_main([*OPTIONS, "-c", str(HERE), str(pages), str(output)])
    if code == 0:
        complete(pages, output, args.lite)
        print(f"{output}: open index.html, or serve it: python -m http.server --directory {output}")
    return code


def complete(pages: Path, output: Path, lite: Path | None) -> None:
    """Add the files that Sphinx knows nothing of."""
    shutil.copy(mathjax(), output / "_static")
    mending.drop_lost_links(output)
    mending.name_arrows(output)
    for page in (pages / "live").glob("*.html"):
        shutil.copy(page, output / "live")
    if lite:
        shutil.copytree(lite, output / "lite")


def link_to_lite(notebooks: Path) -> None:
    """Put a link to the same notebook in JupyterLite below the title of each."""
    for path in notebooks.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        address = f"../lite/lab/index.html?path={path.name}"
        link = f'<a href="{address}">Open it in the browser</a>, where it runs with nothing installed.'
        notebook.cells.insert(1, nbformat.v4.new_markdown_cell(link))
        nbformat.write(notebook, path)


def mathjax() -> Path:
    """Return the file that sets formulas, from the package that carries it."""
    spec = importlib.util.find_spec(MATHJAX)
    if spec is None or spec.origin is None:
        sys.exit(f"{MATHJAX} is not installed; make site installs it")
    return Path(spec.origin).parent / "static" / "mathjax" / "tex-svg.js"


def gather(pages: Path) -> None:
    """Lay out everything that Sphinx reads: files keep their places, so that the links between them hold."""
    shutil.copytree(HERE / "doors", pages)
    for name in COPIED:
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, pages / name, ignore=LEFT_OUT)
        else:
            shutil.copy(REPO / name, pages / name)
    reference.write(pages / "api")
    live.write(pages / "live")


if __name__ == "__main__":
    sys.exit(main())
