"""`predict` writes a label map, a table, and the ids of an annotation file; `evaluate` scores these."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.cli import objects
from minimaskrcnn.data import Shapes, read_image
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import mini

from .conftest import one_sentence


@pytest.fixture
def found():
    """Two masks that share a pixel column; the first has the better score."""
    masks = np.zeros((2, 4, 6), bool)
    masks[0, 1:3, 0:3] = True
    masks[1, 1:4, 2:6] = True
    boxes = np.array([[0, 1, 3, 3], [2, 1, 6, 4]], np.float32)
    return Detections(boxes, np.array([1, 2]), np.array([0.9, 0.6], np.float32), masks)


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_the_label_map_reads_back(found, tmp_path, ending):
    expected = np.zeros((4, 6), int)
    expected[1:4, 2:6] = 2
    expected[1:3, 0:3] = 1
    with Image.open(objects.write_label_map(tmp_path / f"a.{ending}", found)) as picture:
        values = np.asarray(picture)
    np.testing.assert_array_equal(values, expected)


def test_the_table_measures_the_mask(found, tmp_path):
    path = objects.write_table(
        tmp_path / "t.csv", objects.measured("a, b.png", found, ["background", "x", "y"])
    )
    first, second = csv.DictReader(path.read_text("utf-8").splitlines())
    assert (first["file_name"], first["label"], first["class"], first["area"]) == ("a, b.png", "1", "x", "6")
    assert (float(first["x"]), float(first["y"])) == (1.5, 2)
    assert (second["class"], second["score"], second["area"]) == ("y", "0.6", "12")
    assert [float(second[side]) for side in ("x1", "y1", "x2", "y2")] == [2, 1, 6, 4]
    bare = Detections(found.boxes, found.labels, found.scores)
    assert objects.measured("a", bare, "bxy")[1][4:7] == (12, 4, 2.5)


def test_predict_writes_them_and_numbers_them_alike(run, checkpoint, picture, tmp_path):
    words = (
        "predict",
        picture,
        "--model",
        checkpoint,
        "-o",
        tmp_path / "o",
        "--min-score",
        0,
        "--json",
        "-q",
    )
    code, out, err = run(*words, "--label-map", "tif", "--csv")
    assert (code, err) == (0, "")
    with Image.open(json.loads(out)["images"][0]["label_map"]) as labels:
        values = np.asarray(labels)
    rows = list(csv.DictReader((tmp_path / "o" / "objects.csv").read_text().splitlines()))
    entries = json.loads((tmp_path / "o" / "detections.json").read_text())
    assert len(rows) == len(entries) > 0
    np.testing.assert_array_equal(values == 1, rle.decode(entries[0]["segmentation"]))
    assert [int(row["area"]) for row in rows] == [int(rle.decode(e["segmentation"]).sum()) for e in entries]


def test_boxes_make_no_label_map(run, picture, tmp_path):
    save_model(tmp_path / "m.npz", mini(4, masks=False, rng=np.random.default_rng(1)), {})
    words = ("predict", picture, "--model", tmp_path / "m.npz", "--label-map", "png", "-o", tmp_path / "o")
    code, out, err = run(*words)
    assert (code, out, one_sentence(err)) == (2, "", True)
    assert not (tmp_path / "o").exists()


@pytest.fixture
def annotated(tmp_path):
    """Three shapes samples as pictures and a COCO file that lists them in another order, under odd ids."""
    shapes, images, annotations = Shapes("val", size=3), [], []
    for index in range(3):
        image, target = shapes[index]
        pixels = np.rint(255 * image.transpose(1, 2, 0)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
        height, width = pixels.shape[:2]
        images.append({"id": 90 - index, "file_name": f"{index}.png", "height": height, "width": width})
        for (x1, y1, x2, y2), label, mask in zip(
            target.boxes.tolist(), target.labels, target.masks, strict=True
        ):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": 90 - index,
                    "category_id": int(10 - label),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": int(mask.sum()),
                    "iscrowd": 0,
                    "segmentation": rle.encode(mask),
                }
            )
    names = Shapes.class_names
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 10 - label, "name": names[label]} for label in (1, 2, 3)],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    return tmp_path


def test_what_predict_writes_scores_as_the_model_does(run, annotated, monkeypatch):
    pictures = [annotated / f"{index}.png" for index in range(3)]
    data = ("--data", annotated / "a.json")
    words = ("predict", *pictures, "--model", "shapes", "--ids-from", annotated / "a.json", "-q")
    assert run(*words, "-o", annotated / "o")[0] == 0
    results = annotated / "o" / "detections.json"
    assert {entry["image_id"] for entry in json.loads(results.read_text())} == {88, 89, 90}
    code, out, err = run("evaluate", "coco", *data, "--results", results, "--json", "-q")
    assert (code, err) == (0, "")
    direct = run("evaluate", "coco", *data, "--images", annotated, "--model", "shapes", "--json", "-q")[1]
    scored, direct = json.loads(out), json.loads(direct)
    assert scored["box"]["AP"] > 0.5
    for kind in ("box", "mask"):
        numbers = [name for name in scored[kind] if name[:2] in ("AP", "AR")]
        for name in numbers:
            assert scored[kind][name] == pytest.approx(direct[kind][name], abs=1e-6), (kind, name)


def test_a_picture_that_the_file_does_not_list_stops_before_the_work(run, annotated, picture):
    words = ("--model", "shapes", "--ids-from", annotated / "a.json", "-o", annotated / "o")
    code, out, err = run("predict", picture, *words, "-q")
    assert (code, out) == (2, "")
    assert "no picture named noise.png" in err.splitlines()[-1]  # after a word on the order of the classes
    assert not (annotated / "o").exists()


ENTRY = {"image_id": 90, "category_id": 9, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"images": []}, "holds a dict"),
        ([3], "result 0 is 3"),
        ([ENTRY, {**ENTRY, "image_id": 1}], "result 1 belongs to image 1, which"),
        ([{**ENTRY, "category_id": 1}], "has category 1, which"),
        ([{**ENTRY, "score": None}], "has the score"),
        ([{**ENTRY, "bbox": [1, 2, -3, 4]}], "has bbox"),
        ([{**ENTRY, "segmentation": {"size": [2, 2], "counts": "0004"}}], "of size"),
        ([{**ENTRY, "segmentation": [[1, 2, 3]]}], "segmentation"),
        ([{**ENTRY, "segmentation": {"size": [128, 128], "counts": "xx"}}], "image 90"),
        ([{**ENTRY, "segmentation": {"size": [128, 128], "counts": [0, 128 * 128]}}, ENTRY], "result 1"),
    ],
)
def test_results_that_cannot_be_used_are_one_sentence(run, annotated, content, word):
    (annotated / "r.json").write_text(json.dumps(content))
    words = ("--data", annotated / "a.json", "--results", annotated / "r.json", "-q")
    code, out, err = run("evaluate", "coco", *words)
    assert (code, out, one_sentence(err)) == (2, "", True), err
    assert word in err


def test_masks_without_boxes_and_boxes_without_masks(run, annotated):
    mask = np.zeros((128, 128), bool)
    mask[2:6, 1:4] = True
    bare = {name: value for name, value in ENTRY.items() if name != "bbox"} | {
        "segmentation": rle.encode(mask)
    }
    for entry, kinds in ((ENTRY, {"box"}), (bare, {"box", "mask"})):
        (annotated / "r.json").write_text(json.dumps([entry]))
        words = ("--data", annotated / "a.json", "--results", annotated / "r.json", "-q", "--json")
        code, out, err = run("evaluate", "coco", *words)
        assert (code, one_sentence(err)) == (0, True)
        assert "has nothing on 2 of 3 pictures; all their objects count as missed" in err
        assert json.loads(out).keys() & {"box", "mask"} == kinds


@pytest.mark.parametrize(
    "line", ["shapes --results r.json", "coco --results r.json", "coco --data a --results r --model shapes"]
)
def test_results_go_with_annotations_and_no_model(run, line):
    code, out, err = run("evaluate", *line.split())
    assert (code, out, one_sentence(err)) == (2, "", True)


def test_nobody_reading_stdout_loses_nothing(checkpoint, picture, tmp_path):
    """`predict ... | head`: the files are there before the first table."""
    words = [sys.executable, "-m", "minimaskrcnn", "predict", picture, picture, "--model", checkpoint]
    command = subprocess.Popen(
        [*map(str, words), "-o", str(tmp_path / "o"), "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == 1
    model, _ = load_model(checkpoint)
    found = model.predict([read_image(picture)])[0]
    assert len(json.loads((tmp_path / "o" / "detections.json").read_text())) == 2 * len(found)
