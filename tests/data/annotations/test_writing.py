"""What a reader or COCO's JSON gave is written as COCO, and pycocotools finds the same masks in it."""

import contextlib
import io
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.data.annotations import AnnotationFile, write_coco
from minimaskrcnn.errors import InputError

SQUARE = [[1.5, 1, 5, 1, 5, 3, 1.5, 3]]
FORMS = [SQUARE, {"size": [5, 7], "counts": [6, 2, 27]}, {"size": [5, 7], "counts": "62k0"}]


@pytest.fixture
def write(tmp_path):
    Image.new("RGB", (7, 5)).save(tmp_path / "p.png")

    def _write(change=lambda content: None):
        content = {
            "images": [{"id": 4, "file_name": "p.png"}],
            "annotations": [
                {"id": 7 + k, "image_id": 4, "category_id": 3, "bbox": [1, 1, 4, 2], "segmentation": form}
                for k, form in enumerate(FORMS)
            ],
            "categories": [{"id": 3, "name": "cat"}],
        }
        change(content)
        path = tmp_path / "a.json"
        path.write_text(json.dumps(content))
        return path

    return _write


def test_pycocotools_reads_the_same_masks(write, tmp_path):
    source, copy = write(), tmp_path / "out" / "coco.json"
    write_coco(AnnotationFile(source, tmp_path), copy)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = COCO(str(copy))
    _, target = CocoDataset(source, tmp_path)[0]
    masks = [theirs.annToMask(theirs.anns[key]) for key in (7, 8, 9)]
    assert np.array_equal(target.masks, np.array(masks, bool))
    assert theirs.imgs[4] == {"id": 4, "file_name": "p.png", "height": 5, "width": 7}
    assert CocoDataset(copy, tmp_path).file.annotations == CocoDataset(source, tmp_path).file.annotations


@pytest.mark.parametrize("ids", [["a", "b", "c"], [1, 1, 2], [None, 1, 2], [0, 1, 2]])
def test_ids_that_pycocotools_cannot_use_are_numbered_anew(write, tmp_path, ids):
    def change(content):
        for entry, key in zip(content["annotations"], ids, strict=True):
            entry["id"] = key

    write_coco(AnnotationFile(write(change), None), tmp_path / "b.json")
    written = json.loads((tmp_path / "b.json").read_text())
    assert [entry["id"] for entry in written["annotations"]] == [1, 2, 3]


def test_the_source_is_not_overwritten(write):
    source = write()
    with pytest.raises(InputError, match="give the new one another name"):
        write_coco(AnnotationFile(source, None), source)


def test_what_cannot_be_used_is_not_written(write, tmp_path):
    with pytest.raises(InputError, match="lists no images"):
        write_coco(
            AnnotationFile(write(lambda content: content["images"].clear()), None), tmp_path / "b.json"
        )
    assert not (tmp_path / "b.json").exists()
