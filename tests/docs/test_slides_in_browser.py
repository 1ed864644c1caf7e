"""The slides in Chromium: no request, no overflow, keys turn them, axe-core finds nothing."""

import sys
from pathlib import Path

import pytest

INSTRUCTORS = Path(__file__).resolve().parents[2] / "docs" / "instructors"
sys.path.append(str(INSTRUCTORS))

pytest.importorskip("markdown_it", reason="needs the `slides` extra")
import make_slides  # noqa: E402
import one_page_map  # noqa: E402
import slide_deck  # noqa: E402

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SCREEN = {"width": 1280, "height": 720}
VIEWS = {
    "light": {"viewport": SCREEN},
    "dark": {"viewport": SCREEN, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 844}},
    "dark telephone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
TOO_LARGE = """() => [...document.querySelectorAll(".screen, .body, .text")]
    .filter((part) => part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1)
    .map((part) => `${part.className} of ${part.closest(".slide").id}`)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Every deck as a file, and the map for each paper."""
    folder = tmp_path_factory.mktemp("slides")
    paths = []
    for source in sorted(slide_deck.SOURCES.glob("lab_*.md")):
        paths.append(folder / f"{source.stem}.html")
        paths[-1].write_text(slide_deck.slides_page(slide_deck.Deck(source)), "utf-8")
    for paper in one_page_map.PAPERS:
        paths.append(folder / f"map_{paper}.html")
        paths[-1].write_text(one_page_map.map_page(slide_deck.SOURCES / "map.md", paper), "utf-8")
    return paths


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_overflows_nothing_is_asked_for_and_axe_finds_nothing(chromium, violations, pages, view):
    for path in pages:
        page = chromium.new_page(**VIEWS[view])
        asked, wrong = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, wrong=wrong: wrong.append(message.text))
        page.goto(path.as_uri())
        assert page.evaluate(TOO_LARGE) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert wrong == []
        page.keyboard.press("n")
        assert violations(page) == []
        page.close()


def test_keys_turn_the_slides_and_show_the_notes(chromium, pages):
    page = chromium.new_page(viewport=SCREEN)
    page.goto(pages[0].as_uri())
    place = "[location.hash, Math.round(scrollY / innerHeight)]"
    for key, expected in (("ArrowRight", 1), (" ", 2), ("PageDown", 3), ("ArrowLeft", 2), ("Home", 0)):
        page.keyboard.press(key)
        assert page.evaluate(place) == [f"#s{expected + 1}", expected]
    page.keyboard.press("End")
    assert page.evaluate("location.hash") == f"#s{page.locator('.slide').count()}"
    assert not page.locator("aside").last.is_visible()
    page.keyboard.press("n")
    assert page.locator("aside").last.is_visible()
    page.close()


def test_a_deck_prints_one_page_per_slide_and_a_map_one_page(pages, tmp_path):
    program = make_slides.browser()
    if program is None:
        pytest.skip("needs chromium: apt-get install chromium")
    for source, expected in (
        (pages[0], pages[0].read_text("utf-8").count("<section")),
        (pages[-1], 1),
        (pages[-2], 1),
    ):
        pdf = tmp_path / f"{source.stem}.pdf"
        make_slides.print_pdf(program, source.as_uri(), pdf)
        assert pdf.read_bytes().count(b"/Type /Page\n") == expected
