"""YOLO's labels: fractions of the picture's sides, found from the pictures or from the folder of labels."""

import pytest

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.data.readers.yolo import names_of
from minimaskrcnn.errors import InputError

# Corners (2, 1), (5, 1), (5, 4), (2, 4) of a picture of 8 x 5 pixels.
POLYGON = "1 0.25 0.2 0.625 0.2 0.625 0.8 0.25 0.8\n"
DRAWN = ["........", "..###...", "..###...", "..###...", "........"]


@pytest.fixture
def write(tmp_path, picture):
    """A data set as Ultralytics lays it out: data.yaml, images/a.png, labels/a.txt."""
    picture(width=8)

    def _write(text, names="names: ['cat', 'dog']", name="a.txt"):
        (tmp_path / "data.yaml").write_text(f"path: ../here\ntrain: images\nval: images\nnc: 2\n{names}\n")
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / name).write_text(text)
        return tmp_path

    return _write


def test_a_polygon_covers_the_pixels_between_its_corners(write, drawn):
    root = write(POLYGON)
    for source in (root / "data.yaml", root / "labels", root):
        assert drawn(source, root / "images") == [("dog", DRAWN)]


def test_a_box_is_its_middle_and_its_sides(write):
    root = write("0 0.5 0.5 0.25 0.4\n1 0.25 0.2 0.25 0.4\n")
    dataset = CocoDataset(root / "data.yaml", root / "images")
    assert not dataset.has_masks
    assert dataset.target(0, (5, 8)).boxes.tolist() == [[3, 1.5, 5, 3.5], [1, 0, 3, 2]]
    assert [dataset.class_names[label] for label in dataset.target(0, (5, 8)).labels] == ["cat", "dog"]


def test_a_picture_without_a_label_file_has_no_objects(write, picture):
    root = write(POLYGON)
    picture("b.png", width=8)
    dataset = CocoDataset(root / "labels", root / "images")
    assert [len(dataset.target(index, (5, 8)).boxes) for index in (0, 1)] == [1, 0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.25 0.2 0.625 0.2 0.625", "a.txt line 2' has 5 numbers after its class"),
        ("0 0.25 0.2 0.625 0.2 0.625 x", "write a class and numbers"),
        ("0 0.25 0.2 0.625 0.2 nan 0.8", "has the coordinates"),
        ("0 80 20 300 20 300 80", "write fractions of the picture's sides, not pixels"),
        ("0.5 0.25 0.2 0.625 0.2 0.625 0.8", "has the class 0.5"),
        ("2 0.25 0.2 0.625 0.2 0.625 0.8", r"has category 2 \(a number\), which the file does not list"),
        ("0 0.5 0.5 0.25 0.4", "line 2' has no usable segmentation, but others of the file have one"),
    ],
)
def test_a_broken_line_is_named(write, line, words):
    root = write(POLYGON + line)
    with pytest.raises(InputError, match=words):
        CocoDataset(root / "data.yaml", root / "images")


def test_labels_without_their_picture_or_names(write, tmp_path):
    root = write(POLYGON)
    with pytest.raises(InputError, match=r"with --images DIR, or convert it first: .* --to-coco FILE"):
        CocoDataset(root / "data.yaml", None)
    write(POLYGON, name="gone.txt")
    with pytest.raises(InputError, match="image 'gone' has no picture called 'gone'"):
        CocoDataset(root / "labels", root / "images")
    (root / "data.yaml").unlink()
    with pytest.raises(InputError, match=r"no data\.yaml or classes\.txt"):
        CocoDataset(root / "labels", root / "images")
    (root / "labels" / "classes.txt").write_text("cat\ndog\n")
    assert CocoDataset(root / "labels", root / "images", skip_broken=True).class_names[1:] == ["cat", "dog"]


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, 'guinea pig', \"dog\"]",
        "names:\n- cat\n- guinea pig\n- dog\nroboflow:\n  url: x",
        "names:\n  - 'cat'\n  - guinea pig  # a rodent\n  - dog\n",
        "names:\n  0: cat\n  1: guinea pig\n  2: dog\n\nnc: 3\n",
        "names: {0: cat, 1: guinea pig, 2: dog}",
        "train: x\nnames: [\n  cat,\n  guinea pig,\n  dog,\n]\n",
    ],
)
def test_the_ways_to_write_a_list_of_names(text):
    assert names_of(text, "data.yaml") == ["cat", "guinea pig", "dog"]


@pytest.mark.parametrize("text", ["names:", "names: 3", "names: {1: cat}", "names: &anchor"])
def test_names_that_are_no_list(text):
    with pytest.raises(InputError, match="write names"):
        names_of(text, "data.yaml")
