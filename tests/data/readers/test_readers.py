"""The door: a file is recognised by what it holds, and one of another tool is named with the way out."""

import json

import pytest

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

FOREIGN = {
    "Label Studio; export it as COCO": [
        {"id": 1, "annotations": [{"result": []}], "data": {"image": "a.png"}}
    ],
    "Labelbox; export it as COCO": [{"data_row": {}, "media_attributes": {}, "projects": {}}],
    "Supervisely; export it as COCO": {"description": "", "tags": [], "size": {}, "objects": []},
    "Cityscapes' polygons; pass the folder": {"imgHeight": 1024, "imgWidth": 2048, "objects": []},
    "V7 Darwin; export it as COCO": {"version": "2.0", "item": {}, "annotations": []},
    "Datumaro; export it as COCO": {"info": {}, "categories": {}, "items": []},
    "GeoJSON .QuPath.; export a label image": {"type": "FeatureCollection", "features": []},
    "VIA 3, the video annotator": {"project": {}, "config": {}, "metadata": {}, "view": {}, "file": {}},
    "Create ML; export it as COCO": [{"image": "a.png", "annotations": []}],
    "a list is the format of results": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1], "score": 1}],
}


@pytest.mark.parametrize(("words", "content"), FOREIGN.items())
def test_a_file_of_another_tool_is_named_with_the_way_out(tmp_path, words, content):
    path = tmp_path / "export.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=words):
        CocoDataset(path, None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '<?xml version="1.0"?>\n<annotations>\n  <version>1.1</version>',
            "CVAT for images .XML.; export it as COCO",
        ),
        ("<annotation>\n<folder>JPEGImages</folder>", "Pascal VOC or LabelImg"),
        ("some,other,table\n1,2,3\n", "is not JSON"),
    ],
)
def test_text_of_another_tool(tmp_path, text, words):
    path = tmp_path / "export"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        CocoDataset(path, None)


def test_a_folder_without_annotations(tmp_path, picture):
    with pytest.raises(InputError, match="is a folder without annotations that are read here"):
        CocoDataset(tmp_path, None)
    images = picture()
    with pytest.raises(InputError, match="is a folder without annotations"):
        CocoDataset(images, images)


def test_a_folder_with_one_coco_file(tmp_path, picture):
    """Roboflow puts `_annotations.coco.json` among the pictures."""
    images = picture()
    content = {
        "images": [{"id": 0, "file_name": "a.png", "height": 5, "width": 7}],
        "annotations": [{"id": 0, "image_id": 0, "category_id": 1, "bbox": [1, 1, 2, 2]}],
        "categories": [
            {"id": 0, "name": "cells", "supercategory": "none"},
            {"id": 1, "name": "round", "supercategory": "cells"},
            {"id": 2, "name": "long", "supercategory": "cells"},
        ],
    }
    (images / "_annotations.coco.json").write_text(json.dumps(content))
    dataset = CocoDataset(images, images)
    assert dataset.class_names == ["background", "round", "long"]
    assert dataset.file.left_out() == "1 x category: dummy category"
