"""Text drawn as it is written: no dollar sign starts mathematics, no character becomes an empty box.

The names in a figure come from other people: `$100_$200` is no formula, and the font of Matplotlib has no 猫.
`plain_panel` is called where a panel gets its headline, when all its text is there, and `name_ticks` where
names are written at an axis. Numbers at an axis stay as Matplotlib writes them: powers are formulas.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text

from minimaskrcnn.errors import printable

FALLBACKS = (
    *(
        "Noto Sans CJK JP",
        "Noto Sans CJK SC",
        "Noto Sans SC",
        "Noto Sans JP",
        "Noto Sans KR",
        "Droid Sans Fallback",
    ),
    *(
        "Source Han Sans",
        "WenQuanYi Zen Hei",
        "WenQuanYi Micro Hei",
        "IPAGothic",
        "IPAexGothic",
        "NanumGothic",
    ),
    *("Microsoft YaHei", "SimHei", "Yu Gothic", "MS Gothic", "Malgun Gothic", "Nirmala UI", "Leelawadee UI"),
    *("PingFang SC", "PingFang HK", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo"),
    *("Arial Unicode MS", "Noto Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Symbola", "Unifont"),
)  # families of Linux, Windows and macOS that hold what Matplotlib's own font lacks
LONGEST_WORD = 24  # letters of a character's Unicode name that is written in its place


def plain_panel(ax: Axes) -> None:
    """Draw every text of the axes as it is written, apart from the numbers at its axes."""
    legend = ax.get_legend()
    named = [] if legend is None else legend.get_texts()
    for text in [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts, *named]:
        plain(text)


def plain(text: Text) -> None:
    """Draw one text as it is written, with a font or a word for each character that its own font lacks."""
    text.set_parse_math(False)
    text.set_usetex(False)
    words, families = drawable(text.get_text(), text.get_fontproperties())
    text.set_text(words)
    text.set_fontfamily(families)


def name_ticks(axis: Axis, names: Sequence[str], **look: Any) -> None:
    """Write names at 0, 1, 2, ... of an axis, as they are written; `look` goes to the labels."""
    font = FontProperties()
    shown = [drawable(name, font) for name in names]
    axis.set_ticks(
        np.arange(len(names)), [words for words, _ in shown], parse_math=False, usetex=False, **look
    )
    for label, (_, families) in zip(axis.get_ticklabels(), shown, strict=True):
        label.set_fontfamily(families)


def drawable(text: str, font: FontProperties) -> tuple[str, list[str]]:
    r"""`text` with a word for each character that no font here has, and the font families that draw it.

    Examples
    --------
    >>> drawable("a $ sign\x07", FontProperties(family="DejaVu Sans"))
    ('a $ sign\\x07', ['DejaVu Sans'])
    """
    families = list(font.get_family())
    text = "\n".join(printable(line) for line in text.split("\n"))
    if text.isascii():
        return text, families
    drawn = []
    for character in text:
        family = _family_of(character, tuple(families))
        drawn.append(_word(character) if family is None else character)
        if family is not None and family not in families:
            families.append(family)
    return "".join(drawn), families


@lru_cache(maxsize=4096)
def _family_of(character: str, families: tuple[str, ...]) -> str | None:
    """The first family that has the character: one of `families`, or else an installed fallback."""
    if character.isspace():
        return families[0]
    installed = {font.name for font in fontManager.ttflist}
    others = [family for family in FALLBACKS if family in installed]
    return next((family for family in [*families, *others] if _has(family, character)), None)


def _has(family: str, character: str) -> bool:
    try:
        font = findfont(FontProperties(family=[family]), fallback_to_default=False)
    except ValueError:  # a family of the user's settings that is not installed
        return False
    return get_font(font).get_char_index(ord(character)) != 0


def _word(character: str) -> str:
    """The Unicode name of a character if it is short, as those of most emoji are; otherwise its number.

    >>> _word("🐈"), _word("猫")
    ('[cat]', '[U+732B]')
    """
    name = unicodedata.name(character, "").lower()
    numbered = not name or len(name) > LONGEST_WORD or name.startswith("cjk")
    return f"[U+{ord(character):04X}]" if numbered else f"[{name}]"
