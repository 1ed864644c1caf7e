"""Parts of a data set: whole together, the same in every run, and data sets in their own right."""

import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset, Shapes, Subset, cut
from minimaskrcnn.errors import InputError


def test_a_subset_is_a_data_set():
    pictures, part = Shapes("val", size=9), Subset(Shapes("val", size=9), [7, 3])
    assert (len(part), part.num_classes, part.class_names) == (2, 4, pictures.class_names)
    for index, original in enumerate((7, 3)):
        np.testing.assert_array_equal(part[index][0], pictures[original][0])
        assert part[index][1].image_id == original
    assert part[-1][1].image_id == 3
    with pytest.raises(IndexError):
        part[2]
    assert part.category_ids is part.areas(0) is None


@pytest.mark.parametrize("fraction", [0.001, 0.2, 0.5, 0.999])
def test_a_cut_is_whole_and_always_the_same(fraction):
    train, validation = cut(Shapes("train", size=50), fraction)
    assert len(validation) == min(max(1, round(50 * fraction)), 49)
    assert sorted(train.indices + validation.indices) == list(range(50))
    again = cut(Shapes("train", size=50), fraction)
    assert (again[0].indices, again[1].indices) == (train.indices, validation.indices)


def test_a_cut_hardly_moves_when_pictures_are_added():
    before = set(cut(Shapes("train", size=100), 0.2)[1].indices)
    after = set(cut(Shapes("train", size=110), 0.2)[1].indices)
    assert len(before - after) <= 5


@pytest.mark.parametrize(("size", "fraction"), [(1, 0.5), (50, 0.0), (50, 1.0)])
def test_what_cannot_be_cut_is_refused(size, fraction):
    with pytest.raises(InputError, match="between 0 and 1 of at least two pictures"):
        cut(Shapes("train", size=size), fraction)


@pytest.fixture
def coco_of_two(tmp_path):
    """Two pictures with a square each, and areas that the file states."""
    for name in "ab":
        Image.new("RGB", (40, 30), (90, 120, 150)).save(tmp_path / f"{name}.png")
    square = [5, 5, 20, 5, 20, 20, 5, 20]
    content = {
        "images": [
            {"id": i, "file_name": f"{n}.png", "width": 40, "height": 30} for i, n in ((3, "a"), (8, "b"))
        ],
        "annotations": [
            {
                "id": i,
                "image_id": i,
                "category_id": 5,
                "bbox": [5, 5, 15, 15],
                "area": 200 + i,
                "iscrowd": 0,
                "segmentation": [square],
            }
            for i in (3, 8)
        ],
        "categories": [{"id": 5, "name": "cell"}],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    return CocoDataset(tmp_path / "a.json", tmp_path)


def test_the_areas_of_the_file_come_with_its_pictures(coco_of_two):
    part = Subset(coco_of_two, [1])
    np.testing.assert_array_equal(part.areas(0), coco_of_two.areas(1))
    assert part.category_ids == coco_of_two.category_ids
    assert part.image_ids == coco_of_two.image_ids[1:]
