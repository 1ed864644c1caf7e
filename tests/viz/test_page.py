"""The page of all figures: numbered pictures in order, words for each, nothing asked of the network."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.errors import InputError
from minimaskrcnn.viz.page import EXPLORER, PAGE, page_text


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.sentences = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_folder_holds_a_numbered_picture_for_each_figure_and_one_page(written):
    folder, drawn = written
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(one.file for one in drawn), PAGE, EXPLORER]
    )
    for one in drawn:
        assert re.fullmatch(r"\d\d-[a-z-]+\.png", one.file)
        with Image.open(folder / one.file) as image:
            assert image.info["Description"] == one.alt
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_the_page_is_whole_and_asks_the_network_for_nothing(written):
    folder, drawn = written
    page = Page((folder / PAGE).read_text("utf-8"))
    assert page.open == []
    assert [image["alt"] for image in page.all("img")] == [one.alt for one in drawn]
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    links = [link["href"] for link in page.all("a")]
    assert {link for link in links if link.endswith(".png")} == {one.file for one in drawn}  # at full size
    jumps = {link[1:] for link in links if link.startswith("#")}
    assert jumps == {figure["id"] for figure in page.all("figure")}
    assert {link for link in links if link[0] != "#"} == {*(one.file for one in drawn), EXPLORER}
    assert not page.all("script") + page.all("link") + page.all("iframe")
    assert "url(" not in (folder / PAGE).read_text("utf-8").split("</style>")[0]


def test_words_are_escaped_and_borrowed_truth_is_said_at_each_figure(written):
    folder, drawn = written
    text = (folder / PAGE).read_text("utf-8")
    assert "A &lt;page&gt;" in text
    assert "a &amp; b" in text
    assert text.count("of another picture") == sum(one.entry.compares_with_truth for one in drawn)
    assert "Left out, because this run has nothing to draw them from" in text


def test_every_alternative_text_is_a_sentence_of_its_own(written):
    _, drawn = written
    alts = [one.alt for one in drawn]
    assert len(set(alts)) == len(alts)
    assert all(len(alt) > 25 and alt.endswith(".") for alt in alts)


def only(trace, *names):
    """The figures of these names."""
    return {e: draw for e, draw in viz.stage_figures(viz.Example(trace)).items() if e.name in names}


def test_a_second_run_replaces_the_first_and_leaves_other_files_alone(trace, tmp_path, monkeypatch):
    keep = only(trace, "proposals", "input")
    monkeypatch.setattr("minimaskrcnn.viz.page.stage_figures", lambda example: keep)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "44-mask-steps.png").write_text("of an earlier run")
    viz.write_page(viz.Example(trace), tmp_path, "t", {})
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"notes.txt", PAGE, EXPLORER, *(f"{entry.file}.png" for entry in keep)}


def test_a_figure_that_fails_leaves_the_folder_as_it_was(trace, tmp_path, monkeypatch):
    two = only(trace, "proposals", "input")

    def fail(entry):
        if entry.name == "input":
            raise KeyboardInterrupt

    monkeypatch.setattr("minimaskrcnn.viz.page.stage_figures", lambda example: two)
    with pytest.raises(KeyboardInterrupt):
        viz.write_page(viz.Example(trace), tmp_path / "out", "t", {}, on_figure=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(trace, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="out is a file; name a folder"):
        viz.write_page(viz.Example(trace), tmp_path / "out", "t", {})


def test_a_file_name_that_is_no_text_is_shown_with_escapes():
    page = page_text([], Path(), "\x1b[31m", {"picture": "caf\udce9<b>.png"})
    assert r"caf\udce9&lt;b&gt;.png" in page
    assert page.encode("utf-8").isascii()
    assert "\x1b" not in page


def test_next_and_back_lead_from_figure_to_figure(written):
    folder, drawn = written
    text = (folder / PAGE).read_text("utf-8")
    figures = re.findall(r'<figure id="([^"]*)">(.*?)</figure>', text, re.DOTALL)
    order = [name for name, _ in figures]
    assert len(order) == len(drawn)
    for place, (_, figure) in enumerate(figures):
        links = re.findall(r'<a href="#([^"]*)">(Back|Next):', figure)
        expected = [(order[place - 1], "Back")] if place else []
        expected += [(order[place + 1], "Next")] if place + 1 < len(order) else []
        assert links == expected


def test_the_explorer_beside_the_page_is_of_the_picture_shown(written):
    folder, _ = written
    text = (folder / EXPLORER).read_text("utf-8")
    assert "Mask R-CNN explored: a &amp; b" in text
    assert '"truth": {"boxes"' in text
