"""How Sphinx builds the site: pages in Markdown and notebooks as committed, docstrings as numpydoc.

Nothing on a page is asked of another server: fonts come with the theme, MathJax from a package of its own.
"""

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import docstrings  # noqa: E402

from minimaskrcnn import __version__  # noqa: E402

project = "minimaskrcnn"
author = "the minimaskrcnn authors"
version = release = __version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["docs/index.md", "notebooks/README.md"]
mathjax_path = "tex-svg.js"  # one file that draws its letters itself: no fonts

# Notebooks are shown as they were committed; .ci/run executes them elsewhere.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

# Types, shapes and units stand in the docstrings; the annotations would say half of it again.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
nitpicky = True

html_theme = "pydata_sphinx_theme"
html_title = f"minimaskrcnn {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "collapse_navigation": True,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app: Any) -> None:
    """Escape each docstring before numpydoc reads it."""

    def escape(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
        lines[:] = docstrings.plain(lines)

    app.connect("autodoc-process-docstring", escape, priority=100)
