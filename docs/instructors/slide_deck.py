"""A deck in markdown becomes slides, and slides become one HTML page that needs nothing from outside.

A line `---` begins a slide; `Notes:` alone on a line begins the speaker's notes. A picture is an ordinary
link: a PNG is embedded as it is, and `network.svg#rpn` is the package's diagram, marked at that part.
Formulas between dollars become outlines, which need no font and no script.
"""

import base64
import html
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image

from minimaskrcnn.viz.diagrams import diagram

SOURCES = Path(__file__).resolve().parent / "slides"
WIDE = 1.6  # a picture that is wider than this, in heights, stands below the text instead of beside it

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
<main>
{body}
</main>
<script>
{script}</script>
</html>
"""


@dataclass(frozen=True)
class Slide:
    """One slide as HTML: its heading, text, pictures and the speaker's notes."""

    heading: str
    text: str
    pictures: str
    notes: str
    wide: bool

    @property
    def title(self) -> str:
        """The heading without tags."""
        return html.unescape(re.sub(r"<[^>]+>", "", self.heading)).strip()

    def layout(self, first: bool) -> str:
        """The classes that place the parts of the slide."""
        place = "plain" if not self.pictures else "stacked" if self.wide or not self.text else "beside"
        kind = "cover" if first else "question" if self.title.startswith("Question") else ""
        return f"slide {place} {kind}".strip()


def formula(tex: str, options: dict | None = None) -> str:
    """Return a formula as one outlined path, 100 units to the em, that has the colour of its text."""
    outline = TextPath((0, 0), f"${tex}$", size=100, prop=FontProperties(math_fontfamily="stix"))
    points = outline.vertices[outline.codes != Outline.CLOSEPOLY]
    (left, bottom), (right, top) = points.min(axis=0) - 4, points.max(axis=0) + 4
    letters = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
    drawn = "".join(
        "Z" if code == Outline.CLOSEPOLY
        else letters[code] + " ".join(f"{x:.0f} {-y:.0f}" for x, y in piece.reshape(-1, 2))
        for piece, code in outline.iter_segments(simplify=False)
    )  # fmt: skip
    view = f"{left:.0f} {-top:.0f} {right - left:.0f} {top - bottom:.0f}"
    width, height, depth = (f"{length / 100:.2f}em" for length in (right - left, top - bottom, bottom))
    size = f"width:{width};height:{height};vertical-align:{depth}"
    named = f'role="img" aria-label="{html.escape(tex)}"'
    return f'<svg class="formula" {named} viewBox="{view}" style="{size}"><path d="{drawn}"/></svg>'


def embedded(source: str, folder: Path) -> tuple[str, float]:
    """Return a picture as a data URI, and its width in heights; the path is relative to the deck."""
    name, _, part = source.partition("#")
    path = folder / name
    if path.suffix == ".svg":
        svg = diagram(path.stem, *part.split("+")).svg if part else diagram(path.stem).svg
        _, _, width, height = map(float, re.search(r'viewBox="([^"]*)"', svg)[1].split())
        return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}", width / height
    data = path.read_bytes()
    width, height = Image.open(io.BytesIO(data)).size
    return f"data:image/png;base64,{base64.b64encode(data).decode()}", width / height


def reader() -> MarkdownIt:
    """Return a reader of markdown with tables and formulas."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin, renderer=formula)


class Deck:
    """A markdown file, cut into slides."""

    def __init__(self, path: Path):
        self.path = path
        self.markdown = reader()
        self.slides = [self._slide(part) for part in cut(self.markdown.parse(path.read_text("utf-8")))]

    @property
    def title(self) -> str:
        """The heading of the first slide."""
        return self.slides[0].title

    def _slide(self, tokens: list[Token]) -> Slide:
        tokens, notes = at_notes(tokens)
        heading, pictures, text, aspects = [], [], [], []
        for block in blocks(tokens):
            images = pictures_of(block)
            for image in images:
                image.attrs["src"], aspect = embedded(image.attrs["src"], self.path.parent)
                aspects.append(aspect)
            (heading if block[0].type == "heading_open" else pictures if images else text).extend(block)
        parts = (self._html(part) for part in (heading, text, pictures, notes))
        return Slide(*parts, wide=sum(aspects) > WIDE)

    def _html(self, tokens: list[Token]) -> str:
        return self.markdown.renderer.render(tokens, self.markdown.options, {})


def cut(tokens: list[Token]) -> Iterable[list[Token]]:
    """Cut the tokens of a deck at its rules, `---`."""
    rules = [i for i, token in enumerate(tokens) if token.type == "hr" and token.level == 0]
    for start, stop in zip([-1, *rules], [*rules, len(tokens)], strict=True):
        yield tokens[start + 1 : stop]


def blocks(tokens: list[Token]) -> Iterable[list[Token]]:
    """Yield the blocks of a slide: paragraph, list, table, code, heading."""
    block: list[Token] = []
    for token in tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield block
            block = []


def at_notes(tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """Divide the tokens of a slide at the paragraph `Notes:`."""
    for i, token in enumerate(tokens):
        if token.type == "inline" and token.content == "Notes:":
            return tokens[: i - 1], tokens[i + 2 :]
    return tokens, []


def pictures_of(block: list[Token]) -> list[Token]:
    """Return the images of a paragraph that holds nothing else."""
    children = block[1].children or [] if block[0].type == "paragraph_open" else []
    images = [child for child in children if child.type == "image"]
    return images if len(images) == len([c for c in children if c.type != "softbreak"]) else []


def slides_page(deck: Deck) -> str:
    """Return a deck as one HTML page."""
    sections = [section(deck, number) for number in range(1, len(deck.slides) + 1)]
    return page(deck.title, "\n".join(sections), "slides.css", "slides.js")


def section(deck: Deck, number: int) -> str:
    """Return one slide of a page, counted from 1."""
    slide, place = deck.slides[number - 1], f"{number} / {len(deck.slides)}"
    text = f'<div class="text">\n{slide.text}</div>' if slide.text else ""
    pictures = f'<div class="pictures" tabindex="0">\n{slide.pictures}</div>' if slide.pictures else ""
    notes = f'<aside aria-label="Notes, {place}">\n{slide.notes}</aside>' if slide.notes else ""
    return f"""\
<section class="{slide.layout(number == 1)}" id="s{number}" tabindex="-1" aria-label="{place}">
<div class="screen">
{slide.heading}<div class="body">{text}{pictures}</div>
<p class="foot">{html.escape(deck.title)} · {place}</p>
</div>
{notes}
</section>"""


def page(title: str, body: str, style: str, script: str = "", extra: str = "") -> str:
    """Return a page with its style and script inside; `extra` is added to the style."""
    css = (SOURCES / style).read_text("utf-8") + extra
    code = (SOURCES / script).read_text("utf-8") if script else ""
    return PAGE.format(title=html.escape(title), style=css, body=body, script=code)
