"""A resumed run notices that pictures, objects or categories are no longer those it was begun with."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset, Shapes, Subset
from minimaskrcnn.errors import InputError
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.training import Trainer
from minimaskrcnn.training.fingerprint import data_changes, fingerprint
from tests.training.conftest import SHORT, SMALL

NAMES = ["cell", "dirt"]


def photographs(folder, count=4, left=5, ids=(1, 2), objects=1):
    """Pictures with squares, `left` pixels from the edge."""
    for index in range(count):
        Image.new("RGB", (60, 40), (90, 120, 150)).save(folder / f"{index}.png")
    square = [left, 5, left + 20, 5, left + 20, 25, left, 25]
    content = {
        "images": [{"id": i + 1, "file_name": f"{i}.png"} for i in range(count)],
        "annotations": [
            {
                "id": 10 * i + k,
                "image_id": i + 1,
                "category_id": ids[0],
                "bbox": [left, 5, 20, 20],
                "segmentation": [square],
            }
            for i in range(count)
            for k in range(objects)
        ],
        "categories": [{"id": i, "name": name} for i, name in zip(ids, NAMES, strict=True)],
    }
    (folder / "a.json").write_text(json.dumps(content))
    return CocoDataset(folder / "a.json", folder)


def trainer(dataset, out):
    return Trainer.from_recipe(replace(SHORT, model=SMALL), dataset, out)


@pytest.fixture
def begun(tmp_path):
    """The folder of the pictures of a run that was stopped after two steps."""
    trainer(photographs(tmp_path), tmp_path / "run").run(stop_at=2)
    return tmp_path


CHANGES = [
    ({"count": 7}, "3 pictures added"),
    ({"count": 2}, "2 pictures removed"),
    ({"left": 20}, "objects moved in 4 pictures"),
    ({"objects": 2}, "objects added or removed in 4 pictures"),
    ({"ids": (11, 12)}, "objects moved in 4 pictures, the categories have other ids"),
]


@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_data_that_changed_are_noticed(begun, change, says):
    with pytest.raises(InputError, match=rf"begun with other data \({says}\); put them back"):
        trainer(photographs(begun, **change), begun / "run").run(resume=True)


@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_a_run_may_go_on_with_them(begun, change, says):
    resumed = trainer(photographs(begun, **change), begun / "run")
    resumed.run(resume=True, changed_data=True)
    assert resumed.step == 4
    assert resumed.loader.epoch == 1
    assert (begun / "run" / "model.npz").is_file()


def test_the_same_data_opened_again_are_the_same(begun):
    trainer(photographs(begun), begun / "run").run(resume=True)


def test_a_state_of_an_older_version_has_no_fingerprint(begun):
    arrays, meta = load_arrays(begun / "run" / "state.npz")
    del arrays["data/pictures"], meta["format"]
    save_arrays(begun / "run" / "state.npz", arrays, meta)
    trainer(photographs(begun), begun / "run").run(resume=True)


def test_a_part_of_the_data_has_the_fingerprints_of_its_pictures(tmp_path):
    dataset = photographs(tmp_path)
    np.testing.assert_array_equal(fingerprint(Subset(dataset, [2, 0])), fingerprint(dataset)[[2, 0]])


def test_generated_pictures_are_counted():
    now, then = fingerprint(Shapes("train", size=9)), fingerprint(Shapes("train", size=8))
    assert data_changes(now, then) == "1 picture added"
    assert data_changes(now, now) == ""
