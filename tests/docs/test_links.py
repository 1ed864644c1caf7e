"""Every link of a page to a file of the repository, or to a heading, leads somewhere."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
WRITTEN = [*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md"), *(REPO / "benchmarks").rglob("*.md")]
# The doors of the site are copied beside docs/ when it is built; Sphinx follows their links (tests/site).
PAGES = sorted(page for page in WRITTEN if "doors" not in page.parts)
CODE = re.compile(r"^( *)```.*?^\1```|^(?: {4}.*\n)+|`[^`\n]+`", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page):
    """The anchors that a code host gives to the headings of a page."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken(page):
    """The links of a page that lead nowhere."""
    for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPO).as_posix())
def test_every_link_leads_somewhere(page):
    assert not list(broken(page))


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n\n[here](#a-heading) [there](#no-heading) [file](none.md) `[code](none)`\n", "utf-8"
    )
    assert list(broken(page)) == ["#no-heading", "none.md"]
