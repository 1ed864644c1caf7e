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

from minimaskrcnn.errors import InputError, printable
from minimaskrcnn.explorer import explorer_page, write_explorer
from minimaskrcnn.viz.catalogue import Entry, catalogue_entries, stage_figures
from minimaskrcnn.viz.example import Example
from minimaskrcnn.viz.saving import save
from minimaskrcnn.viz.style import alt_text

PAGE = "index.html"
EXPLORER = "explorer.html"
DPI = 90

STYLE = """\
:root { color-scheme: light dark; --ink: #1b1b1b; --soft: #444; --paper: #fff; --line: #ccc; --link: #0b5394;
  --rule: #0072B2; --note: #FFF4DC; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --soft: #c0c4c9; --paper: #14171a; --line: #555; --link: #8ec5ff; --rule: #56b4e9;
    --note: #3a2f14; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 64rem; padding: 1rem 1.25rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 1rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; padding-top: .75rem; border-top: 3px solid var(--rule); }
figure { margin: 0 0 2.5rem; }
h3 { font-size: 1.05rem; margin: 0 0 .2rem; }
p { margin: 0 0 .6rem; max-width: 46rem; }
img { max-width: 100%; height: auto; display: block; border: 1px solid var(--line); background: #fff; }
nav ol { columns: 18rem; column-gap: 2rem; padding-left: 2rem; margin: .3rem 0 1rem; }
nav a, a { color: var(--link); }
nav.steps { display: flex; gap: 1.5rem; margin-top: .4rem; }
nav.steps a { padding: .3rem 0; }
a:focus-visible, summary:focus-visible { outline: 3px solid #B45309; outline-offset: 2px; }
dl { display: grid; grid-template-columns: minmax(4rem, max-content) 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
.elsewhere { background: var(--note); border-left: 4px solid #E69F00; padding: .4rem .7rem; }
details { margin-top: .4rem; color: var(--soft); } summary { cursor: pointer; padding: .3rem 0; }
@media print { figure { break-inside: avoid; } nav.steps { display: none; } }
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

    Beside them `explorer.html` lets the reader follow the picture (`explorer`); the page links to it.

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
        write_explorer(workshop / EXPLORER, _explorer(example, facts))
        page = page_text(drawn, workshop, title, facts, elsewhere)
        (workshop / PAGE).write_text(page, encoding="utf-8", newline="\n")
        _move(workshop, folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)
    return drawn


def _explorer(example: Example, facts: Mapping[str, str]) -> str:
    """The explorer of the picture shown; its true objects where they are known."""
    own = example.truth is not None and example.truth.trace is example.trace
    title = facts.get("picture", "a picture")
    return explorer_page(example.trace, example.target if own else None, title, facts)


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
        f'<html lang="en"><head><meta charset="utf-8"><title>{_shown(title)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>\n{STYLE}</style></head><body>",
        f"<h1>{_shown(title)}</h1>",
        "<dl>" + "".join(f"<dt>{_shown(k)}</dt><dd>{_shown(v)}</dd>" for k, v in facts.items()) + "</dl>",
        f'<p><a href="{EXPLORER}">Explore this picture yourself</a>: all stages in your hands.</p>',
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
        parts += [
            _figure(one, folder, elsewhere, _steps(drawn, place))
            for place, one in enumerate(drawn)
            if one.entry.chapter == chapter
        ]
        parts.append("</section>")
    shown = [one.entry for one in drawn]
    missing = [
        f"{entry.number} {escape(entry.heading)}" for entry in catalogue_entries() if entry not in shown
    ]
    if missing:
        words = ", ".join(missing)
        parts.append(f"<p>Left out, because this run has nothing to draw them from: {words}.</p>")
    return "\n".join([*parts, "</main></body></html>", ""])


def _steps(drawn: Sequence[Drawn], place: int) -> str:
    """Links to the figure before and the figure after; chapters are in the order of the figures."""
    words = {"Back": place - 1, "Next": place + 1}
    links = [
        f'<a href="#{_anchor(drawn[at])}">{word}: {escape(drawn[at].entry.heading)}</a>'
        for word, at in words.items()
        if 0 <= at < len(drawn)
    ]
    label = f"Around figure {drawn[place].entry.number}"
    return f'<nav class="steps" aria-label="{label}">{"".join(links)}</nav>' if links else ""


def _figure(one: Drawn, folder: Path, elsewhere: str, steps: str) -> str:
    picture = base64.b64encode((folder / one.file).read_bytes()).decode("ascii")
    entry = one.entry
    note = f"<p>{escape(entry.note)}</p>"
    if elsewhere and entry.compares_with_truth:
        note += f'<p class="elsewhere">{_shown(elsewhere)}</p>'
    return (
        f'<figure id="{_anchor(one)}"><h3>{entry.number}. {escape(entry.heading)}</h3>{note}'
        f'<a href="{one.file}" title="Open at full size">'
        f'<img alt="{_shown(one.alt)}" src="data:image/png;base64,{picture}"></a>'
        f"{steps}<details><summary>In words</summary><p>{_shown(one.alt)}</p></details></figure>"
    )


def _shown(text: str) -> str:
    """Text that may hold names from other people's files, as HTML."""
    return escape(printable(text))


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
