"""`minimaskrcnn evaluate` prints COCO's numbers for a dataset and a model that fit each other."""

import json

import numpy as np
import pytest

from minimaskrcnn import data
from minimaskrcnn.cli import sources
from minimaskrcnn.io import save_model
from minimaskrcnn.models import MaskRCNN, mini


@pytest.fixture
def few_shapes(monkeypatch):
    """Three pictures instead of a hundred."""
    monkeypatch.setattr(sources.data, "Shapes", lambda split: data.shapes.Shapes(split, size=3))


@pytest.mark.usefixtures("bundled", "few_shapes")
def test_table_and_json_hold_the_same_numbers(run):
    code, text, _ = run("evaluate", "shapes", "-q")
    assert code == 0
    assert text.startswith("3 pictures, at most 100 detections each\n")
    assert {"box", "mask"} <= set(text.splitlines())
    report = json.loads(run("evaluate", "shapes", "-q", "--json")[1])
    assert report["pictures"] == 3
    for kind in ("box", "mask"):
        assert 0 <= report[kind]["AP"] <= report[kind]["AP50"] <= 1
        assert f"AR100 {100 * report[kind]['AR100']:5.1f}" in text


@pytest.mark.usefixtures("few_shapes")
def test_a_model_without_masks_has_box_numbers_only(run, tmp_path):
    model = mini(4, masks=False, detections_per_img=5, proposals=(20, 20), rng=np.random.default_rng(1))
    save_model(tmp_path / "boxes.npz", model, {})
    report = json.loads(run("evaluate", "shapes", "--model", tmp_path / "boxes.npz", "-q", "--json")[1])
    assert "mask" not in report
    assert "box" in report


def test_a_model_of_other_classes_is_refused(run, checkpoint, tmp_path):
    labels = np.zeros((1, 8, 8), np.uint16)
    labels[0, 2:5, 2:5] = 1
    np.savez(
        tmp_path / "n.npz", images=np.zeros((1, 8, 8), np.uint8), labels=labels, split=np.array([2], np.uint8)
    )
    code, out, err = run("evaluate", "nuclei", "--data", tmp_path / "n.npz", "--model", checkpoint)
    assert (code, out) == (2, "")
    assert "3 classes" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "shapes --data x.npz",
        "shapes --images photos",
        "shapes --split test",
        "coco --data x.json",
        "coco --images photos",
        "coco --data missing.json --images photos",
        "nuclei --data missing.npz",
    ],
)
def test_data_that_are_not_there_or_not_wanted(run, line):
    code, out, err = run("evaluate", *line.split())
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_predict_and_evaluate_show_the_model_the_same_picture(run, picture, tmp_path, monkeypatch):
    seen = []
    predict = MaskRCNN.predict
    monkeypatch.setattr(MaskRCNN, "predict", lambda self, x: (seen.append(x[0]), predict(self, x))[1])
    content = {
        "images": [{"id": 1, "file_name": picture.name}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 20, 20], "iscrowd": 0}],
        "categories": [{"id": 1, "name": "nucleus"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    names = {"class_names": ["background", "nucleus"]}
    for steps in ((), ("grey", "stretch_contrast")):
        model = mini(2, masks=False, detections_per_img=5, proposals=(20, 20), rng=np.random.default_rng(1))
        model.prepare = steps
        save_model(tmp_path / "m.npz", model, names)
        run("predict", picture, "--model", tmp_path / "m.npz", "-o", tmp_path / "o", "-q")
        files = ("--data", tmp_path / "a.json", "--images", tmp_path)
        code, _, err = run("evaluate", "coco", *files, "--model", tmp_path / "m.npz", "-q")
        assert (code, err) == (0, "")
        predicted, evaluated = seen[-2:]
        np.testing.assert_array_equal(predicted, evaluated)
        np.testing.assert_array_equal(predicted, data.prepare(data.read_image(picture), steps))


@pytest.mark.parametrize(("split", "pictures"), [("test", 1), ("all", 3)])
def test_every_picture_of_the_nuclei_can_be_scored(run, tmp_path, split, pictures):
    labels = np.zeros((3, 16, 16), np.uint16)
    labels[:, 2:9, 2:9] = 1
    codes = np.array([0, 1, 2], np.uint8)
    np.savez(tmp_path / "n.npz", images=np.zeros((3, 16, 16), np.uint8), labels=labels, split=codes)
    model = mini(2, detections_per_img=5, proposals=(20, 20), rng=np.random.default_rng(1))
    save_model(tmp_path / "m.npz", model, {"class_names": data.Nuclei.class_names})
    words = ("--data", tmp_path / "n.npz", "--model", tmp_path / "m.npz", "--split", split, "--json", "-q")
    code, out, _ = run("evaluate", "nuclei", *words)
    assert (code, json.loads(out)["pictures"]) == (0, pictures)


def test_the_architecture_of_a_file_can_be_said(run, checkpoint, monkeypatch):
    asked = []
    opened = sources.open_weights
    monkeypatch.setattr(
        sources, "open_weights", lambda name, arch, eps: asked.append((arch, eps)) or opened(name, None, None)
    )
    monkeypatch.setattr(data.Shapes, "__len__", lambda self: 1)
    words = ("--arch", "fasterrcnn_mobilenet_v3_large_320_fpn", "--norm-eps", "0")
    assert run("evaluate", "shapes", "--model", checkpoint, "-q", *words)[0] == 0
    assert asked == [("fasterrcnn_mobilenet_v3_large_320_fpn", 0.0)]
