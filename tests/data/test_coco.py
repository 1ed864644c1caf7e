"""CocoDataset: every form a segmentation can take, sensible labels, and broken files named by annotation."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.detection import rle
from minimaskrcnn.errors import InputError

MASK = np.zeros((10, 12), bool)
MASK[2:6, 3:9] = True
POLYGON = [[3, 2, 9, 2, 9, 6, 3, 6]]
COUNTS = {
    "size": [10, 12],
    "counts": [32, 4, 6, 4, 6, 4, 6, 4, 6, 4, 6, 4, 34],
}  # down the columns, zeros first


def annotation(**changes):
    return {
        "id": 51, "image_id": 7, "category_id": 18, "bbox": [3, 2, 6, 4], "area": 24.5, "iscrowd": 0,
        "segmentation": POLYGON,
    } | changes  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write a data set of two pictures, ids 7 and 3; return its two paths."""

    def _write(*annotations, **changes):
        for name in ("seven.png", "three.png"):
            Image.new("RGB", (12, 10), "red").save(tmp_path / name)
        content = {
            "images": [{"id": 7, "file_name": "seven.png"}, {"id": 3, "file_name": "three.png"}],
            "categories": [{"id": 90, "name": "kite"}, {"id": 18, "name": "dog"}],
            "annotations": list(annotations),
        }
        (tmp_path / "a.json").write_text(json.dumps(content | changes))
        return tmp_path / "a.json", tmp_path

    return _write


@pytest.mark.parametrize(
    "segmentation", [POLYGON, COUNTS, rle.encode(MASK)], ids=["polygon", "counts", "string"]
)
def test_all_forms_of_segmentation_draw_the_same_mask(write, segmentation):
    data = CocoDataset(*write(annotation(segmentation=segmentation)))
    image, target = data[1]
    assert image[:, 0, 0].tolist() == [1, 0, 0]
    np.testing.assert_array_equal(target.masks, MASK[None])
    assert target.boxes.tolist() == [[3, 2, 9, 6]]
    assert target.image_id == 7
    target.validate(image.shape, data.num_classes)


def test_categories_become_labels_from_one_up_in_order_of_id(write):
    data = CocoDataset(
        *write(annotation(), annotation(id=52, category_id=90, iscrowd=1, segmentation=COUNTS))
    )
    assert data.class_names == ["background", "dog", "kite"]
    assert data.category_ids == [0, 18, 90]
    target = data[1][1]
    assert target.labels.tolist() == [1, 2]
    assert target.iscrowd.tolist() == [False, True]
    assert data.areas(1).tolist() == [24.5, 24.5]


@pytest.mark.parametrize(
    ("segmentation", "area"),
    [(POLYGON, 24), ([[3, 2, 9, 2, 9, 6]], 12), (COUNTS, 24), (rle.encode(MASK), 24), (None, 24)],
    ids=["polygon", "triangle", "counts", "string", "box"],
)
def test_an_object_without_area_has_that_of_its_outline_or_else_of_its_box(write, segmentation, area):
    without = annotation(segmentation=segmentation)
    del without["area"]
    assert CocoDataset(*write(without)).areas(1).tolist() == [area]


def test_a_picture_without_objects_is_allowed(write):
    data = CocoDataset(*write(annotation()))
    assert data.image_ids == [3, 7]
    image, target = data[0]
    assert target.masks.shape == (0, 10, 12)
    assert target.boxes.shape == (0, 4)
    assert data.areas(0).shape == (0,)
    target.validate(image.shape, data.num_classes)


def test_a_file_of_boxes_only_has_no_masks(write):
    data = CocoDataset(*write(annotation(segmentation=[])))
    assert not data.has_masks
    assert data[1][1].masks is None


