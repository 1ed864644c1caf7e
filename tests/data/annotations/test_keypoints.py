"""Keypoints of COCO files arrive in the targets, are written again, and are refused where they are broken."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.data.annotations.writing import as_coco
from minimaskrcnn.data.results import CocoResults
from minimaskrcnn.errors import InputError

NAMES = ["nose", "left_hand", "right_hand"]


def content(**changes):
    person = {
        "image_id": 1,
        "category_id": 1,
        "bbox": [2, 3, 20, 24],
        "iscrowd": 0,
        "area": 300,
        "keypoints": [5, 6, 2, 9.5, 8, 1, 0, 0, 0],
        "num_keypoints": 2,
    }
    return {
        "images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 30}],
        "annotations": [{**person, "id": 1}, {**person, "id": 2, "keypoints": []}],
        "categories": [{"id": 1, "name": "person", "keypoints": NAMES, "skeleton": [[1, 2], [1, 3], [0, 9]]}],
    } | changes


@pytest.fixture
def opened(tmp_path):
    def write(things, **options):
        Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
        path = tmp_path / "instances.json"
        path.write_text(json.dumps(things))
        return CocoDataset(path, tmp_path, **options)

    return write


def test_keypoints_names_and_limbs_are_read_and_an_object_without_any_has_zeros(opened):
    dataset = opened(content())
    _, target = dataset[0]
    assert dataset.skeleton.names == tuple(NAMES)
    assert dataset.skeleton.limbs == ((0, 1), (0, 2))
    assert target.mirror == (0, 2, 1)
    assert target.keypoints.dtype == np.float32
    np.testing.assert_array_equal(
        target.keypoints, [[[5, 6, 2], [9.5, 8, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]]
    )
    target.validate((3, 30, 40), 2)


def test_the_report_counts_objects_with_keypoints(opened):
    report = opened(content()).report()
    assert "keypoints: 3 of 1 objects" in str(report)
    assert report.as_dict()["keypoints"] == {"names": NAMES, "objects": 1}


def test_a_file_without_keypoints_has_none(opened):
    plain = content()
    for annotation in plain["annotations"]:
        annotation.pop("keypoints")
    dataset = opened(plain)
    assert dataset.skeleton is None
    assert dataset[0][1].keypoints is None


def test_keypoints_without_names_are_numbered(opened):
    dataset = opened(content(categories=[{"id": 1, "name": "person"}]))
    assert dataset.skeleton.names == ("keypoint 1", "keypoint 2", "keypoint 3")


def test_categories_with_other_keypoints_are_not_mixed(opened):
    two = [*content()["categories"], {"id": 2, "name": "cat", "keypoints": ["tail"]}]
    dataset = opened(content(categories=two))
    assert dataset.skeleton is None
    assert any("different keypoints" in str(finding) for finding in dataset.file.findings)


def test_what_is_read_is_written(opened):
    dataset = opened(content())
    again = opened(as_coco(dataset.file))
    np.testing.assert_array_equal(again[0][1].keypoints, dataset[0][1].keypoints)
    assert again.skeleton == dataset.skeleton
    assert as_coco(again.file)["annotations"][0]["num_keypoints"] == 2


@pytest.mark.parametrize(
    "keypoints", [[1, 2], "left", [1, 2, 3, 4, 5, 2, 0, 0, 0], [None] * 9, [1e999, 0, 2] * 3, {"x": 1}]
)
def test_broken_keypoints_are_named_and_can_be_skipped(opened, keypoints):
    broken = content()
    broken["annotations"][1]["keypoints"] = keypoints
    with pytest.raises(InputError, match=r"annotation 2 has .*keypoints"):
        opened(broken)
    assert len(opened(broken, skip_broken=True)[0][1]) == 1


def test_results_with_keypoints_are_read_and_broken_ones_refused(opened, tmp_path):
    dataset, path = opened(content()), tmp_path / "results.json"
    entry = {"image_id": 1, "category_id": 1, "score": 0.5, "keypoints": [5, 6, 0.7, 9, 8, 0.1, 1, 2, 1]}
    path.write_text(json.dumps([entry]))
    results = CocoResults(path, dataset)
    found = results.detections(0)
    assert results.has_keypoints
    assert found.keypoints.shape == (1, 3, 3)
    np.testing.assert_array_equal(found.boxes, [[1, 2, 9, 8]])
    for wrong in ([1, 2], None, "x", [float("nan")] * 9):
        path.write_text(json.dumps([entry, {**entry, "keypoints": wrong}]))
        with pytest.raises(InputError, match="result 1 has the keypoints"):
            CocoResults(path, dataset)
