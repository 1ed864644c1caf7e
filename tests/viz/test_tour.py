"""The tour holds every figure of the catalogue once, in its order, and leaves out what has no subject."""

import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.errors import InputError
from minimaskrcnn.viz.catalogue import CATALOGUE, NEED_TRUTH, NUMBERS
from minimaskrcnn.viz.page import PAGE
from minimaskrcnn.viz.stages import stage_figures

# The steps of the classic notebooks, in their order.
STEPS = [
    "detections", "precision-recall", "truth", "average-precision", "anchor-matches", "top-anchors",
    "refined", "rpn-nms", "proposals", "recall", "detection-boxes", "roi-classes", "rois-before-refinement",
    "rois-after-refinement", "filters", "nms-by-class", "after-nms", "mask-targets", "mask-probabilities",
    "pasted-masks", "input", "features", "rpn-deltas", "proposal-corners",
]  # fmt: skip
ENTRIES = [entry for chapter in CATALOGUE for entry in chapter.entries]


@pytest.fixture(scope="module")
def subject(trace, target, class_names):
    return viz.Subject(
        trace,
        class_names,
        viz.Truth(trace, target),
        samples=[(trace["input"], target)],
        log=[{"step": 1, "loss": 2.0}],
    )


def test_the_catalogue_begins_with_the_24_steps_in_order():
    assert [name for name, number in NUMBERS.items() if number <= 24] == STEPS
    assert len(NUMBERS) == len(ENTRIES)  # no name twice


def test_every_entry_has_a_heading_of_its_own_and_a_note_that_is_a_sentence():
    assert len({entry.heading for entry in ENTRIES}) == len(ENTRIES)
    assert all(entry.note.endswith(".") and len(entry.note) > 25 for entry in ENTRIES)


def test_the_call_that_draws_it_names_a_public_function():
    assert {entry.call.partition("(")[0] for entry in ENTRIES} <= set(viz.__all__)


def test_every_stage_figure_is_in_the_catalogue_or_part_of_one(trace, class_names, target):
    apart = set(stage_figures(trace, class_names, target)) - set(NUMBERS)
    assert {name for name in apart if not name.startswith("features-")} == {"refined-anchors", "clipped"}


def test_the_tour_goes_by_number(subject):
    plates = viz.tour(subject)
    numbers = [plate.number for plate in plates]
    assert numbers == sorted(numbers)
    assert len(plates) > 35
    assert all(plate.file == f"{NUMBERS[plate.entry.name]:02}-{plate.entry.name}" for plate in plates)


def test_without_truth_data_and_model_only_the_trace_is_shown(trace):
    names = {plate.entry.name for plate in viz.tour(viz.Subject(trace))}
    assert "proposals" in names
    assert not names & {"truth", "recall", "why-missed", "precision-recall", "samples", "weight-table"}
    assert "mask-steps" in names  # its first three panels need no truth


def test_truth_may_be_that_of_another_picture(make_trace, trace, target):
    other = make_trace(60, 60, [])
    (plate,) = [
        p for p in viz.tour(viz.Subject(other, truth=viz.Truth(trace, target))) if p.entry.name == "truth"
    ]
    assert "3 of 3 objects found" in viz.alt_text(plate.draw())


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


@pytest.fixture(scope="module")
def written(subject, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tour") / "out"
    few = viz.Subject(subject.trace, subject.class_names, subject.truth, log=subject.log)
    return folder, viz.write_tour(few, folder, "A <tour>", {"picture": "a & b"}, "of another picture")


def test_the_folder_holds_a_numbered_picture_for_each_plate_and_one_page(written):
    folder, drawn = written
    assert sorted(path.name for path in folder.iterdir()) == sorted([one.file for one in drawn] + [PAGE])
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
    assert all(link["href"].startswith("#figure-") for link in page.all("a"))
    assert {link["href"][1:] for link in page.all("a")} == {figure["id"] for figure in page.all("figure")}
    assert not page.all("script") + page.all("link") + page.all("iframe")
    assert "url(" not in (folder / PAGE).read_text("utf-8").split("</style>")[0]


def test_words_are_escaped_and_borrowed_truth_is_said_at_each_figure(written):
    folder, drawn = written
    text = (folder / PAGE).read_text("utf-8")
    assert "A &lt;tour&gt;" in text
    assert "a &amp; b" in text
    assert text.count("of another picture") == sum(one.plate.entry.name in NEED_TRUTH for one in drawn)
    assert "Left out, because this run has nothing to draw them from" in text


def test_every_alternative_text_is_a_sentence_of_its_own(written):
    _, drawn = written
    alts = [one.alt for one in drawn]
    assert len(set(alts)) == len(alts)
    assert all(len(alt) > 25 and alt.endswith(".") for alt in alts)


def test_a_second_tour_replaces_the_first_and_leaves_other_files_alone(trace, tmp_path, monkeypatch):
    plates = viz.tour(viz.Subject(trace))
    keep = [plate for plate in plates if plate.entry.name in ("proposals", "input")]
    monkeypatch.setattr("minimaskrcnn.viz.page.tour", lambda subject: keep)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "44-mask-steps.png").write_text("of another tour")
    stale = f"{NUMBERS['mask-steps']:02}-mask-steps.png"
    (tmp_path / stale).write_text("of an earlier tour")
    viz.write_tour(viz.Subject(trace), tmp_path, "t", {})
    names = {path.name for path in tmp_path.iterdir()}
    assert {"notes.txt", PAGE, *(f"{plate.file}.png" for plate in keep)} <= names
    assert stale not in names


def test_a_figure_that_fails_leaves_the_folder_as_it_was(trace, tmp_path, monkeypatch):
    plates = viz.tour(viz.Subject(trace))[:2]

    def fail(plate):
        if plate is plates[1]:
            raise KeyboardInterrupt

    monkeypatch.setattr("minimaskrcnn.viz.page.tour", lambda subject: plates)
    with pytest.raises(KeyboardInterrupt):
        viz.write_tour(viz.Subject(trace), tmp_path / "out", "t", {}, on_plate=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(trace, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="out is a file; name a folder"):
        viz.write_tour(viz.Subject(trace), tmp_path / "out", "t", {})
