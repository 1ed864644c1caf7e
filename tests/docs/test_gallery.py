"""The gallery shows every figure of the catalogue, in order, from small files that are all used."""

import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from minimaskrcnn import weights
from minimaskrcnn.cli import sources
from minimaskrcnn.io import load_model
from minimaskrcnn.viz import Chapter, Example, catalogue_entries, microscope_figure, stage_figures

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.append(str(DOCS))

import make_gallery  # noqa: E402

PICTURES = DOCS / "images" / "gallery"
TEXT = (DOCS / "gallery.md").read_text("utf-8")
ENTRIES = [entry for entry in catalogue_entries() if entry.chapter is not Chapter.KEYPOINTS]
SHOWN = re.findall(r"!\[([^\]]*)\]\(images/gallery/([^)]+)\)", TEXT)


def test_every_entry_has_its_picture_in_order():
    files = [f"{entry.file}.png" for entry in ENTRIES]
    assert [file for _, file in SHOWN] == files
    assert sorted(path.name for path in PICTURES.iterdir()) == sorted(files)


def test_every_picture_opens_is_told_in_words_and_all_are_small():
    for alt, file in SHOWN:
        assert len(alt) > 25, file
        with Image.open(PICTURES / file) as picture:
            assert min(picture.size) > 100, file
    assert len({alt for alt, _ in SHOWN}) == len(SHOWN)
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 6_000_000


def test_headings_notes_and_calls_are_those_of_the_catalogue():
    headings = re.findall(r"^### \d+\. (.*)$", TEXT, re.MULTILINE)
    assert headings == [entry.heading for entry in ENTRIES]
    chapters = [chapter for chapter in Chapter if chapter is not Chapter.KEYPOINTS]
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == chapters
    for entry in ENTRIES:
        assert f"\n{entry.note}\n" in TEXT
        assert f"    viz.{entry.call}\n" in TEXT


def test_pictures_show_what_is_drawn_today():
    """A few that need no data set; `make_gallery.py --check` compares all of them."""
    model, _ = load_model(weights.path("shapes"))
    trace = model.trace(sources.sample("shapes", model, 0)[0])
    for entry, draw in stage_figures(Example(trace)).items():
        if entry.name in ("detections", "proposals", "rois-after-refinement"):
            assert make_gallery.stale_picture(entry, draw()) == []


def test_a_stale_and_a_missing_picture_are_named(monkeypatch, tmp_path):
    entry = next(entry for entry in catalogue_entries() if entry.name == "article-example")
    assert make_gallery.stale_picture(entry, microscope_figure())[0].startswith(f"{entry.file}.png is stale")
    monkeypatch.setattr(make_gallery, "PICTURES", tmp_path)
    assert make_gallery.stale_picture(entry, entry.function()) == [f"{entry.file}.png is missing"]


@pytest.mark.thorough
def test_every_picture_shows_what_is_drawn_today(capsys):
    assert make_gallery.main(["--check"]) == 0
    assert capsys.readouterr().out == "every picture shows what is drawn today\n"
