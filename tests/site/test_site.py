"""The site, built as `make site` does, in Chromium: nothing foreign, nothing broken, nothing out of reach."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

REPO = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.browser, pytest.mark.thorough]

KINDS = {
    "landing page": "index.html",
    "door": "course.html",
    "notebook": "notebooks/07_roipool_against_roialign.html",
    "guide": "docs/your_own_data.html",
    "reference": "api/ops.html",
    "commands": "api/commands.html",
    "settings": "docs/settings.html",
    "gallery": "docs/gallery.html",
    "instructors": "docs/instructors/questions.html",
    "live": "live/nms.html",
    "changelog": "CHANGELOG.html",
    "source": "_modules/minimaskrcnn/detection/nms.html",
}
VIEWS = {
    "light": {"viewport": {"width": 1440, "height": 900}},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 844}},
}
LINKS = re.compile(r"""<(?:a|img|link|script|iframe)\b[^>]*?\b(?:href|src)=["']([^"']+)["']""")
ANCHORS = re.compile(r"""\b(?:id|name)=["']([^"']+)["']""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site; Sphinx takes every warning for an error."""
    pytest.importorskip("sphinx", reason="needs the `docs` extra")
    output = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, str(REPO / "docs" / "site" / "build.py"), "-o", str(output)]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=REPO, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    return output


def opened(chromium, site, page, view):
    """A page that has loaded, and the addresses that it asked for."""
    asked = []
    window = chromium.new_page(**VIEWS[view])
    window.on("request", lambda request: asked.append(request.url))
    window.goto(f"{site.as_uri()}/{page}")
    window.wait_for_load_state("networkidle")
    return window, asked


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_nobody_fits_and_is_accessible(chromium, violations, site, kind, view):
    window, asked = opened(chromium, site, KINDS[kind], view)
    assert [url for url in asked if urlsplit(url).scheme not in ("file", "data", "blob")] == []
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(window) == []
    window.close()


def test_every_link_inside_the_site_leads_somewhere(site):
    anchors, lost = {}, []
    for page in sorted(set(site.rglob("*.html")) - set((site / "_static").rglob("*.html"))):
        for link in LINKS.findall(page.read_text("utf-8")):
            address = urlsplit(unescape(link))
            if address.scheme or address.netloc:
                continue
            target = (page.parent / unquote(address.path)).resolve() if address.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                lost.append(f"{page.relative_to(site)}: {link}")
            elif address.fragment and target.suffix == ".html":
                known = anchors.setdefault(target, set(ANCHORS.findall(target.read_text("utf-8"))))
                if unquote(address.fragment) not in known:
                    lost.append(f"{page.relative_to(site)}: {link}")
    assert lost == []


def test_search_finds_an_operator(chromium, site):
    window, _ = opened(chromium, site, "search.html?q=roi_align", "light")
    window.wait_for_selector("#search-results a")
    found = window.eval_on_selector_all(
        "#search-results a", "links => links.map(link => link.getAttribute('href'))"
    )
    assert any("api/ops.html" in link for link in found)
    window.close()


def test_formulas_are_set_and_the_explorer_answers(chromium, site):
    window, _ = opened(chromium, site, KINDS["notebook"], "light")
    window.wait_for_selector("mjx-container svg")
    window.goto((site / "live" / "explorer.html").as_uri())
    frame = window.frame_locator("iframe.live")
    frame.locator("body[data-ready]").wait_for()
    assert frame.locator("input[type=range]").count() > 5
    window.close()


def test_every_public_name_is_in_the_reference(site):
    import minimaskrcnn

    for room in minimaskrcnn.__all__:
        page = (site / "api" / f"{room}.html").read_text("utf-8")
        for name in getattr(getattr(minimaskrcnn, room), "__all__", []):
            anchor = f'id="minimaskrcnn.{room}.{name}"'
            assert anchor in page or f'id="module-minimaskrcnn.{room}.{name}"' in page, f"{room}.{name}"
