"""Each thing that an entry can get wrong: one sentence that names it, or taken for what it plainly means."""

import json
import math
import os

import pytest
from PIL import Image

from minimaskrcnn.data.annotations import AnnotationFile, Severity
from minimaskrcnn.errors import InputError

SQUARE = [[5, 5, 25, 5, 25, 25, 5, 25]]
FATAL, BROKEN, LEFT_OUT, NOTE = Severity
REMOVED = object()


def content():
    return {
        "images": [
            {"id": 1, "file_name": "p.png", "width": 60, "height": 40},
            {"id": 2, "file_name": "q.png", "width": 60, "height": 40},
        ],
        "annotations": [
            {"id": k, "image_id": k, "category_id": 1, "bbox": [5, 5, 20, 20], "area": 400, "iscrowd": 0,
             "segmentation": SQUARE}
            for k in (1, 2)
        ],
        "categories": [{"id": 1, "name": "cell"}, {"id": 2, "name": "dirt"}],
    }  # fmt: skip


@pytest.fixture
def opened(tmp_path):
    """Open the two pictures' file after a change of it."""

    def _open(change, folder=tmp_path):
        for name in ("p.png", "q.png"):
            Image.new("RGB", (60, 40)).save(tmp_path / name)
        file = content()
        change(file)
        (tmp_path / "a.json").write_text(json.dumps(file), encoding="utf-8")
        return AnnotationFile(tmp_path / "a.json", folder)

    return _open


def changed(part, changes):
    """Change the first entry of one of the lists."""

    def change(file):
        for name, value in changes.items():
            if value is REMOVED:
                del file[part][0][name]
            else:
                file[part][0][name] = value

    return change


def rle(counts, size=(40, 60)):
    return {"segmentation": {"size": list(size), "counts": counts}}


