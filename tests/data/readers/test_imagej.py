"""ImageJ's regions, written by roifile as ImageJ stores them."""

import sys

import numpy as np
import pytest

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

roifile = pytest.importorskip("roifile", reason="the extra `imagej`")
CORNERS = np.array([[2, 1], [5, 1], [5, 3], [2, 3]])
DRAWN = [".......", "..###..", "..###..", ".......", "......."]


def region(kind, left, top, right, bottom, **fields):
    roi = roifile.ImagejRoi()
    roi.roitype = roifile.ROI_TYPE[kind]
    roi.left, roi.top, roi.right, roi.bottom = left, top, right, bottom
    for name, value in fields.items():
        setattr(roi, name, value)
    return roi


def composite(*outlines):
    """A region of several paths: MOVETO 0, LINETO 1, CLOSE 4."""
    path = []
    for outline in outlines:
        for place, (x, y) in enumerate(outline):
            path += [min(place, 1), x, y]
        path.append(4)
    xs, ys = np.concatenate(outlines).T
    roi = region("RECT", int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max()))
    roi.multi_coordinates = np.array(path, np.float32)
    roi.shape_roi_size = len(path)
    return roi


@pytest.fixture
def write(tmp_path, picture):
    picture()

    def _write(*regions):
        path = tmp_path / "rois" / ("a.roi" if len(regions) == 1 else "a.zip")
        path.parent.mkdir(exist_ok=True)
        roifile.roiwrite(path, regions[0] if len(regions) == 1 else list(regions))
        return path

    return _write


@pytest.mark.parametrize("kind", ["POLYGON", "FREEHAND", "TRACED"])
def test_a_polygon_covers_the_pixels_between_its_corners(write, picture, drawn, kind):
    roi = roifile.ImagejRoi.frompoints(CORNERS)
    roi.roitype = roifile.ROI_TYPE[kind]
    path = write(roi)
    assert drawn(path, picture()) == [("object", DRAWN)]
    assert drawn(path.parent, picture()) == [("object", DRAWN)]


def test_parts_of_pixels_are_kept(write, picture):
    roi = roifile.ImagejRoi.frompoints(CORNERS + 0.25)
    assert CocoDataset(write(roi), picture()).target(0, (5, 7)).boxes.tolist() == [[2.25, 1.25, 5.25, 3.25]]


def test_a_hole_stays_open(write, picture, drawn):
    outer = np.array([[1, 0], [6, 0], [6, 5], [1, 5]])
    inner = np.array([[3, 2], [4, 2], [4, 3], [3, 3]])
    rows = [".#####.", ".#####.", ".##.##.", ".#####.", ".#####."]
    assert drawn(write(composite(outer, inner)), picture()) == [("object", rows)]


def test_an_archive_of_many_kinds(write, picture, kinds):
    path = write(
        roifile.ImagejRoi.frompoints(CORNERS, name="first"),
        region("OVAL", 1, 1, 6, 4, name="second"),
        region("RECT", 0, 3, 2, 5, name="third"),
        region("LINE", 0, 0, 0, 0, name="fourth"),
        roifile.ImagejRoi.frompoints(CORNERS, name="fifth", position=2),
    )
    _, target = CocoDataset(path, picture())[0]
    assert np.allclose(target.boxes, [[2, 1, 5, 3], [1, 1, 6, 4], [0, 3, 2, 5]])
    assert target.masks[2].sum() == 4
    assert target.masks[2][3:5, 0:2].all()
    assert kinds(path, picture()) == [
        ("left out", "shape without an area"),
        ("left out", "region of another page"),
        ("note", "rectangle beside outlines"),
    ]


def test_what_cannot_be_read_is_named(write, picture, tmp_path):
    path = write(roifile.ImagejRoi.frompoints(CORNERS))
    with pytest.raises(InputError, match=r"with --images DIR, or convert it first: .* --to-coco FILE"):
        CocoDataset(path, None)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match=r"a\.roi region' cannot be read"):
        CocoDataset(path, picture())
    other = path.rename(path.with_name("b.roi"))
    with pytest.raises(InputError, match=r"image 'b\.roi' has no picture called 'b'"):
        CocoDataset(other, picture())
    archive = tmp_path / "some.zip"
    archive.write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(InputError, match="ZIP archive without regions of ImageJ; unpack it first"):
        CocoDataset(archive, picture())


def test_without_the_extra_the_way_out_is_named(write, picture, monkeypatch):
    path = write(roifile.ImagejRoi.frompoints(CORNERS))
    monkeypatch.setitem(sys.modules, "roifile", None)
    with pytest.raises(InputError, match=r"pip install minimaskrcnn\[imagej\], or save a label map"):
        CocoDataset(path, picture())
