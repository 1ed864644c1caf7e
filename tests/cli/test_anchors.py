"""`minimaskrcnn anchors` reports how the anchors fit, in words, as JSON and as a figure."""

import json

import pytest
from PIL import Image

from minimaskrcnn.data import Shapes
from minimaskrcnn.inspection import anchor_coverage
from minimaskrcnn.io import load_model
from minimaskrcnn.training import RECIPES

pytestmark = pytest.mark.usefixtures("bundled")


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Three pictures say as much as a hundred."""
    monkeypatch.setattr("minimaskrcnn.data.shapes._SIZES", {"train": 3, "val": 3})


def test_the_report_is_that_of_the_library(run, tmp_path, checkpoint):
    wanted = anchor_coverage(load_model(checkpoint)[0], Shapes("val"))
    code, out, err = run("anchors", "shapes", "-o", tmp_path)
    assert (code, out.strip()) == (0, str(wanted))
    assert "anchors.png" in err
    with Image.open(tmp_path / "anchors.png") as figure:
        assert figure.info["Description"].startswith(f"Anchor coverage: {len(wanted.best_iou)} objects")
    code, out, err = run("anchors", "shapes", "--json", "-q", "-o", tmp_path)
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["objects"] == len(wanted.best_iou)
    assert report["sizes"] == wanted.now
    assert report["suggested_sizes"] == wanted.suggested
    assert report["never_covered"] == len(wanted.never)


def test_before_training_the_anchors_of_the_recipe_are_compared(run, picture, tmp_path):
    content = {
        "images": [{"id": 1, "file_name": picture.name}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 20, 20], "iscrowd": 0}],
        "categories": [{"id": 1, "name": "cell"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    words = ("--data", tmp_path / "a.json", "--images", tmp_path, "-o", tmp_path / "o", "--json", "-q")
    code, out, err = run("anchors", "coco", *words)
    report = json.loads(out)
    assert (code, err) == (0, "")
    assert report["objects"] == 1
    assert report["sizes"] == [round(size) for size in RECIPES["coco"].model.anchor_sizes]
