"""`minimaskrcnn predict` writes overlays and COCO results; a bad file stops it before it writes anything."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.cli import options
from minimaskrcnn.cli.progress import PARTS
from minimaskrcnn.data import read_image
from minimaskrcnn.detection import rle
from minimaskrcnn.inspection import Trace
from minimaskrcnn.io import load_model, save_model, save_weights
from minimaskrcnn.io.architecture import ARCHITECTURES
from minimaskrcnn.io.weight_names import NEW_NAMES
from minimaskrcnn.models import mini
from minimaskrcnn.models.presets import resnet_c4

from .conftest import one_sentence

OLD_NAMES = {new: old for old, new in NEW_NAMES.items()}


def save(path, pixels, mode=None):
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)
    return path


def test_coco_results_are_the_models_detections(run, checkpoint, picture, tmp_path):
    code, _, _ = run("predict", picture, "--model", checkpoint, "-o", tmp_path / "o")
    entries = json.loads((tmp_path / "o" / "detections.json").read_text())
    model, _ = load_model(checkpoint)
    found = model.predict([read_image(picture)])[0]
    assert code == 0
    assert len(entries) == len(found) > 0
    for entry, box, label, score, mask in zip(
        entries, found.boxes, found.labels, found.scores, found.masks, strict=True
    ):
        x, y, width, height = entry["bbox"]
        assert (entry["image_id"], entry["file_name"]) == (1, str(picture))
        assert entry["category_id"] == label
        np.testing.assert_allclose([x, y, x + width, y + height], box, atol=0.02)
        np.testing.assert_allclose(entry["score"], score, atol=1e-5)
        np.testing.assert_array_equal(rle.decode(entry["segmentation"]), mask)


def test_pycocotools_loads_the_results(run, checkpoint, picture, tmp_path):
    from pycocotools.coco import COCO

    run("predict", picture, "--model", checkpoint, "-o", tmp_path, "-q")
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": 1}],
        "annotations": [],
        "categories": [{"id": label} for label in (1, 2, 3)],
    }
    truth.createIndex()
    loaded = truth.loadRes(str(tmp_path / "detections.json"))
    assert len(loaded.anns) > 0


def test_json_lists_what_is_drawn(run, checkpoint, picture, tmp_path):
    words = ("predict", picture, "--model", checkpoint, "-o", tmp_path, "--json", "-q", "--min-score")
    code, out, err = run(*words, 0)
    everything = json.loads(out)
    assert (code, err) == (0, "")
    assert everything["results"] == str(tmp_path / "detections.json")
    scores = [found["score"] for found in everything["images"][0]["detections"]]
    assert scores == sorted(scores, reverse=True)
    middle = (scores[0] + scores[-1]) / 2
    fewer = json.loads(run(*words, middle)[1])["images"][0]["detections"]
    assert [found["score"] for found in fewer] == [score for score in scores if score >= middle]


def test_pictures_of_one_name_get_overlays_of_their_own(run, checkpoint, picture, tmp_path):
    run("predict", picture, picture, "--model", checkpoint, "-o", tmp_path / "o")
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == ["detections.json", "noise-2-overlay.png", "noise-overlay.png"]


def test_category_ids_of_the_data_set_come_back(run, picture, tmp_path):
    model = mini(4, masks=False, detections_per_img=5, rng=np.random.default_rng(1))
    facts = {"class_names": ["background", "a", "b", "c"], "category_ids": [0, 7, 21, 90]}
    save_model(tmp_path / "m.npz", model, facts)
    run("predict", picture, "--model", tmp_path / "m.npz", "-o", tmp_path / "o", "-q")
    entries = json.loads((tmp_path / "o" / "detections.json").read_text())
    found = model.predict([read_image(picture)])[0]
    assert [entry["category_id"] for entry in entries] == [[0, 7, 21, 90][label] for label in found.labels]
    assert len(entries) > 0


def test_weights_is_another_name_for_model_and_takes_a_state_dict(run, tmp_path, rng):
    # The longer side limits the size after resizing: a strip stays small, and the test short.
    picture = save(tmp_path / "strip.png", rng.integers(0, 256, (6, 120, 3), np.uint8))
    model = resnet_c4(91, depth=18, masks=False)
    state = model.state_dict()
    state["roi_heads.box_predictor.cls_score.bias"][18] = 9  # dogs everywhere
    save_weights(tmp_path / "a.pth", {OLD_NAMES.get(n, n): array for n, array in state.items()}, {})
    words = ("predict", picture, "--weights", tmp_path / "a.pth", "-o", tmp_path / "o", "--json", "-q")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    found = json.loads(out)["images"][0]["detections"]
    assert {d["class"] for d in found} == {"dog"}
    entries = json.loads((tmp_path / "o" / "detections.json").read_text())
    assert {entry["category_id"] for entry in entries} == {18}
    code, out, err = run(*words, "--arch", "maskrcnn_resnet50_fpn")
    assert (code, out) == (2, "")
    assert "missing" in err
    assert one_sentence(err)


def test_the_choices_of_arch_are_those_of_the_models():
    assert tuple(ARCHITECTURES) == options.ARCHITECTURES


def test_trace_keeps_every_stage(run, checkpoint, picture, tmp_path, monkeypatch):
    first = lambda example: dict(list(viz.stage_figures(example).items())[:2])  # noqa: E731
    monkeypatch.setattr("minimaskrcnn.viz.page.stage_figures", first)
    code, out, err = run("predict", picture, "--model", checkpoint, "-o", tmp_path, "--trace", "--json", "-q")
    assert (code, err) == (0, "")
    told = json.loads(out)["images"][0]
    model, _ = load_model(checkpoint)
    assert Trace.load(told["trace"]) == model.trace(read_image(picture))
    drawn = sorted(path.name for path in Path(told["stages"]).iterdir())
    assert drawn == ["01-detections.png", "06-top-anchors.png", "explorer.html", "index.html"]


def test_progress_tells_the_part_of_the_model(run, checkpoint, picture, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    _, out, err = run("predict", picture, "--model", checkpoint, "-o", tmp_path, "--json")
    parts = [words for words in PARTS.values() if words != "keypoints"]  # of which this model has none
    at = [err.index(f"noise.png: {part}") for part in parts]
    assert at == sorted(at)
    assert "keypoints" not in err
    assert "100%" in err
    json.loads(out)


@pytest.mark.parametrize("kind", ["grey", "rgba", "16 bit", "palette", "one pixel", "tall"])
def test_every_kind_of_picture_simply_works(run, checkpoint, tmp_path, rng, kind):
    noise = rng.integers(0, 256, (30, 20, 3), np.uint8)
    path = tmp_path / "picture.png"
    if kind == "grey":
        save(path, noise[:, :, 0])
    elif kind == "rgba":
        save(path, noise, "RGBA")
    elif kind == "16 bit":
        save(path, noise[:, :, 0].astype(np.uint16) * 257)
    elif kind == "palette":
        save(path, noise, "P")
    elif kind == "one pixel":
        save(path, noise[:1, :1])
    else:
        save(path, np.repeat(noise, 20, axis=0))
    code, _, err = run("predict", path, "--model", checkpoint, "-o", tmp_path / "o", "-q")
    assert (code, err) == (0, "")
    assert (tmp_path / "o" / "picture-overlay.png").is_file()


@pytest.mark.parametrize("kind", ["missing", "truncated", "text", "empty", "folder"])
def test_a_bad_file_stops_the_run_before_anything_is_written(run, checkpoint, picture, tmp_path, kind):
    bad = tmp_path / "bad.png"
    if kind == "truncated":
        bad.write_bytes(picture.read_bytes()[:500])
    elif kind == "text":
        bad.write_text("not a picture")
    elif kind == "empty":
        bad.touch()
    elif kind == "folder":
        bad.mkdir()
    code, out, err = run("predict", picture, bad, "--model", checkpoint, "-o", tmp_path / "o")
    assert (code, out) == (2, "")
    assert "bad.png" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("kind", ["missing", "truncated", "text", "pickled", "foreign"])
def test_a_bad_checkpoint_is_one_sentence(run, checkpoint, picture, tmp_path, kind):
    bad = tmp_path / "bad.npz"
    if kind == "truncated":
        bad.write_bytes(checkpoint.read_bytes()[:5000])
    elif kind == "text":
        bad.write_text("not an archive")
    elif kind == "pickled":
        np.savez(bad, weights=np.array([{"code": 1}], object))
    elif kind == "foreign":
        np.savez(bad, weights=np.zeros(3))
    code, out, err = run("predict", picture, "--model", bad, "-o", tmp_path / "o")
    assert (code, out) == (2, "")
    assert "bad.npz" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_of_a_stack_the_first_page_is_taken_with_a_word(run, checkpoint, tmp_path, rng):
    frames = [Image.fromarray(rng.integers(0, 256, (40, 60), np.uint8)) for _ in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    words = ("predict", tmp_path / "a.tif", "--model", checkpoint, "-o", tmp_path / "o", "-q")
    model, _ = load_model(checkpoint)
    for option, page in (((), 1), (("--page", 3), 3)):
        code, _, err = run(*words, *option)
        assert code == 0
        assert ("has 3 pages, of which the first is taken" in err) == (not option)
        entries = json.loads((tmp_path / "o" / "detections.json").read_text())
        found = model.predict([read_image(tmp_path / "a.tif", page)])[0]
        np.testing.assert_allclose([e["score"] for e in entries], found.scores, atol=1e-5)
    code, out, err = run(*words, "--page", 4)
    assert (code, out, one_sentence(err)) == (2, "", True)


def test_the_longest_name_of_a_picture_gives_names_that_a_file_can_have(run, checkpoint, picture, tmp_path):
    long = picture.rename(picture.with_name("é" * 125 + ".png"))
    code, _, _ = run("predict", long, "--model", checkpoint, "--label-map", "png", "-o", tmp_path / "o")
    assert code == 0
    assert sorted(len(path.name) for path in (tmp_path / "o").iterdir()) == [15, 111, 112]


def test_workers_write_what_one_process_writes(run, checkpoint, picture, tmp_path, one_thread):
    pictures = [picture]
    for number in range(3):
        pictures.append(tmp_path / f"more{number}.png")
        pixels = np.random.default_rng(number).integers(0, 256, (50, 40, 3), np.uint8)
        Image.fromarray(pixels).save(pictures[-1])
    words = ("predict", *pictures, "--model", checkpoint, "-q", "--min-score", "0", "--threads", "1")
    one, two = tmp_path / "one", tmp_path / "two"
    code, out, _ = run(*words, "-o", one)
    assert run(*words, "-o", two, "--workers", "2") == (code, out, "")
    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }


@pytest.mark.parametrize("workers", [[], ["--workers", "1"]])
def test_pictures_that_cannot_be_read_are_left_out_if_asked_for(run, checkpoint, picture, tmp_path, workers):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    words = ("predict", broken, picture, "--model", checkpoint, "-o", tmp_path / "out", *workers)
    code, _, err = run(*words)
    assert (code, (tmp_path / "out").exists()) == (2, False)
    code, out, err = run(*words, "--keep-going", "--json", "-q")
    assert code == 2
    assert err.splitlines()[-1].endswith(f"1 of 2 pictures were left out: {broken}.")
    assert [found["image"] for found in json.loads(out)["images"]] == [str(picture)]
    assert {
        found["image_id"] for found in json.loads((tmp_path / "out" / "detections.json").read_text())
    } == {2}
    assert run(*words[:2], *words[3:], "--keep-going")[0] == 2


def test_a_trace_needs_this_process(run, checkpoint, picture):
    code, _, err = run("predict", picture, "--model", checkpoint, "--trace", "--workers", "2")
    assert (code, "leave out --workers" in err) == (2, True)
