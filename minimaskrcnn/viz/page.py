"""Every figure of an example as a folder: a numbered PNG for each, and one page that shows them all.

The page needs nothing but itself: pictures are embedded, styles are inside, nothing is asked of the network.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from minimaskrcnn.errors import InputError
from minimaskrcnn.viz.catalogue import Entry, catalogue_entries, stage_figures
from minimaskrcnn.viz.example import Example
from minimaskrcnn.viz.saving import save
from minimaskrcnn.viz.style import alt_text

PAGE = "index.html"
DPI = 90

STYLE = """\
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 auto;
  max-width: 64rem; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 1rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; padding-top: .75rem; border-top: 3px solid #0072B2; }
figure { margin: 0 0 2.5rem; }
h3 { font-size: 1.05rem; margin: 0 0 .2rem; }
p { margin: 0 0 .6rem; max-width: 46rem; }
img { max-width: 100%; height: auto; display: block; border: 1px solid #ddd; }
nav ol { columns: 18rem; column-gap: 2rem; padding-left: 2rem; margin: .3rem 0 1rem; }
nav a, a { color: #0b5394; }
a:focus-visible, summary:focus-visible { outline: 3px solid #E69F00; outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.elsewhere { background: #FFF4DC; border-left: 4px solid #E69F00; padding: .4rem .7rem; }
details { margin-top: .4rem; color: #444; } summary { cursor: pointer; }
@media print { figure { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Drawn:
    """A figure that has been written.

    Attributes
    ----------
    entry : Entry of the catalogue
    file : name of its PNG in the folder
    alt : what it shows, in words
    """

    entry: Entry
    file: str
    alt: str


def write_page(
    example: Example,
    folder: str | os.PathLike[str],
    title: str,
    facts: Mapping[str, str],
    elsewhere: str = "",
    on_figure: Callable[[Entry], None] = lambda entry: None,
) -> list[Drawn]:
    """Draw every figure of an example into `folder`, and `index.html` that shows them in order.

    All is drawn beside the folder first and moved into it at the end, the page last, so that an interrupted
    or failed run leaves the folder as it was. Figures that only an earlier run had are removed.

    Parameters
    ----------
    example : Example
    folder : where to; made if it is not there
    title : of the page
    facts : name and value of what the reader should know about this run
    elsewhere : said under each figure that compares with the truth, where that is of another picture
    on_figure : called with the entry of each figure before it is drawn

    Raises
    ------
    InputError
        `folder` is a file.
    """
    folder = check_folder(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    workshop = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    workshop.mkdir()
    try:
        drawn = []
        for entry, draw in stage_figures(example).items():
            on_figure(entry)
            figure = draw()
            file = save(figure, workshop / f"{entry.file}.png", DPI).name
            drawn.append(Drawn(entry, file, alt_text(figure)))
        page = page_text(drawn, workshop, title, facts, elsewhere)
        (workshop / PAGE).write_text(page, encoding="utf-8", newline="\n")
        _move(workshop, folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return drawn


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Refuse a folder that is a file; worth asking before a long run."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"stages: {folder} is a file; name a folder to write the figures into.")
    return folder


def page_text(
    drawn: Sequence[Drawn], folder: Path, title: str, facts: Mapping[str, str], elsewhere: str = ""
) -> str:
    """The page as HTML; the pictures are read from `folder`."""
    chapters = list(dict.fromkeys(one.entry.chapter for one in drawn))
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>\n{STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items()) + "</dl>",
        '<nav aria-label="Figures">',
    ]
    for chapter in chapters:
        items = "".join(
            f'<li value="{one.entry.number}"><a href="#{_anchor(one)}">{escape(one.entry.heading)}</a></li>'
            for one in drawn
            if one.entry.chapter == chapter
        )
        parts.append(f"<strong>{escape(chapter)}</strong><ol>{items}</ol>")
    parts.append("</nav><main>")
    for chapter in chapters:
        parts.append(f"<section><h2>{escape(chapter)}</h2>")
        parts += [_figure(one, folder, elsewhere) for one in drawn if one.entry.chapter == chapter]
        parts.append("</section>")
    shown = [one.entry for one in drawn]
    missing = [
        f"{entry.number} {escape(entry.heading)}" for entry in catalogue_entries() if entry not in shown
    ]
    if missing:
        words = ", ".join(missing)
        parts.append(f"<p>Left out, because this run has nothing to draw them from: {words}.</p>")
    return "\n".join([*parts, "</main></body></html>", ""])


def _figure(one: Drawn, folder: Path, elsewhere: str) -> str:
    picture = base64.b64encode((folder / one.file).read_bytes()).decode("ascii")
    entry = one.entry
    note = f"<p>{escape(entry.note)}</p>"
    if elsewhere and entry.compares_with_truth:
        note += f'<p class="elsewhere">{escape(elsewhere)}</p>'
    return (
        f'<figure id="{_anchor(one)}"><h3>{entry.number}. {escape(entry.heading)}</h3>{note}'
        f'<img alt="{escape(one.alt)}" src="data:image/png;base64,{picture}">'
        f"<details><summary>In words</summary><p>{escape(one.alt)}</p></details></figure>"
    )


def _anchor(one: Drawn) -> str:
    return f"figure-{one.entry.number}"


def _move(workshop: Path, folder: Path) -> None:
    """Put the finished files in place, the page last; figures that only an earlier run had are removed."""
    if not folder.exists():
        workshop.rename(folder)
        return
    new = sorted(path.name for path in workshop.iterdir() if path.name != PAGE)
    for name in [*new, PAGE]:
        os.replace(workshop / name, folder / name)
    for entry in catalogue_entries():
        stale = folder / f"{entry.file}.png"
        if stale.name not in new:
            stale.unlink(missing_ok=True)
