"""VIA's projects and exports, of version 1 and 2, as JSON and CSV."""

import csv
import json

import numpy as np
import pytest

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

POLYGON = {"name": "polygon", "all_points_x": [2, 5, 5, 2], "all_points_y": [1, 1, 3, 3]}
RECTANGLE = {"name": "rect", "x": 0, "y": 3, "width": 2, "height": 2}
DRAWN = [".......", "..###..", "..###..", ".......", "......."]


def region(shape, **attributes):
    return {"shape_attributes": shape, "region_attributes": attributes}


@pytest.fixture
def write(tmp_path, picture):
    picture()

    def _write(*regions, project=False, name="a.png"):
        found = {
            f"{name}123": {"filename": name, "size": 123, "regions": list(regions), "file_attributes": {}}
        }
        settings = {"_via_settings": {}, "_via_img_metadata": found, "_via_attributes": {"region": {}}}
        path = tmp_path / "via.json"
        path.write_text(json.dumps(settings if project else found))
        return path

    return _write


@pytest.mark.parametrize("project", [True, False])
def test_a_polygon_covers_the_pixels_between_its_corners(write, picture, drawn, project):
    assert drawn(write(region(POLYGON, kind="cat"), project=project), picture()) == [("cat", DRAWN)]


def test_version_1_numbers_its_regions_in_an_object(tmp_path, picture, drawn, kinds):
    """The balloon data set is such a file; it has no attributes, and base64 of a thumbnail besides."""
    entry = {
        "fileref": "",
        "size": 123,
        "filename": "a.png",
        "base64_img_data": "",
        "file_attributes": {},
        "regions": {"0": {"shape_attributes": POLYGON, "region_attributes": {}}},
    }
    path = tmp_path / "via_region_data.json"
    path.write_text(json.dumps({"a.png123": entry}))
    assert drawn(path, picture()) == [("object", DRAWN)]
    assert kinds(path, picture()) == [("note", "no class")]


def write_csv(path, rows, first="filename"):
    columns = [first, "file_size", "file_attributes", "region_count", "region_id"]
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns, "region_shape_attributes", "region_attributes"])
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("first", ["filename", "#filename"])
def test_csv(tmp_path, picture, drawn, first):
    picture("b.png")
    rows = [
        ["a.png", 123, "{}", 1, 0, json.dumps(POLYGON), json.dumps({"class": "cat"})],
        ["b.png", 123, "{}", 0, 0, "{}", "{}"],
    ]
    path = write_csv(tmp_path / "via.csv", rows, first)
    assert drawn(path, picture()) == [("cat", DRAWN)]
    assert len(CocoDataset(path, picture())) == 2


def test_an_ellipse_is_turned_by_theta(write, picture):
    upright = {"name": "ellipse", "cx": 3, "cy": 2, "rx": 2, "ry": 1, "theta": np.pi / 2}
    _, target = CocoDataset(write(region(upright, c="sun")), picture())[0]
    assert np.allclose(target.boxes, [[2, 0, 4, 4]])
    _, target = CocoDataset(write(region({"name": "circle", "cx": 3, "cy": 2, "r": 2}, c="sun")), picture())[
        0
    ]
    assert np.allclose(target.boxes, [[1, 0, 5, 4]])


def test_rectangles(write, picture, drawn):
    alone = CocoDataset(write(region(RECTANGLE, c="cat")), picture())
    assert not alone.has_masks
    assert alone.target(0, (5, 7)).boxes.tolist() == [[0, 3, 2, 5]]
    beside = drawn(write(region(RECTANGLE, c="cat"), region(POLYGON, c="dog")), picture())
    assert beside[0] == ("cat", [".......", ".......", ".......", "##.....", "##....."])


def test_the_class_is_the_attribute_that_is_called_so(write, picture):
    path = write(region(POLYGON, quality="good", Class="cat"))
    assert CocoDataset(path, picture()).class_names == ["background", "cat"]
    path = write(region(POLYGON, quality="good", species={"cat": True, "dog": False}))
    with pytest.raises(InputError, match="'quality', 'species'; rename the one that holds the class"):
        CocoDataset(path, picture())
    path = write(region(POLYGON, species={"cat": True, "dog": False}))
    assert CocoDataset(path, picture()).class_names == ["background", "cat"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (region(POLYGON, c=""), "a.png region 1' has '' for its attribute 'c'; choose one class"),
        (region({**POLYGON, "all_points_y": [1, 1]}, c="cat"), "write one y for each x"),
        (region({**RECTANGLE, "x": None}, c="cat"), "has the coordinates"),
        ({"shape_attributes": None}, "export it again from VIA"),
        (3, "is 3; export it again from VIA"),
    ],
)
def test_a_broken_region_is_named(write, picture, broken, words):
    with pytest.raises(InputError, match=words):
        CocoDataset(write(broken), picture())


def test_points_and_lines_are_left_out(write, picture, kinds):
    path = write(region({"name": "point", "cx": 1, "cy": 1}, c="cat"), region(POLYGON, c="cat"))
    assert kinds(path, picture()) == [("left out", "shape without an area")]
