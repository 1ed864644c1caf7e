"""`check`: a report in words, as JSON and as a figure; and what other commands do with the same file."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import Shapes, read_image
from minimaskrcnn.detection import rle

from .conftest import one_sentence

SQUARE = [[5, 5, 25, 5, 25, 25, 5, 25]]


@pytest.fixture
def write(tmp_path):
    """Write a COCO file of two pictures after a change of it; returns its path."""
    for name in ("p.png", "q.png"):
        Image.new("RGB", (60, 40)).save(tmp_path / name)

    def _write(change=lambda content: None):
        content = {
            "images": [{"id": 1, "file_name": "p.png"}, {"id": 2, "file_name": "q.png"}],
            "annotations": [
                {"id": k, "image_id": k, "category_id": k, "bbox": [5, 5, 20, 20], "segmentation": SQUARE}
                for k in (1, 2)
            ],
            "categories": [{"id": 1, "name": "circle"}, {"id": 2, "name": "square"}],
        }
        change(content)
        path = tmp_path / "a.json"
        path.write_text(json.dumps(content))
        return path

    return _write


def spoil(content):
    content["annotations"][0]["area"] = -5
    content["annotations"].append({**content["annotations"][1], "id": 3, "bbox": [5, 5, 20, 0]})
    content["images"].append({"id": 3, "file_name": "\x1b[31mgone.png"})


def test_a_clean_file(run, write, tmp_path):
    code, out, err = run("check", write(), "--images", tmp_path)
    assert (code, err) == (0, "")
    assert "2 of 2 images, 2 of 2 annotations, 2 of 2 categories can be used; outlines: 2 by polygons" in out
    assert "nothing is wrong" in out
    assert "sizes [24.0, 56.0, 128.0] reach IoU" in out


def test_everything_that_is_wrong_is_listed_with_exit_code_2(run, write, tmp_path):
    path = write(spoil)
    code, out, _ = run("check", path, "--images", tmp_path, "--figure", tmp_path / "f.png", "-q")
    assert code == 2
    assert "annotation 1 has area -5; write a number from 0 on" in out
    assert "left out: flat box (1)\n  annotation 3 has bbox [5, 5, 20, 0]" in out
    assert r"image 3 has file_name '\x1b[31mgone.png'" in out
    assert "\x1b" not in out
    assert read_image(tmp_path / "f.png").shape[2] > 1000
    code, out, _ = run("check", path, "--images", tmp_path, "--json")
    report = json.loads(out)
    assert (code, report["clean"]) == (2, False)
    assert report["left_out"] == {"images": 1, "annotations": 2, "categories": 0}
    assert [f["entry"] for f in report["findings"]] == ["image 3", "annotation 1", "annotation 3"]
    assert [one["objects"] for one in report["classes"]] == [0, 1]


def test_without_pictures_only_the_file_is_checked(run, write):
    code, out, _ = run("check", write(lambda content: content["images"][0].update(file_name="gone.png")))
    assert code == 0
    assert "anchors" not in out


def test_a_file_without_objects_has_a_report_and_a_figure(run, write, tmp_path):
    path = write(lambda content: content.update(annotations=[]))
    code, out, _ = run("check", path, "--figure", tmp_path / "f.png", "-q")
    assert (code, "no objects" in out) == (0, True)


@pytest.mark.parametrize("command", ["train", "evaluate", "anchors"])
def test_every_command_stops_at_a_broken_entry_or_skips_it(run, write, tmp_path, checkpoint, command):
    out = tmp_path / "out"
    words = {
        "train": [
            "-o",
            out,
            *["--set", "steps=1", "--set", "batch_size=1", "--set", "model.image_size=[64,96]"],
        ],
        "evaluate": ["--model", checkpoint],
        "anchors": ["--model", checkpoint, "-o", out],
    }[command]
    line = [command, "coco", "--data", write(spoil), "--images", tmp_path, *words]
    code, _, err = run(*line, "-q")
    assert code == 2
    assert one_sentence(err)
    assert "--skip-broken" in err
    assert not out.exists()
    code, _, err = run(*line, "--skip-broken")
    assert code == 0
    assert "left out 1 x image: file_name, 1 x annotation: area, 1 x annotation: flat box" in err


def test_training_refuses_a_picture_of_too_many_objects(run, write, tmp_path, monkeypatch):
    monkeypatch.setattr("minimaskrcnn.cli.sources.MOST_OBJECTS", 1)
    path = write(lambda content: content["annotations"][0].update(image_id=2))
    code, _, err = run("train", "coco", "--data", path, "--images", tmp_path, "-o", tmp_path / "o", "-q")
    assert (code, "image 2 of" in err, one_sentence(err)) == (2, True, True)


@pytest.fixture
def shapes_file(tmp_path):
    """Write validation pictures of shapes with ids dealt out as asked; returns the path."""

    def _write(ids):
        shapes, images, annotations = Shapes("val", size=4), [], []
        for i, (image, target) in enumerate(shapes):
            pixels = (255 * image.transpose(1, 2, 0)).round().astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{i}.png")
            images.append({"id": i, "file_name": f"{i}.png"})
            for box, label, mask in zip(target.boxes.tolist(), target.labels, target.masks, strict=True):
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": i, "category_id": list(ids.values())[label - 1],
                     "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
                     "segmentation": rle.encode(mask)}
                )  # fmt: skip
        categories = [{"id": key, "name": name} for name, key in ids.items()]
        path = tmp_path / "shapes.json"
        path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
        return path

    return _write


def test_classes_are_names_and_not_positions(run, shapes_file, tmp_path):
    def scored(**ids):
        line = ["evaluate", "coco", "--data", shapes_file(ids), "--images", tmp_path, "--model", "shapes"]
        code, out, err = run(*line, "--json", "-q")
        return json.loads(out)["box"]["AP"] if code == 0 else err

    same = scored(circle=1, square=2, triangle=3)
    assert same > 0.5
    assert scored(circle=3, square=7, triangle=1) == same
    refusal = scored(car=1, dog=2, tree=3)
    assert "has the classes car, dog, tree, which are not among circle, square, triangle" in refusal
    assert one_sentence(refusal)


def test_to_coco_writes_what_can_be_used(run, write, tmp_path):
    copy = tmp_path / "coco.json"
    code, _, err = run("check", write(spoil), "--images", tmp_path, "--to-coco", copy)
    assert code == 2
    assert "1 annotations written to" in err
    written = json.loads(copy.read_text())
    assert [entry["id"] for entry in written["annotations"]] == [2]
    assert [entry["file_name"] for entry in written["images"]] == ["p.png", "q.png"]
    code, out, _ = run("check", copy, "--images", tmp_path)
    assert code == 0
    assert "nothing is wrong" in out


def test_to_coco_of_label_maps(run, tmp_path):
    (tmp_path / "masks").mkdir()
    (tmp_path / "images").mkdir()
    labels = np.zeros((40, 60), np.uint8)
    labels[5:25, 10:30] = 1
    labels[30:35, 40:50] = 2
    Image.fromarray(labels).save(tmp_path / "masks" / "p.tif")
    Image.new("RGB", (60, 40)).save(tmp_path / "images" / "p.png")
    copy = tmp_path / "coco.json"
    code, out, _ = run("check", tmp_path / "masks", "--images", tmp_path / "images", "--to-coco", copy)
    assert code == 0
    assert "2 by run lengths" in out
    written = json.loads(copy.read_text())["annotations"]
    assert [(entry["bbox"], entry["area"]) for entry in written] == [
        ([10, 5, 20, 20], 400),
        ([40, 30, 10, 5], 50),
    ]
    assert np.array_equal(rle.decode(written[0]["segmentation"]), labels == 1)
