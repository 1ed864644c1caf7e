"""A figure is declared once; the catalogue, the pages, the gallery and the exports of `viz` agree on it."""

import pytest

from minimaskrcnn import viz
from minimaskrcnn.errors import InputError
from minimaskrcnn.viz import catalogue as declared
from minimaskrcnn.viz.catalogue import Chapter, catalogue_entries, catalogued

# The steps of the classic notebooks, in their order.
STEPS = [
    "detections", "precision-recall", "truth", "average-precision", "anchor-matches", "top-anchors",
    "refined", "rpn-nms", "proposals", "recall", "detection-boxes", "roi-classes", "rois-before-refinement",
    "rois-after-refinement", "filters", "nms-by-class", "after-nms", "mask-targets", "mask-probabilities",
    "pasted-masks", "input", "features", "rpn-deltas", "proposal-corners",
]  # fmt: skip


@pytest.fixture
def scrap(monkeypatch):
    """A catalogue that may be added to; the real one comes back after the test."""
    monkeypatch.setattr(declared, "_ENTRIES", dict(declared._ENTRIES))


FREE = len(catalogue_entries()) + 1


def words(number=FREE, name="mine", chapter=Chapter.RPN):
    return catalogued(number, name, chapter, heading="My own figure", note="What my figure shows.")


def test_the_catalogue_begins_with_the_24_steps_in_order():
    assert [entry.name for entry in catalogue_entries()][:24] == STEPS
    assert [entry.number for entry in catalogue_entries()] == list(range(1, len(catalogue_entries()) + 1))


def test_every_entry_has_a_heading_of_its_own_and_a_note_that_is_a_sentence():
    assert len({entry.heading for entry in catalogue_entries()}) == len(catalogue_entries())
    assert all(entry.note.endswith(".") and len(entry.note) > 25 for entry in catalogue_entries())


def test_every_figure_of_the_catalogue_is_exported():
    for entry in catalogue_entries():
        assert entry.function.__name__ in viz.__all__, f"export {entry.function.__name__} from viz"
        assert getattr(viz, entry.function.__name__) is entry.function


def test_no_figure_of_a_trace_is_told_the_class_names_again():
    for entry in catalogue_entries():
        assert not {"trace", "class_names"} <= set(entry.parameters), entry.name


def test_calls_are_read_from_the_signatures():
    calls = {entry.name: entry.call for entry in catalogue_entries()}
    assert calls["truth"] == "show_overlaps(trace, target)"
    assert calls["samples"] == "samples_figure(samples, class_names)"
    assert calls["anchor-fates"] == 'show_fates(trace, "anchor")'
    assert calls["mask-steps"] == "mask_figure(trace, target=target)"
    assert calls["article-example"] == "article_figure()"


def test_a_new_figure_is_on_the_page_at_once(scrap, trace, tmp_path, monkeypatch):
    @words()
    def show_mine(trace, ax=None):
        return viz.show_input(trace, ax)

    entry = next(entry for entry in catalogue_entries() if entry.name == "mine")
    rpn = [entry.name for entry in catalogue_entries() if entry.chapter is Chapter.RPN]
    assert (rpn[-1], entry.call, entry.file) == ("mine", "show_mine(trace)", f"{FREE}-mine")
    figures = viz.stage_figures(viz.Example(trace))
    assert "Input" in viz.alt_text(figures[entry]())
    monkeypatch.setattr("minimaskrcnn.viz.page.stage_figures", lambda example: {entry: figures[entry]})
    viz.write_page(viz.Example(trace), tmp_path, "t", {})
    assert (tmp_path / f"{FREE}-mine.png").is_file()
    assert f"{FREE}. My own figure" in (tmp_path / "index.html").read_text("utf-8")


def test_a_cell_may_be_run_twice(scrap):
    words()(lambda trace: 1)
    again = words()(lambda trace: 2)
    assert [entry.function for entry in catalogue_entries() if entry.name == "mine"] == [again]


@pytest.mark.parametrize(("number", "name"), [(9, "mine"), (FREE, "proposals")])
def test_numbers_and_names_are_given_once(scrap, number, name):
    fix = f"figure 9 'proposals'; give it a name of its own and a number from {FREE}"
    with pytest.raises(InputError, match=fix):
        words(number, name)(lambda trace: None)


def test_an_argument_that_nothing_can_give_is_refused(scrap):
    with pytest.raises(InputError, match="nothing can be given to the argument 'threshold'"):
        words()(lambda trace, threshold: None)
    words()(lambda trace, threshold=0.5: None)
