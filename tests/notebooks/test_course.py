"""The course: its order, what each notebook says at its head and its foot, and the words it explains."""

import re

import build
import pytest

from minimaskrcnn import notebooks

FOLDER = build.HERE
GLOSSARY = (FOLDER.parent / "docs" / "glossary.md").read_text("utf-8")
SOURCES = {source.name[:2]: source for source in build.sources([])}
ROW = re.compile(
    r"^\| (?P<lesson>\d+|beside 10) \| \[(\d\d) [^]]*\]\((?P<file>[\w.]+)\) \| .* \| (?P<minutes>\d+) \|$"
)
ROWS = [row for line in (FOLDER / "README.md").read_text("utf-8").splitlines() if (row := ROW.match(line))]
LESSONS = [row for row in ROWS if row["lesson"].isdigit()]
CELLS = {number: notebooks.read_cells(source) for number, source in SOURCES.items()}
TEXTS = {number: "\n".join(cell.text for cell in cells) for number, cells in CELLS.items()}
EVERY = pytest.mark.parametrize("number", SOURCES)


def test_nms_comes_before_its_use_and_average_precision_too():
    order = [row["file"][:2] for row in LESSONS]
    assert order == ["00", "01", "06", "03", "04", "05", "07", "08", "11", "09", "10"]
    assert {row["file"][:2] for row in ROWS} == set(SOURCES)


@pytest.mark.parametrize("place", range(len(LESSONS)))
def test_a_lesson_knows_its_place_and_its_neighbours(place):
    row = LESSONS[place]
    head = TEXTS[row["file"][:2]][:3000]
    assert f"Lesson {row['lesson']} of {len(LESSONS)}; {row['minutes']} minutes." in head
    for word, neighbour in (("Before", place - 1), ("Next", place + 1)):
        if 0 <= neighbour < len(LESSONS):
            assert re.search(rf"{word}: \[[^]]*\]\({re.escape(LESSONS[neighbour]['file'])}\)", head)


@EVERY
def test_a_notebook_says_what_it_needs_and_what_it_gives(number):
    text = TEXTS[number]
    for part in ("**You need**", "**You will be able to**", "## What to remember", "## What you can now do"):
        assert text.count(part) == 1, part
    assert 'viz.diagram("network"' in text
    assert "[glossary](../docs/glossary.md)" in text


@EVERY
def test_what_there_is_to_try_has_an_answer(number):
    tried = TEXTS[number].count("**Try it.**")
    answers = [cell for cell in CELLS[number] if "solution" in cell.tags and "Try it" in cell.text]
    assert tried == len(answers) == 1


@EVERY
def test_a_question_is_followed_by_the_cell_to_run(number):
    for cell, after in zip(CELLS[number], CELLS[number][1:], strict=False):
        if "\n**Predict.**" in f"\n{cell.text}":
            assert after.kind == "code", cell.id


@EVERY
def test_links_between_notebooks_lead_somewhere(number):
    for link in re.findall(r"\]\((\w+\.ipynb)\)", TEXTS[number]):
        assert (FOLDER / "src" / link).with_suffix(".py").is_file(), link


def test_a_word_of_the_glossary_stands_in_the_notebook_that_is_said_to_explain_it():
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([\d, ]+) \|$", GLOSSARY, re.MULTILINE)
    assert len(rows) > 40
    for words, numbers in rows:
        word = re.split(r",| \(", words)[0].lower()
        for number in numbers.split(", "):
            assert word in TEXTS[number].lower(), f"{word!r} is not in notebook {number}"
