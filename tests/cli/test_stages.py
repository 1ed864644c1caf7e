"""`minimaskrcnn stages` writes every figure, says where the truth is from, and leaves nothing half done."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.cli import build_parser, examples

pytestmark = pytest.mark.usefixtures("bundled", "few")
SEEN = ("detections", "truth", "anchor-coverage")


def some_figures(example):
    return {entry: draw for entry, draw in viz.stage_figures(example).items() if entry.name in SEEN}


NAMES = ("circle", "square", "triangle")


@pytest.fixture
def few(monkeypatch):
    """Two pictures of the validation set and three figures: the rest is tested where it is drawn."""
    monkeypatch.setattr(examples, "PICTURES", {"shapes": 2, "nuclei": 2})
    monkeypatch.setattr("minimaskrcnn.viz.page.stage_figures", some_figures)


@pytest.fixture
def annotations(tmp_path, picture):
    """COCO annotations of `picture`: three categories, one object."""
    path = tmp_path / "truth.json"
    box = [5, 5, 20, 30]
    corners = [[5, 5, 25, 5, 25, 35, 5, 35]]
    path.write_text(
        json.dumps(
            {
                "images": [{"id": 7, "file_name": picture.name}],
                "categories": [{"id": k, "name": name} for k, name in enumerate(NAMES, start=1)],
                "annotations": [
                    {"id": 1, "image_id": 7, "category_id": 2, "bbox": box, "segmentation": corners}
                ],
            }
        )
    )
    return path


def test_without_a_picture_a_sample_with_known_objects_is_shown(run, tmp_path):
    code, out, err = run("stages", "--json", "-q", "-o", tmp_path / "o")
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["picture"] == "shapes validation sample 27, objects known"
    assert report["data set"] == "shapes validation set, 2 pictures"
    assert [figure["name"] for figure in report["figures"]] == list(SEEN)
    assert [figure["number"] for figure in report["figures"]] == [1, 3, 29]
    for figure in report["figures"]:
        assert (tmp_path / "o" / figure["file"]).is_file()
        assert len(figure["alt"]) > 25
    assert "class" not in report["truth"]
    assert "Your picture" not in (tmp_path / "o" / "index.html").read_text("utf-8")


def test_the_command_can_draw_every_figure_of_a_model_without_keypoints():
    words = build_parser().parse_args(["stages"])
    wanted = [entry for entry in viz.catalogue_entries() if entry.chapter is not viz.Chapter.KEYPOINTS]
    assert list(viz.stage_figures(examples.gather(words).example)) == wanted


def test_a_table_on_stdout_and_the_page_on_stderr(run, tmp_path):
    code, out, err = run("stages", "-o", tmp_path / "o")
    assert code == 0
    assert out.splitlines()[0].split() == ["figure", "file", "heading"]
    assert out.splitlines()[1].split()[:2] == ["1", "01-detections.png"]
    assert "index.html" in err


def test_a_picture_of_unknown_objects_borrows_the_truth_and_says_so(run, tmp_path, picture):
    code, out, _ = run("stages", picture, "--json", "-q", "-o", tmp_path / "o")
    report = json.loads(out)
    assert code == 0
    assert report["picture"] == str(picture)
    assert report["size"] == "60x40 pixels"
    assert "of shapes validation sample 27, as that of your picture is not known" in report["truth"]
    page = (tmp_path / "o" / "index.html").read_text("utf-8")
    said = "Your picture&#x27;s true objects are not known; this figure is of shapes validation sample 27."
    assert page.count(said) == 1  # at the figure of true objects and predictions


def test_truth_of_your_own(run, tmp_path, picture, annotations, checkpoint):
    words = ("stages", picture, "--truth", annotations, "--model", checkpoint, "--json", "-q")
    code, out, _ = run(*words, "-o", tmp_path / "o")
    report = json.loads(out)
    assert code == 0
    assert report["truth"] == str(annotations)
    (grid,) = [figure for figure in report["figures"] if figure["name"] == "truth"]
    assert "of 1 object found" in grid["alt"]
    assert report["data set"].endswith("this picture alone, 1 picture")


def test_the_micrograph_brings_its_nuclei(run, tmp_path, monkeypatch):
    from minimaskrcnn import data, weights
    from minimaskrcnn.io import save_model
    from minimaskrcnn.models import mini

    path = tmp_path / "nuclei.npz"
    net = mini(2, detections_per_img=5, proposals=(20, 20), rng=np.random.default_rng(1))
    save_model(path, net, {"class_names": data.Nuclei.class_names})
    monkeypatch.setattr(weights, "path", lambda name: path)
    monkeypatch.setenv("MINIMASKRCNN_DATA", str(tmp_path))  # no data set here
    code, out, _ = run("stages", "--model", "nuclei", "--json", "-q", "-o", tmp_path / "o")
    report = json.loads(out)
    assert code == 0
    assert report["data set"] == "the bundled micrograph alone, 1 picture"
    (coverage,) = [figure for figure in report["figures"] if figure["name"] == "anchor-coverage"]
    assert coverage["alt"].startswith("Anchor coverage: 30 objects")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--truth", "x.json"], "name the IMAGE that it annotates"),
        (["missing.png"], "missing.png does not exist"),
        (["--log", "missing.jsonl"], "missing.jsonl"),
        (["--model", "missing.npz"], "missing.npz"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(run, tmp_path, words, message):
    code, out, err = run("stages", *words, "-q", "-o", tmp_path / "o")
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_truth_that_does_not_go_with_the_picture_or_the_model(
    run, tmp_path, picture, annotations, checkpoint
):
    other = tmp_path / "other.png"
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(other)
    code, _, err = run(
        "stages", other, "--truth", annotations, "--model", checkpoint, "-q", "-o", tmp_path / "o"
    )
    assert (code, "lists no picture named other.png" in err) == (2, True)
    text = annotations.read_text().replace(
        '{"id": 3, "name": "triangle"}', '{"id": 3, "name": "triangle"}, {"id": 4, "name": "dog"}'
    )
    annotations.write_text(text)
    code, _, err = run(
        "stages", picture, "--truth", annotations, "--model", checkpoint, "-q", "-o", tmp_path / "o"
    )
    assert (code, "has the classes dog, which are not among circle" in err) == (2, True)


@pytest.mark.parametrize(("text", "message"), [("[1, 2]\n", "has no step"), ("", "has no records yet")])
def test_a_log_that_is_none(run, tmp_path, text, message):
    (tmp_path / "log.jsonl").write_text(text)
    code, _, err = run("stages", "--log", tmp_path / "log.jsonl", "-q", "-o", tmp_path / "o")
    assert (code, message in err) == (2, True)


def test_an_output_that_is_a_file(run, tmp_path):
    (tmp_path / "o").write_text("a file")
    code, _, err = run("stages", "-q", "-o", tmp_path / "o")
    assert (code, "o is a file; name a folder" in err, err.count("\n")) == (2, True, 1)
