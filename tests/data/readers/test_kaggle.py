"""Kaggle's run lengths: pixels counted from 1, down the columns."""

import pytest

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

# Five rows: column 2 holds the pixels 11 to 15, so that row 1 of it is pixel 12.
TWO_COLUMNS = "12 2 17 2 22 2"
DRAWN = [".......", "..###..", "..###..", ".......", "......."]


@pytest.fixture
def write(tmp_path):
    def _write(*rows, header="ImageId,EncodedPixels", ends="\n"):
        path = tmp_path / "stage1_train_labels.csv"
        path.write_text(ends.join([header, *rows]) + ends, newline="")
        return path

    return _write


@pytest.mark.parametrize("name", ["a.png", "a/images/a.png"])
def test_runs_go_down_the_columns_from_pixel_1(write, picture, drawn, name):
    assert drawn(write(f"a,{TWO_COLUMNS}", ends="\r\n"), picture(name)) == [("object", DRAWN)]


def test_an_id_may_be_a_file_name(write, picture, drawn):
    """The ships of Airbus are listed so."""
    assert drawn(write(f"a.jpg,{TWO_COLUMNS}"), picture("a.jpg")) == [("object", DRAWN)]


def test_a_picture_has_several_rows_or_none(write, picture):
    picture("b.png")
    path = write("a,12 2", "a,1 1 3 1", "b,,5,7,Public", header="ImageId,EncodedPixels,Height,Width,Usage")
    dataset = CocoDataset(path, picture())
    assert [len(dataset.target(index, (5, 7)).boxes) for index in (0, 1)] == [2, 0]
    assert dataset.target(0, (5, 7)).boxes.tolist() == [[2, 1, 3, 3], [0, 0, 1, 3]]
    assert dataset.areas(0).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ("12 2 17", "write pairs of whole numbers"),
        ("12 x", "write pairs of whole numbers"),
        ("99999999999999999999 1", "write pairs of whole numbers"),
        ("9223372036854775807 9223372036854775807", "has runs beyond the 35 pixels"),
        ("35 2", "or that leave the picture of 35 pixels"),
        ("0 2", "or that leave the picture"),
        ("12 3 13 2", "has runs that overlap"),
        ("12 0", "has a run without a pixel"),
        ("12 -3", "has a run without a pixel"),
    ],
)
def test_broken_runs_are_named(write, picture, runs, words):
    with pytest.raises(InputError, match=f"labels.csv line 2.*{words}"):
        CocoDataset(write(f"a,{runs}"), picture())


def test_a_missing_picture_is_named_and_can_be_skipped(write, picture):
    path = write("a,12 2", "gone,12 2")
    with pytest.raises(InputError, match=r"has file_name 'gone\.png'"):
        CocoDataset(path, picture())
    dataset = CocoDataset(path, picture(), skip_broken=True)
    assert len(dataset) == 1
    assert dataset.file.left_out() == "1 x image: file_name, 1 x annotation: picture left out"
    with pytest.raises(InputError, match=r"with --images DIR, or convert it first: .* --to-coco FILE"):
        CocoDataset(path, None)
