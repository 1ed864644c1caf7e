"""The slides: every deck parses, every picture exists and is told in words, nothing is loaded."""

import base64
import csv
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.boxes import box_iou, boxes_from_masks
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.errors import InputError
from minimaskrcnn.evaluation.curves import sample_curve
from minimaskrcnn.exercises.catalogue import exercise_names
from minimaskrcnn.viz.diagrams import diagram

REPO = Path(__file__).resolve().parents[2]
INSTRUCTORS = REPO / "docs" / "instructors"
sys.path.append(str(INSTRUCTORS))

pytest.importorskip("markdown_it", reason="needs the `slides` extra")
import make_slides  # noqa: E402
import one_page_map  # noqa: E402
import slide_deck  # noqa: E402

DECKS = sorted((INSTRUCTORS / "slides").glob("lab_*.md"))


@pytest.fixture(scope="module", params=DECKS, ids=lambda path: path.stem)
def deck(request):
    """One deck, parsed."""
    return slide_deck.Deck(request.param)


def test_a_deck_has_the_length_of_a_lesson_and_every_slide_a_heading_and_notes(deck):
    assert 15 <= len(deck.slides) <= 26
    assert all(slide.title for slide in deck.slides)
    assert [slide.title for slide in deck.slides if not slide.notes] == []


def test_a_question_has_four_choices_and_an_answer_on_the_next_slide(deck):
    questions = [i for i, slide in enumerate(deck.slides) if slide.title.startswith("Question")]
    assert len(questions) >= 3
    for i in questions:
        assert deck.slides[i].text.count("<li>") == 4, deck.slides[i].title
        assert re.search(r"<strong>[A-D]</strong>", deck.slides[i + 1].text), deck.slides[i].title


def test_every_picture_is_told_in_words(deck):
    pictures = re.findall(r"<img[^>]*>", "".join(slide.pictures for slide in deck.slides))
    assert len(pictures) >= 6
    for picture in pictures:
        assert len(re.search(r'alt="([^"]*)"', picture)[1]) > 25


def test_a_page_loads_nothing(deck):
    page = slide_deck.slides_page(deck)
    loaded = re.findall(r"""\b(?:src|href|poster|data)=["']?([^"'\s>]+)|url\(([^)]*)\)|@import""", page)
    assert all(address.startswith("data:") for address, _ in loaded)
    assert "default-src 'none'" in page
    assert len(page) < 2_000_000


def test_a_formula_is_one_outline_with_a_name():
    drawn = slide_deck.formula(r"\frac{a}{b} < 1")
    assert 'role="img" aria-label="\\frac{a}{b} &lt; 1"' in drawn
    assert drawn.count("<path") == 1
    assert "NaN" not in drawn


def test_a_slide_is_cut_at_rules_and_at_its_notes(tmp_path):
    source = tmp_path / "deck.md"
    source.write_text("# One\n\ntext $x$\n\nNotes:\n\nsay it\n\n---\n\n## Two & <i>\n\n- a\n", "utf-8")
    first, second = slide_deck.Deck(source).slides
    assert (first.title, second.title) == ("One", "Two & <i>")
    assert "say it" in first.notes
    assert "say it" not in first.text
    assert "formula" in first.text
    assert second.notes == second.pictures == ""


def test_a_missing_picture_and_an_unknown_part_are_refused(tmp_path):
    source = tmp_path / "deck.md"
    source.write_text("# One\n\n![nothing](none.png)\n", "utf-8")
    with pytest.raises(FileNotFoundError):
        slide_deck.Deck(source)
    source.write_text("# One\n\n![a map](network.svg#nowhere)\n", "utf-8")
    with pytest.raises(InputError, match="nowhere"):
        slide_deck.Deck(source)