ANNOTATIONS = {
    "image of another type": ({"image_id": "1"}, BROKEN, "image '1' (a text), which the file does not list"),
    "no such image": ({"image_id": 9}, BROKEN, "belongs to image 9 (a number)"),
    "image in a list": ({"image_id": [1]}, BROKEN, "has image_id [1]"),
    "image true": ({"image_id": True}, BROKEN, "has image_id True"),
    "image null": ({"image_id": None}, BROKEN, "has image_id None"),
    "image half": ({"image_id": 1.5}, BROKEN, "has image_id 1.5"),
    "category of another type": ({"category_id": "1"}, BROKEN, "has category '1' (a text)"),
    "category NaN": ({"category_id": math.nan}, BROKEN, "has category_id nan"),
    "id in a list": ({"id": []}, BROKEN, "has the id []"),
    "id too large": ({"id": 2**63}, BROKEN, "has the id 9223372036854775808"),
    "no box": ({"bbox": REMOVED}, BROKEN, "has bbox None"),
    "texts for a box": ({"bbox": ["1", "2", "3", "4"]}, BROKEN, "has bbox ['1', '2', '3', '4']"),
    "truths for a box": ({"bbox": [True] * 4}, BROKEN, "has bbox [True"),
    "box too large for a float": ({"bbox": [10**400, 1, 5, 5]}, BROKEN, "has bbox [1000"),
    "negative width": ({"bbox": [5, 5, -20, 20]}, BROKEN, "a negative width or height"),
    "flat box": ({"bbox": [5, 5, 20, 0.0]}, LEFT_OUT, "a width or height below 0.01 pixels"),
    "flat in float32": ({"bbox": [50, 5, 1e-6, 20]}, LEFT_OUT, "a width or height below"),
    "box far outside": ({"bbox": [500, 5, 20, 20]}, BROKEN, "ends at (520, 25) of a picture of 60 x 40"),
    "box of two corners": ({"bbox": [5, 5, 25, 25]}, BROKEN, "the two corners of its outline"),
    "corners beyond the picture": (
        {"bbox": [40, 30, 55, 39], "segmentation": [[40, 30, 55, 30, 55, 39, 40, 39]]},
        BROKEN,
        "as two corners it would fit",
    ),
    "box beside its outline": ({"bbox": [30, 5, 10, 20]}, BROKEN, "its outline goes from (5, 5) to (25, 25)"),
    "crowd in words": ({"iscrowd": "no"}, BROKEN, "has iscrowd 'no'"),
    "crowd NaN": ({"iscrowd": math.nan}, BROKEN, "has iscrowd nan"),
    "crowd 2": ({"iscrowd": 2}, BROKEN, "has iscrowd 2"),
    "negative area": ({"area": -5}, BROKEN, "has area -5"),
    "area in words": ({"area": "big"}, BROKEN, "has area 'big'"),
    "area NaN": ({"area": math.nan}, BROKEN, "has area nan"),
    "no outline": ({"segmentation": []}, BROKEN, "no usable segmentation, but others of the file have one"),
    "flat list": ({"segmentation": SQUARE[0]}, BROKEN, "no usable segmentation (5 for a polygon)"),
    "pairs": ({"segmentation": [[[5, 5], [9, 5], [9, 9]]]}, BROKEN, "no usable segmentation"),
    "half a corner": ({"segmentation": [[5, 5, 9, 5, 9, 9, 5]]}, BROKEN, "a polygon of 7 numbers"),
    "one short polygon of two": ({"segmentation": [*SQUARE, [1, 1, 2, 2]]}, BROKEN, "a polygon of 4 numbers"),
    "infinite corner": ({"segmentation": [[math.inf, 5, 9, 5, 9, 9]]}, BROKEN, "not finite, or farther"),
    "corner that wraps": ({"segmentation": [[0, 0, 2**62 / 5, 0, 0, 1]]}, BROKEN, "not finite, or farther"),
    "corner too large": ({"segmentation": [[10**400] * 6]}, BROKEN, "not finite, or farther"),
    "outline outside": ({"segmentation": [[500, 5, 520, 5, 520, 25]]}, BROKEN, "its outline outside"),
    "runs too short": (rle([100, 50, 2249]), BROKEN, "counts add up to 2399"),
    "runs that wrap": (rle([2**62] * 4 + [2400]), BROKEN, "counts add up to 18446744073709554016"),
    "runs of another size": (rle([100, 50, 2250], (60, 40)), BROKEN, "a mask of size [60, 40]"),
    "string cut short": (rle("T3"), BROKEN, "counts add up to"),
    "string with a strange letter": (rle("abc z"), BROKEN, "counts holds ' '"),
    "string without end": (rle("o" * 1000), BROKEN, "ends in the middle of a number"),
    "empty string": (rle(""), BROKEN, "counts add up to 0"),
    "runs without a pixel": (rle([2400]), BROKEN, "a mask without a pixel"),
    "string without a pixel": (rle("P[2"), BROKEN, "a mask without a pixel"),
    "id of another": ({"id": 2}, NOTE, "is listed 2 times"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "severity", "words"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_an_annotation(opened, changes, severity, words):
    file = opened(changed("annotations", changes))
    (finding,) = file.findings
    assert finding.severity is severity
    assert words in str(finding)
    kept = sum(map(len, file.annotations.values()))
    assert kept == (2 if severity is NOTE else 1)


PLAIN = {
    "float ids": {"id": 1.0, "image_id": 1.0, "category_id": 1.0},
    "nothing optional": {"id": REMOVED, "area": REMOVED, "iscrowd": REMOVED},
    "nulls": {"id": None, "area": None, "iscrowd": None},
    "iscrowd in a text": {"iscrowd": "0"},
    "iscrowd false": {"iscrowd": False},
    "sides as floats": rle([100, 50, 2250], (40.0, 60.0)),
    "a little beyond the edge": {"bbox": [-1, 5, 26, 20]},
}


@pytest.mark.parametrize("changes", PLAIN.values(), ids=PLAIN)
def test_an_annotation_that_says_plainly_what_it_means(opened, changes):
    file = opened(changed("annotations", changes))
    assert not file.findings
    (annotation,) = file.annotations[1]
    assert (annotation.picture, annotation.category, annotation.crowd) == (1, 1, False)
    assert annotation.area in (400, 20 * 26)


IMAGES = {
    "no id": ({"id": REMOVED}, "has the id None"),
    "id in a list": ({"id": [1]}, "has the id [1]"),
    "no name": ({"file_name": None}, "has file_name None"),
    "number for a name": ({"file_name": 5}, "has file_name 5"),
    "empty name": ({"file_name": ""}, "has file_name ''"),
    "missing file": ({"file_name": "x.png"}, "does not exist"),
    "folder": ({"file_name": "."}, "which is a folder"),
    "outside": ({"file_name": "../a.png"}, "leads outside the folder"),
    "absolute": ({"file_name": "/etc/passwd"}, "leads outside the folder"),
    "of a drive": ({"file_name": "C:\\x\\a.png"}, "leads outside the folder"),
    "nul": ({"file_name": "p\0.png"}, "has file_name"),
    "too long": ({"file_name": "a" * 5000}, "has file_name 'aaa"),
    "not a picture": ({"file_name": "a.json"}, "cannot be read: "),
    "another size": ({"width": 30}, "as read from p.png, but the file says 40 x 30"),
    "size in words": ({"width": "60"}, "has height 40 and width '60'"),
    "half a pixel": ({"width": 59.5}, "has height 40 and width 59.5"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), IMAGES.values(), ids=IMAGES)
def test_an_image(opened, changes, words):
    file = opened(changed("images", changes))
    broken = file.findings.of(BROKEN)
    assert words in str(broken[0])
    assert list(file.pictures) == [2]
    assert file.annotations.keys() == {2}


def test_a_picture_turned_by_its_camera(opened, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40)).save(tmp_path / "turned.jpg", exif=exif)
    file = opened(changed("images", {"file_name": "turned.jpg"}))
    assert "is 60 x 40 (height x width) as read from turned.jpg, but the file says 40 x 60" in str(
        file.findings[0]
    )


def test_a_backslash_is_read_as_a_slash_where_that_leads_to_a_file(opened, tmp_path):
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (60, 40)).save(tmp_path / "sub" / "p.png")
    file = opened(changed("images", {"file_name": "sub\\p.png"}))
    (finding,) = file.findings
    assert str(finding) == "image 1 has backslash in file_name; read as sub/p.png"
    assert file.pictures[1].path.is_file()