BROKEN = {
    "image": ({"image_id": 99}, "belongs to image 99 .a number."),
    "category": ({"category_id": 5}, "has category 5 .a number."),
    "no box": ({"bbox": None}, "has bbox None"),
    "negative box": ({"bbox": [3, 2, -1, 4]}, "positive width"),
    "infinite box": ({"bbox": [3, 2, float("inf"), 4]}, "finite"),
    "short box": ({"bbox": [3, 2, 6]}, "has bbox"),
    "no mask": ({"segmentation": []}, "no usable segmentation"),
    "two corners": ({"segmentation": [[1, 1, 2, 2]]}, "no usable segmentation"),
    "odd polygon": ({"segmentation": [[1, 1, 2, 2, 3, 3, 4]]}, "no usable segmentation"),
    "words": ({"segmentation": [["a"] * 6]}, "no usable segmentation"),
    "no size": ({"segmentation": {"counts": "abc"}}, "no usable segmentation"),
}


@pytest.mark.parametrize(("changes", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_annotation_is_named_at_once_or_skipped_on_request(write, changes, words):
    paths = write(annotation(), annotation(id=666, **changes))
    with pytest.raises(InputError, match=f"annotation 666 .*{words}"):
        CocoDataset(*paths)
    data = CocoDataset(*paths, skip_broken=True)
    assert data.skipped == [666]
    assert len(data[1][1]) == 1


def test_files_of_another_kind_are_refused(write, tmp_path):
    path, folder = write(annotation())
    cases = {
        "[1, 2]": "the format of results",
        "{": "is not JSON",
        '{"images": 3}': "no list 'images'",
        '{"images": [], "categories": [], "annotations": []}': "lists no images",
        '{"type": "FeatureCollection", "features": []}': "looks like a file of GeoJSON",
        "[" * 100_000: "nested too deeply",
        '{"images": ' + "9" * 5000 + "}": "is not JSON",
    }
    for text, words in cases.items():
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            CocoDataset(path, folder)
    with pytest.raises(InputError, match="cannot be read"):
        CocoDataset(tmp_path / "nowhere.json", folder)


def test_a_missing_picture_is_named_when_the_file_is_opened(write):
    path, folder = write(annotation())
    (folder / "seven.png").unlink()
    with pytest.raises(InputError, match=r"image 7 has file_name 'seven\.png', and .* does not exist"):
        CocoDataset(path, folder)


def test_a_picture_that_changes_after_opening_is_named(write):
    path, folder = write(annotation())
    dataset = CocoDataset(path, folder)
    Image.new("RGB", (24, 20)).save(folder / "seven.png")
    with pytest.raises(InputError, match=r"image 7 of .* is 20 x 24 .* its annotations are of 10 x 12"):
        dataset[1]


def test_the_permissive_sample_of_coco(data_dir):
    folder = data_dir / "coco_permissive"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    data = CocoDataset(folder / "instances.json", folder / "images")
    assert (len(data), data.num_classes) == (158, 81)
    for index in range(0, 158, 8):
        image, target = data[index]
        target.validate(image.shape, data.num_classes)
        pixels = target.masks.sum((1, 2))
        np.testing.assert_allclose(
            pixels, data.areas(index), rtol=0.15, atol=60
        )  # polygons' areas are not counts


def test_a_picture_is_found_by_its_file_name_and_its_objects_without_reading_it(write):
    dataset = CocoDataset(write(annotation())[0], None)
    index = dataset.index_of("elsewhere/seven.png")
    assert dataset.image_ids[index] == 7
    target = dataset.target(index, (10, 12))
    np.testing.assert_array_equal(target.boxes, [[3, 2, 9, 6]])
    np.testing.assert_array_equal(target.masks, MASK[None])


def test_a_picture_that_is_not_listed_or_twice_is_refused(write):
    dataset = CocoDataset(*write())
    with pytest.raises(InputError, match=r"lists no picture named eight\.png"):
        dataset.index_of("eight.png")
    twice = [{"id": 1, "file_name": "a/x.png"}, {"id": 2, "file_name": "b/x.png"}]
    with pytest.raises(InputError, match=r"lists 2 pictures named x\.png"):
        CocoDataset(write(images=twice)[0], None).index_of("x.png")
