"""The network and the course on one printable page: the package's map, numbered, and a card for each part.

The cards are the rows of the table in slides/map.md: part of the map, what it does, formula, code, notebook.
"""

import base64
import html
import re
from pathlib import Path

from markdown_it.token import Token
from slide_deck import page, reader

from minimaskrcnn.viz.diagrams import diagram

PAPERS = {"a4": "A4", "letter": "letter"}


def map_page(source: Path, paper: str) -> str:
    """Return the page for a paper of `PAPERS`."""
    markdown = reader()
    tokens = markdown.parse(source.read_text("utf-8"))
    rows = list(table_rows(tokens))
    inline = lambda token: markdown.renderer.render([token], markdown.options, {})  # noqa: E731
    cards = "\n".join(card(number, *map(inline, cells[1:])) for number, cells in enumerate(rows, 1))
    around = [token for token in tokens if token.type == "inline" and token.level == 1]
    title, introduction, course = map(inline, around)
    body = f"""<h1>{title}</h1>
<p>{introduction}</p>
<div class="diagram" tabindex="0">{numbered([cells[0].content for cells in rows])}</div>
<ol class="cards">
{cards}
</ol>
<p>{course}</p>"""
    return page(
        around[0].content,
        body,
        "map.css",
        extra=f"@page {{ size: {PAPERS[paper]} landscape; margin: 7mm; }}\n",
    )


def table_rows(tokens: list[Token]) -> list[list[Token]]:
    """Return the cells of each row below the head of the table."""
    start = next(i for i, token in enumerate(tokens) if token.type == "tbody_open")
    rows: list[list[Token]] = []
    for token in tokens[start:]:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level > 1:
            rows[-1].append(token)
    return rows


def card(number: int, name: str, formula: str, code: str, lesson: str) -> str:
    """Return one card, as an item of a list."""
    return (
        f'<li><span class="lesson">{lesson}</span><b>{number} {name}</b>'
        f'<div class="formula-line">{formula}</div><div class="code">{code}</div></li>'
    )


def numbered(parts: list[str]) -> str:
    """Return the map of the network as a picture, with a number in the corner of each of these parts."""
    drawn = diagram("network")
    svg = drawn.svg
    for number, part in enumerate(parts, 1):
        corner = re.compile(rf'(<g id="{part}" class="part">.*?<rect [^>]*x="(\d+)" y="(\d+)"[^>]*/>)', re.S)
        svg = corner.sub(
            lambda found, number=number: found[1] + badge(number, *map(int, found.groups()[1:])), svg, 1
        )
    data = base64.b64encode(svg.encode()).decode("ascii")
    return f'<img alt="{html.escape(drawn.alt)}" src="data:image/svg+xml;base64,{data}">'


def badge(number: int, x: int, y: int) -> str:
    """Return a number on a disc, at the corner (x, y)."""
    style = "font: bold 10px sans-serif; fill: #ffffff"
    return (
        f'<circle cx="{x}" cy="{y}" r="8" fill="#8c3200"/>'
        f'<text x="{x}" y="{y + 3.5}" style="{style}">{number}</text>'
    )
