"""Public data sets, from a server on this machine: unpacked whole or not at all, then found by name."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.cli import main
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import published_data
from minimaskrcnn.io.published_data import DATA_SETS, find_data_set, is_part, unpack

from .test_download import CONTENT, Handler, server  # noqa: F401 (a fixture)

COCO = {
    "images": [{"id": 1, "file_name": "1.png", "height": 8, "width": 8}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0}
    ],
    "categories": [{"id": 1, "name": "person"}],
}


def picture():
    stream = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


ARCHIVES = {
    "coco_val2017": zipped(
        {
            "annotations/instances_val2017.json": json.dumps(COCO),
            "annotations/captions_val2017.json": "{}",
            "annotations/person_keypoints_val2017.json": json.dumps(COCO),
        }
    ),
    "coco_val2017_images": zipped({"val2017/1.png": picture()}),
    "bbbc038": zipped({"a/images/a.png": picture(), "a/masks/m.png": picture()}),
}


@pytest.fixture
def published(server, monkeypatch):  # noqa: F811
    """The data sets, on the server."""
    sent = {}

    def answer(handler):
        content = sent.get(handler.path.rpartition("/")[2], CONTENT)
        start = handler.start()
        place = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        handler.send(content[start:], 206 if start else 200, **place)

    monkeypatch.setattr(Handler, "whole", answer)
    for name, content in (*ARCHIVES.items(), ("coco_val2017_keypoints", ARCHIVES["coco_val2017"])):
        entry = DATA_SETS[name]
        sent[entry.file] = content
        here = replace(
            entry,
            url=f"http://127.0.0.1:{server.server_port}/{entry.file}",
            digits=hashlib.sha256(content).hexdigest()[:32],
            megabytes=len(content) / 2**20,
        )
        monkeypatch.setitem(DATA_SETS, name, here)
    return server


def test_a_command_downloads_unpacks_and_finds_it_afterwards(published, capsys):
    command = ["check", "coco_val2017", "--images", "coco_val2017_images", "-q"]
    assert main([*command, "--yes"]) == 0
    assert "1 of 1 images" in capsys.readouterr().out
    asked = len(published.asked)
    assert asked == 2
    assert main(command) == 0
    assert len(published.asked) == asked
    folder = find_data_set("coco_val2017").parent
    names = ["instances_val2017.json", "person_keypoints_val2017.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert main(["check", "coco_val2017_keypoints", "-q"]) == 0
    assert len(published.asked) == asked
    assert not list(folder.parent.parent.glob("*.zip"))


def test_nuclei_are_found_by_their_name(published, tmp_path):
    assert main(["anchors", "nuclei", "--data", "bbbc038", "--yes", "-q", "-o", str(tmp_path / "a.png")]) in (
        0,
        2,
    )
    assert (find_data_set("bbbc038") / "a" / "images" / "a.png").is_file()


def test_without_leave_one_sentence_says_where_it_is_and_where_to_put_it(published, capsys):
    assert main(["check", "coco_val2017"]) == 2
    words = capsys.readouterr().err
    assert "the same command with --yes downloads it" in words
    assert DATA_SETS["coco_val2017"].url in words
    assert "coco/annotations/instances_val2017.json exists" in words
    assert not published.asked


@pytest.mark.parametrize("manner", ["sends_another_file", "sends_a_page", "is_gone", "hangs_up"])
def test_another_file_is_never_unpacked(published, monkeypatch, capsys, manner):
    monkeypatch.setattr("minimaskrcnn.io.download.TRIES", 1)
    published.manner = manner
    assert main(["check", "coco_val2017", "--yes", "-q"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert find_data_set("coco_val2017") is None


def test_a_file_of_that_name_comes_first(published, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coco_val2017").write_text(json.dumps(COCO))
    assert main(["check", "coco_val2017", "-q"]) == 0
    assert not published.asked


def test_an_archive_that_ends_early_leaves_nothing(published, tmp_path):
    broken = tmp_path / "annotations.zip"
    broken.write_bytes(ARCHIVES["coco_val2017"][:-30])
    with pytest.raises(InputError, match="damaged or truncated"):
        unpack(DATA_SETS["coco_val2017"], broken)
    assert find_data_set("coco_val2017") is None
    folder = published_data.data_folders()[-1] / "coco/annotations"
    assert not list(folder.iterdir())


def test_an_archive_without_the_part_is_refused(published, tmp_path):
    other = tmp_path / "other.zip"
    other.write_bytes(zipped({"readme": "x"}))
    with pytest.raises(InputError, match="has no annotations/instances_val2017"):
        unpack(DATA_SETS["coco_val2017"], other)


def test_a_folder_of_its_own_name_around_all_is_no_other_place(published, tmp_path):
    wrapped = tmp_path / "stage1_train.zip"
    wrapped.write_bytes(zipped({"stage1_train/a/images/a.png": picture()}))
    assert (unpack(DATA_SETS["bbbc038"], wrapped) / "a" / "images" / "a.png").is_file()


def test_no_part_is_taken_for_another():
    assert is_part("annotations/instances_val2017.json", "annotations/instances_val2017.json")
    assert not is_part("annotations/instances_val2017.json2", "annotations/instances_val2017.json")
