"""Mend the finished pages where Sphinx and the theme leave something to wish for."""

import re
from pathlib import Path

BACK = re.compile(r'<a class="viewcode-back" href="(?P<page>[^"#]+)#(?P<anchor>[^"]+)">.*?</a>')
LISTED = re.compile(r'<li><a href="(?P<page>[^"#]+)">[^<]*</a></li>\n?')
ARROW = '<summary><span class="toctree-toggle"'


def drop_lost_links(output: Path) -> None:
    """Take the links from source code back to its description out where they lead nowhere.

    A name is described under the room that exports it, but viewcode remembers one name per file.
    """
    pages = {page: page.read_text("utf-8") for page in (output / "api").glob("*.html")}
    for source in (output / "_modules").rglob("*.html"):

        def kept(link: re.Match[str], folder: Path = source.parent) -> str:
            page = pages.get((folder / link["page"]).resolve(), "")
            return link[0] if f'id="{link["anchor"]}"' in page else ""

        source.write_text(BACK.sub(kept, source.read_text("utf-8")), "utf-8")
    contents = output / "_modules" / "index.html"  # names `builtins`, which has no source in Python
    text = contents.read_text("utf-8")
    contents.write_text(
        LISTED.sub(lambda line: line[0] if (contents.parent / line["page"]).is_file() else "", text), "utf-8"
    )


def name_arrows(output: Path) -> None:
    """Give the theme's arrows, which open a part of the contents, a name for screen readers."""
    for page in output.rglob("*.html"):
        text = page.read_text("utf-8")
        if ARROW in text:
            page.write_text(
                text.replace(ARROW, ARROW.replace("summary", 'summary aria-label="pages below"')), "utf-8"
            )
