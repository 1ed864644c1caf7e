"""What the command line opens: files of other tools are data sets like any other."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.cli import sources
from minimaskrcnn.data import CocoDataset
from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini


@pytest.fixture
def label_maps(tmp_path):
    """A label map and its picture; returns the two folders."""
    labels = np.zeros((40, 60), np.uint8)
    labels[5:25, 10:30] = 1
    for name, picture in (("masks", labels), ("images", np.zeros((40, 60, 3), np.uint8))):
        (tmp_path / name).mkdir()
        Image.fromarray(picture).save(tmp_path / name / "p.png")
    return tmp_path / "masks", tmp_path / "images"


def model_of(*names):
    model = mini(1 + len(names), rng=np.random.default_rng(0))
    model.class_names = ("background", *names)
    return model


def test_objects_without_a_name_are_those_of_a_model_of_one_class(label_maps):
    dataset = CocoDataset(*label_maps)
    matched = sources.with_labels_of(model_of("nucleus"), dataset)
    assert matched.class_names == ["background", "nucleus"]
    assert matched[0][1].labels.tolist() == [1]
    assert dataset.class_names == ["background", "object"]
    with pytest.raises(InputError, match="has the classes object, which are not among car, dog"):
        sources.with_labels_of(model_of("car", "dog"), dataset)


def part_of_coco(path, ids):
    """A file of one object per class; `ids` by name."""
    boxes = [
        {"id": k, "image_id": 1, "category_id": key, "bbox": [k, 1, 5, 5], "area": 25, "iscrowd": 0}
        for k, key in enumerate(ids.values(), start=1)
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 20, "width": 20}],
        "annotations": boxes,
        "categories": [{"id": key, "name": name} for name, key in ids.items()],
    }
    path.write_text(json.dumps(content))
    return CocoDataset(path, None)


def test_other_spellings_and_pascal_names_are_matched_and_said(tmp_path, caplog):
    ids = {"Person": 1, "aeroplane": 5, "traffic_light": 10, "tvmonitor": 72, "dog": 18}
    dataset = part_of_coco(tmp_path / "part.json", ids)
    with caplog.at_level("INFO", logger="minimaskrcnn"):
        matched = sources.with_labels_of(model_of(*COCO_NAMES[1:]), dataset)
    names = ["person", "airplane", "traffic light", "tv", "dog"]
    assert [COCO_NAMES[label] for label in matched.target(0, (20, 20)).labels] == names
    assert "'Person' as 'person', 'aeroplane' as 'airplane'" in caplog.text
    assert "5 classes match by name and by id" in caplog.text
    assert set(dataset.class_names[1:]) == set(ids)


@pytest.mark.parametrize("pair", [("CD4-", "CD4+"), ("cell 12", "cell 1 2"), ("b", "a")])
def test_names_that_differ_in_more_than_spelling_are_refused(tmp_path, pair):
    dataset = part_of_coco(tmp_path / "part.json", {pair[0]: 1})
    with pytest.raises(InputError, match="which are not among"):
        sources.with_labels_of(model_of(pair[1], "other"), dataset)


def test_two_classes_of_a_file_are_not_made_one(tmp_path):
    dataset = part_of_coco(tmp_path / "part.json", {"Car": 1, "car": 2})
    with pytest.raises(InputError, match="has the classes Car, which"):
        sources.with_labels_of(model_of("car", "dog"), dataset)
    dataset = part_of_coco(tmp_path / "part.json", {"Car": 1, "CAR": 2})
    with pytest.raises(InputError, match="has the classes Car, CAR, which"):
        sources.with_labels_of(model_of("car", "dog"), dataset)


COMMANDS = {
    "check": ["DATA", "--images", "."],
    "evaluate": ["coco", "--data", "DATA", "--images", ".", "--model", "MODEL"],
    "anchors": ["coco", "--data", "DATA", "--images", ".", "--model", "MODEL", "-o", "out"],
    "train": ["coco", "--data", "DATA", "--images", ".", "--set", "steps=1", "-o", "out"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_opens_coco_opens_labelme(run, tmp_path, monkeypatch, checkpoint, command):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save("p.png")
    shape = {"label": "circle", "points": [[10, 5], [40, 5], [40, 35]], "shape_type": "polygon"}
    content = {"shapes": [shape], "imagePath": "p.png", "imageHeight": 64, "imageWidth": 64}
    (tmp_path / "p.json").write_text(json.dumps(content))
    words = [{"DATA": "p.json", "MODEL": checkpoint}.get(word, word) for word in COMMANDS[command]]
    code, _, err = run(command, *words, "-q")
    assert code == 0, err


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ({"person": 1, "dog": 18, "toothbrush": 90}, "3 classes match by name and by id"),
        (
            {"toothbrush": 1, "dog": 2, "person": 3},
            "lists its classes in another order; they are matched by name",
        ),
    ],
)
def test_parts_of_coco_are_matched_and_what_was_matched_is_said(tmp_path, caplog, ids, words):
    dataset = part_of_coco(tmp_path / "part.json", ids)
    model = model_of(*COCO_NAMES[1:])
    with caplog.at_level("INFO", logger="minimaskrcnn"):
        matched = sources.with_labels_of(model, dataset)
    assert words in caplog.text
    labels = matched.target(0, (20, 20)).labels
    assert [COCO_NAMES[label] for label in labels] == list(ids)