def test_without_a_browser_the_pages_are_written_and_one_sentence_says_what_to_install(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(make_slides, "OUT", tmp_path)
    monkeypatch.setattr(make_slides, "REPO", tmp_path)
    monkeypatch.setattr(make_slides, "browser", lambda: None)
    assert make_slides.main(["lab_a"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["lab_a.html"]
    assert "install Chromium" in capsys.readouterr().err


def test_the_map_names_every_part_of_the_network_files_that_exist_and_every_notebook():
    tokens = slide_deck.reader().parse((slide_deck.SOURCES / "map.md").read_text("utf-8"))
    rows = [[cell.content for cell in row] for row in one_page_map.table_rows(tokens)]
    parts = re.findall(r'<g id="(\w+)" class="part">', diagram("network").svg)
    assert sorted(row[0] for row in rows) == sorted(parts)
    files = [name for row in rows for name in row[3].split(", ")]
    assert [name for name in files if not (REPO / "minimaskrcnn" / name).is_file()] == []
    lessons = {lesson for row in rows for lesson in row[4].split(", ")}
    assert lessons == {path.name[:2] for path in (REPO / "notebooks").glob("*.ipynb")}
    assert all("$" in row[2] for row in rows)


@pytest.mark.parametrize("paper", one_page_map.PAPERS)
def test_the_map_has_a_number_and_a_card_for_each_part_and_loads_nothing(paper):
    page = one_page_map.map_page(slide_deck.SOURCES / "map.md", paper)
    picture = base64.b64decode(re.search(r"data:image/svg\+xml;base64,([^\"]+)", page)[1]).decode()
    assert picture.count("<circle") == page.count("<li>") == 15
    assert f"size: {one_page_map.PAPERS[paper]} landscape" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)


def test_every_exercise_that_is_named_exists():
    named = {
        name
        for path in DECKS
        for line in path.read_text("utf-8").splitlines()
        for name in re.findall(r"`(\w+)`", line) + re.findall(r"exercises\.\w+\.(\w+)", line)
        if re.search(r"[Ee]xercise|quiz", line)
    }
    assert {"iou", "nms", "roi_align", "four_logs"} <= named <= set(exercise_names())


def written(name):
    return (slide_deck.SOURCES / f"{name}.md").read_text("utf-8")


def row(label, values, form=".2f"):
    """One row of a table in markdown."""
    return " | ".join([f"| {label}", *(format(value, form) for value in values)]) + " |"


def test_what_lab_a_says_of_boxes_is_so():
    true = np.array([[0.0, 0.0, side, side] for side in (8, 16, 32, 128)])
    moved = [box_iou(box[None], box[None] + 2)[0, 0] for box in true]
    assert row("IoU if the box is off by two pixels, right and down", moved) in written("lab_a")
    half = box_iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2]]))
    assert half[0, 0] == pytest.approx(1 / 3)
    mask = np.zeros((1, 4, 8), bool)
    mask[0, 1, 2:5] = True
    assert str(boxes_from_masks(mask)[0].astype(int).tolist())[1:-1] in written("lab_a")


def test_the_boxes_of_lab_a_survive_as_it_says():
    table = re.findall(r"^\| (\d) \| (0\.\d+) \| (.*) \|$", written("lab_a"), re.M)
    scores = np.array([float(score) for _, score, _ in table])
    overlaps = np.array([[float(cell) for cell in cells.split(" | ")] for *_, cells in table])
    kept, left = [], np.argsort(-scores)
    while len(left):
        kept.append(int(left[0]))
        left = left[1:][overlaps[left[0], left[1:]] <= 0.5]
    assert kept == [1, 2, 4]
    levels = AnchorGenerator(sizes=((20,), (32,), (48,)))((128, 128), [(32, 32), (16, 16), (8, 8)])
    assert f"{sum(map(len, levels)):,}" == "4,032"


def test_what_lab_b_says_of_levels_and_of_training_is_so():
    for canonical in (112, 224):
        sides = np.array([20.0, 30, 60, 120, 240])
        boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
        level = LevelMapper(2, 4, canonical_scale=canonical)(boxes)
        assert row(f"$s_0 = {canonical}$", [f"P{k + 2}" for k in level], "") in written("lab_b")
    with (REPO / "docs" / "results" / "roi_lab" / "operators" / "summary.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["measure"] == "mask_AP"]
    gains = [row for row in rows if row["what"].startswith("minus")]
    assert len(gains) == 4
    for gain in gains:
        mean, low, high = (100 * float(gain[key]) for key in ("mean", "low", "high"))
        assert f"{mean:+.1f}" in written("lab_b")
        assert f"[{low:+.1f}, {high:+.1f}]" in written("lab_b")


def test_the_list_of_lab_c_has_the_precision_recall_and_ap_that_it_says():
    right = np.array([True, False, True, False, False])
    hits = right.cumsum()
    assert row("precision", hits / np.arange(1, 6)) in written("lab_c")
    assert row("recall", hits / 3) in written("lab_c")
    curve, _ = sample_curve(right[None], ~right[None], objects=3)
    assert f"= {curve.mean():.3f}$" in written("lab_c")
