"""`explore` writes one page that contains everything and asks the network for nothing."""

import json

import numpy as np
import pytest

from minimaskrcnn.cli.explore import PARTS
from minimaskrcnn.explorer import WORLDS
from minimaskrcnn.io import save_model
from minimaskrcnn.models import mini

from .conftest import one_sentence


@pytest.mark.usefixtures("bundled")
def test_without_a_picture_a_sample_with_known_objects_is_shown(run, tmp_path):
    path = tmp_path / "new" / "page.html"
    code, out, err = run("explore", "-o", path, "--quiet")
    assert (code, out, err) == (0, f"{path}\n", "")
    page = path.read_text("utf-8")
    assert "shapes sample" in page
    assert '"truth": {"boxes"' in page
    assert [one.name for one in path.parent.iterdir()] == ["page.html"]


@pytest.mark.usefixtures("bundled")
def test_a_picture_of_your_own_and_its_truth(run, picture, tmp_path):
    annotations = {
        "images": [{"id": 1, "file_name": picture.name, "width": 60, "height": 40}],
        "categories": [{"id": n, "name": name} for n, name in enumerate(("circle", "square", "triangle"), 1)],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [5, 5, 20, 20], "iscrowd": 0}],
    }
    (tmp_path / "truth.json").write_text(json.dumps(annotations))
    path = tmp_path / "page.html"
    code, out, _ = run("explore", picture, "--truth", tmp_path / "truth.json", "-o", path, "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["page"] == str(path)
    assert answer["bytes"] == path.stat().st_size
    assert '"labels": [2]' in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["x.png", "--only", "roi"], "leave IMAGE out"),
        (["--truth", "x.json"], "name the IMAGE"),
        (["-o", "."], "is a folder; name a file"),
    ],
)
def test_what_cannot_work_is_refused_first(run, words, sentence):
    code, _, err = run("explore", *words)
    assert code == 2
    assert sentence in err
    assert one_sentence(err)


def test_a_model_of_other_classes_needs_a_picture(run, tmp_path):
    save_model(
        tmp_path / "cats.npz", mini(2, rng=np.random.default_rng(0)), {"class_names": ["background", "cat"]}
    )
    code, _, err = run("explore", "--model", tmp_path / "cats.npz", "-o", tmp_path / "page.html")
    assert code == 2
    assert "name an IMAGE" in err


def test_a_part_alone(run, tmp_path):
    assert ("roi", *WORLDS) == PARTS
    path = tmp_path / "part.html"
    assert run("explore", "--only", "roi", "-o", path)[:2] == (0, f"{path}\n")
    assert "RoI operators explored" in path.read_text("utf-8")
    _, out, _ = run("explore", "--only", "iou", "-o", path, "--json")
    assert json.loads(out) == {"page": str(path), "bytes": path.stat().st_size}
    assert "Overlap of two boxes" in path.read_text("utf-8")