def test_ids_that_are_all_texts_are_taken_and_mixed_ones_are_not(opened):
    def texts(file):
        for image in file["images"]:
            image["id"] = f"0{image['id']}"
        for annotation in file["annotations"]:
            annotation["image_id"] = f"0{annotation['image_id']}"

    file = opened(texts)
    assert not file.findings
    assert list(file.pictures) == ["01", "02"]
    file = opened(changed("images", {"id": "b"}))
    assert "has the id 'b' (a text); the ids of this file are numbers" in str(file.findings[0])


def test_an_image_listed_twice(opened):
    file = opened(lambda file: file["images"].append(file["images"][0]))
    assert [f.severity for f in file.findings] == [LEFT_OUT]
    assert list(file.pictures) == [1, 2]
    file = opened(lambda file: file["images"].append({**file["images"][0], "file_name": "q.png"}))
    assert str(file.findings[0]) == "image 1 is 2 pictures, ['p.png', 'q.png']; give each an id of its own"
    assert list(file.pictures) == [2]


CATEGORIES = {
    "no name": ({"name": REMOVED}, "has the name None"),
    "list": ({"name": []}, "has the name []"),
    "blank": ({"name": " "}, "has the name ' '"),
    "line break": ({"name": "cell\n"}, "has the name 'cell\\n'; write it in one line"),
    "tab": ({"name": "cell\tbody"}, "write it in one line"),
    "escape code": ({"name": "\x1b[31m"}, "write it in one line"),
    "half a surrogate": ({"name": "\ud800"}, "write it in one line"),
    "too long": ({"name": "a" * 201}, "at most 200 characters"),
    "background": ({"name": "background"}, "which is the name for no object"),
    "id in words": ({"id": "x"}, "has the id 'x' (a text)"),
    "half": ({"id": 1.5}, "has the id 1.5"),
    "true": ({"id": True}, "has the id True"),
    "id of another": ({"id": 2}, "is both"),
}


