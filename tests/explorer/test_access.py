"""axe-core finds nothing: WCAG 2.2, levels A and AA, in light and dark, on a telephone and on paper."""

import pytest

from minimaskrcnn import cli, weights
from minimaskrcnn.data import Shapes
from minimaskrcnn.explorer import WORLDS, bench_page, explorer_page, world_page, write_explorer
from minimaskrcnn.io import load_model

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

VIEWS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 844}},
    "dark telephone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "paper": {"color_scheme": "light"},
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A page with objects found and lost, and the bench alone."""
    model, _ = load_model(weights.path("shapes"))
    image, target = Shapes("val")[27]
    folder = tmp_path_factory.mktemp("pages")
    explorer = write_explorer(folder / "explorer.html", explorer_page(model.trace(image), target))
    return [explorer, write_explorer(folder / "bench.html", bench_page())]


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """The page of `minimaskrcnn stages`: every figure, and a link to the explorer."""
    folder = tmp_path_factory.mktemp("stages")
    assert cli.main(["stages", "-o", str(folder), "--quiet"]) == 0
    return folder / "index.html"


@pytest.fixture
def shown(chromium):
    """`shown(path, name)` opens a page in one of the views."""
    pages = []

    def open_page(path, name):
        page = chromium.new_page(**VIEWS[name])
        pages.append(page)
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in pages:
        page.close()


@pytest.fixture
def accessible(violations):
    """`accessible(page, view)`: axe-core has nothing to say, and there is nothing to scroll sideways."""

    def look(page, view):
        page.emulate_media(media="print" if view == "paper" else "screen")
        assert violations(page) == []
        wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window
        page.emulate_media(media="screen")

    return look


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_wrong_before_and_after_a_slider_is_moved(shown, paths, accessible, name):
    for path in paths:
        page = shown(path, name)
        page.wait_for_selector("body[data-ready]")
        if page.locator(".rail").count():
            page.locator(".rail button").last.click()
            page.locator(".picture canvas").focus()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Enter")
        accessible(page, name)
        for one in page.locator("input[type=range]").all():
            one.focus()
            for key in ("End", "ArrowLeft"):
                page.keyboard.press(key)
        accessible(page, name)


@pytest.mark.parametrize("name", ["light", "dark telephone"])
def test_nothing_is_wrong_at_any_stage(shown, paths, accessible, name):
    page = shown(paths[0], name)
    page.wait_for_selector("body[data-ready]")
    for step in page.locator(".rail button").all():
        step.click()
        accessible(page, name)


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_wrong_in_a_small_world(shown, tmp_path, accessible, name):
    for world in WORLDS:
        page = shown(write_explorer(tmp_path / f"{world}.html", world_page(world)), name)
        page.wait_for_selector("body[data-ready]")
        accessible(page, name)


@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_wrong_on_the_page_of_all_figures(shown, stages, accessible, name):
    accessible(shown(stages, name), name)


def test_motion_stops_where_the_reader_wants_none(chromium, paths):
    moving = "getComputedStyle(document.querySelector('.bar')).transitionDuration"
    for wish, expected in (("reduce", "0s"), ("no-preference", "0.15s")):
        page = chromium.new_page(reduced_motion=wish)
        page.goto(paths[0].as_uri())
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate(moving) == expected
        page.close()
