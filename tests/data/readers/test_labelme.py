"""labelme's files: each kind of shape lies on the pixels on which labelme shows it."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

RECTANGLE = [".......", "..###..", "..###..", ".......", "......."]


def shape(label, points, kind="polygon", **fields):
    return {
        "label": label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": None,
        **fields,
    }


@pytest.fixture
def write(tmp_path, picture):
    picture()

    def _write(*shapes, name="a.json", **fields):
        content = {
            "version": "5.5.0",
            "flags": {},
            "shapes": shapes,
            "imagePath": "..\\photos\\a.png",
            "imageData": None,
            "imageHeight": 5,
            "imageWidth": 7,
        }
        path = tmp_path / "labelme" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**content, **fields}), "utf-8-sig")
        return path

    return _write


def png(mask):
    stream = io.BytesIO()
    Image.fromarray(np.array(mask, bool)).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_a_polygon_covers_the_pixels_between_its_corners(write, picture, drawn):
    corners = [[2.0, 1.0], [5.0, 1.0], [5.0, 3.0], [2.0, 3.0]]
    assert drawn(write(shape("cat", corners)), picture()) == [("cat", RECTANGLE)]


def test_half_pixels_are_kept(write, picture):
    triangle = [[1.5, 0.5], [4.5, 0.5], [1.5, 3.5]]
    _, target = CocoDataset(write(shape("cat", triangle)), picture())[0]
    assert target.boxes.tolist() == [[1.5, 0.5, 4.5, 3.5]]


def test_a_mask_begins_at_its_first_point(write, picture, drawn):
    inside = shape("dog", [[2.0, 1.0], [4.0, 2.0]], "mask", mask=png([[1, 0, 1], [1, 1, 1]]))
    rows = [".......", "..#.#..", "..###..", ".......", "......."]
    assert drawn(write(inside), picture()) == [("dog", rows)]


def test_a_circle_is_its_middle_and_a_point_of_its_edge(write, picture):
    _, target = CocoDataset(write(shape("sun", [[3.5, 2.5], [3.5, 4.5]], "circle")), picture())[0]
    assert np.allclose(target.boxes, [[1.5, 0.5, 5.5, 4.5]])
    # The pixels whose middles are within 2 of (3.5, 2.5).
    rows, columns = np.mgrid[:5, :7] + 0.5
    distance = np.hypot(columns - 3.5, rows - 2.5)
    assert target.masks[0][distance < 1.9].all()
    assert not target.masks[0][distance > 2.1].any()


def test_shapes_of_one_group_are_one_object(write, picture, drawn):
    left = shape("cat", [[0, 0], [2, 0], [2, 2], [0, 2]], group_id=4)
    right = shape("cat", [[5, 3], [7, 5]], "rectangle", group_id=4)
    rows = ["##.....", "##.....", ".......", ".....##", ".....##"]
    assert drawn(write(left, right), picture()) == [("cat", rows)]


def test_a_group_of_a_mask_and_a_polygon_is_their_union(write, picture, drawn):
    left = shape("cat", [[0, 0], [2, 0], [2, 2], [0, 2]], group_id=4)
    right = shape("cat", [[5, 3], [6, 4]], "mask", group_id=4, mask=png([[1, 1], [1, 0]]))
    rows = ["##.....", "##.....", ".......", ".....##", ".....#."]
    assert drawn(write(left, right), picture()) == [("cat", rows)]


def test_rectangles_alone_are_boxes_and_beside_outlines_they_are_outlines(write, picture, drawn, kinds):
    box = shape("cat", [[5, 3], [2, 1]], "rectangle")
    dataset = CocoDataset(write(box), picture())
    assert not dataset.has_masks
    assert dataset.target(0, (5, 7)).boxes.tolist() == [[2, 1, 5, 3]]
    path = write(box, shape("dog", [[0, 0], [2, 0], [2, 1], [0, 1]]))
    assert drawn(path, picture())[0] == ("cat", RECTANGLE)
    assert kinds(path, picture()) == [("note", "rectangle beside outlines")]


def test_what_is_no_object_is_left_out_and_said(write, picture, kinds):
    corners = [[2, 1], [5, 1], [5, 3]]
    path = write(
        shape("_background_", corners),
        shape("__ignore__", corners),
        shape("cat", [[1, 1], [2, 2]], "line"),
        shape("cat", corners),
    )
    dataset = CocoDataset(path, picture())
    assert dataset.class_names == ["background", "cat"]
    assert dataset.file.left_out() == (
        "2 x annotation: label for no object, 1 x annotation: shape without an area"
    )
    assert dataset.file.listed["annotations"] == 4


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (shape("cat", [[1, 1], [2, 2]]), "a.json shape 1.* .a polygon of 4 numbers"),
        (shape("cat", [[1, 1], [2, "x"], [3, 3]]), "a.json shape 1.* has the coordinates"),
        (shape("cat", [[1, 1], [2, 2, 2], [3, 3]]), "a.json shape 1.* has the points"),
        (shape(None, [[1, 1], [2, 1], [3, 3]]), "has the label None"),
        (shape("cat", [[1, 1], [3, 1]], "mask", mask=png([[1, 1]])), "has a mask of 2 x 1 pixels"),
        (shape("cat", [[1, 1], [3, 1]], "mask", mask="no png"), "has a mask that cannot be read"),
        (shape("cat", [[6, 1], [7, 1]], "mask", mask=png([[1, 1]])), "has a mask that leaves its picture"),
    ],
)
def test_a_broken_shape_is_named(write, picture, broken, words):
    with pytest.raises(InputError, match=words):
        CocoDataset(write(broken), picture())


def test_a_folder_has_one_picture_per_file(write, picture):
    corners = [[2, 1], [5, 1], [5, 3]]
    images = picture("b.png")
    write(shape("cat", corners))
    folder = write(shape("dog", corners), name="b.json", imagePath="b.png").parent
    (folder / "c.json").write_text("{")
    with pytest.raises(InputError, match=r"c\.json.*is not JSON"):
        CocoDataset(folder, images)
    dataset = CocoDataset(folder, images, skip_broken=True)
    assert [picture.file_name for picture in dataset.file.pictures.values()] == ["a.png", "b.png"]
    assert dataset.class_names == ["background", "cat", "dog"]


def test_a_file_that_says_another_size_is_refused(write, picture):
    with pytest.raises(InputError, match=r"is 5 x 7 .* but the file says 10 x 14"):
        CocoDataset(write(shape("cat", [[2, 1], [5, 1], [5, 3]]), imageHeight=10, imageWidth=14), picture())


def test_without_the_pictures_the_objects_are_known(write):
    """As `stages --truth` opens a file."""
    dataset = CocoDataset(write(shape("cat", [[2, 1], [5, 1], [5, 3]]), imagePath="a.png"), None)
    assert dataset.target(dataset.index_of("photos/a.png"), (5, 7)).boxes.tolist() == [[2, 1, 5, 3]]