@pytest.mark.parametrize(("changes", "words"), CATEGORIES.values(), ids=CATEGORIES)
def test_a_category(opened, changes, words):
    file = opened(changed("categories", changes))
    fatal = file.findings.of(FATAL)
    assert any(words in str(finding) for finding in fatal)
    with pytest.raises(InputError, match="category"):
        file.refuse_broken(skip_broken=True)


def test_a_number_for_a_name_is_taken_as_a_text(opened):
    file = opened(changed("categories", {"name": 7}))
    assert file.findings.of(NOTE) == file.findings
    assert [category.name for category in file.categories] == ["7", "dirt"]


def test_category_ids_that_are_all_texts_of_numbers_are_numbers(opened):
    def texts(file):
        for entry in file["categories"]:
            entry["id"] = str(entry["id"])
        for entry in file["annotations"]:
            entry["category_id"] = "1"

    file = opened(texts)
    assert not file.findings
    assert [category.id for category in file.categories] == [1, 2]
    assert {a.category for group in file.annotations.values() for a in group} == {1}


@pytest.mark.parametrize("name", ["cell", "background", "_background_"])
def test_a_category_that_nothing_uses_is_left_out_where_it_cannot_be_a_class(opened, name):
    """Roboflow lists a category 0 that repeats a name; labelme's 0 is `_background_`."""
    file = opened(lambda file: file["categories"].insert(0, {"id": 0, "name": name}))
    assert [(f.severity, f.entry) for f in file.findings] == [(LEFT_OUT, "category 0")]
    assert [category.id for category in file.categories] == [1, 2]


def test_two_classes_of_one_name_are_refused(opened):
    def both(file):
        file["categories"][1]["name"] = "cell"
        file["annotations"][1]["category_id"] = 2

    assert "has the name 'cell' of category 1" in str(opened(both).findings[0])


@pytest.mark.parametrize("part", ["images", "annotations", "categories"])
@pytest.mark.parametrize("entry", [None, [], 5, "x"])
def test_an_entry_that_is_no_object(opened, part, entry):
    file = opened(lambda file: file[part].append(entry))
    assert f"is {entry!r}; write an object with named fields" in str(file.findings[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_unicode_with_or_without_a_byte_order_mark(tmp_path, encoding):
    file = {**content(), "categories": [{"id": 1, "name": "Zelle ü 円"}]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(file, ensure_ascii=False), encoding=encoding)
    assert AnnotationFile(path).categories[0].name == "Zelle ü 円"


def test_other_encodings_and_packed_files_are_named(tmp_path):
    path = tmp_path / "a.json"
    for data, words in {"é".encode("latin-1"): "is not UTF-8", b"\x1f\x8b\x08": "packed with gzip"}.items():
        path.write_bytes(data)
        with pytest.raises(InputError, match=words):
            AnnotationFile(path)


def test_the_refusal_counts_and_names_what_is_broken(opened):
    def several(file):
        file["annotations"] += [{**file["annotations"][0], "id": k, "bbox": None} for k in range(10, 16)]

    with pytest.raises(InputError) as caught:
        opened(several).refuse_broken()
    sentence = str(caught.value)
    assert "annotation 10 has bbox None" in sentence
    assert "(5 more broken: annotation 11, annotation 12, annotation 13, ...)" in sentence
    assert "--skip-broken" in sentence
    opened(several).refuse_broken(skip_broken=True)


def test_a_folder_that_is_none_is_named(opened, tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        opened(lambda file: None, tmp_path / "nowhere")


def test_a_pipe_is_refused_before_anything_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"a.json is a pipe or a device and not a file"):
        AnnotationFile(tmp_path / "a.json")


def test_the_time_for_categories_grows_as_their_number(opened):
    def many(file):
        file["categories"] += [{"id": 10 + k, "name": f"n{k}", "supercategory": "all"} for k in range(20000)]

    assert len(opened(many, None).categories) == 20002
