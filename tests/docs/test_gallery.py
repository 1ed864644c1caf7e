"""The gallery shows every figure of the catalogue, in order, from small files that are all used."""

import re
from pathlib import Path

from PIL import Image

from minimaskrcnn.viz import Chapter, catalogue_entries

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = DOCS / "images" / "gallery"
TEXT = (DOCS / "gallery.md").read_text("utf-8")
SHOWN = re.findall(r"!\[([^\]]*)\]\(images/gallery/([^)]+)\)", TEXT)


def test_every_entry_has_its_picture_in_order():
    files = [f"{entry.file}.png" for entry in catalogue_entries()]
    assert [file for _, file in SHOWN] == files
    assert sorted(path.name for path in PICTURES.iterdir()) == sorted(files)


def test_every_picture_opens_is_told_in_words_and_all_are_small():
    for alt, file in SHOWN:
        assert len(alt) > 25, file
        with Image.open(PICTURES / file) as picture:
            assert min(picture.size) > 100, file
    assert len({alt for alt, _ in SHOWN}) == len(SHOWN)
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 2_000_000


def test_headings_notes_and_calls_are_those_of_the_catalogue():
    headings = re.findall(r"^### \d+\. (.*)$", TEXT, re.MULTILINE)
    entries = catalogue_entries()
    assert headings == [entry.heading for entry in entries]
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == list(Chapter)
    for entry in entries:
        assert f"\n{entry.note}\n" in TEXT
        assert f"    viz.{entry.call}\n" in TEXT
