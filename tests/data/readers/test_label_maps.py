"""Label maps as StarDist, Cellpose, VOC and Cityscapes write them."""

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.data.annotations.findings import EntryError
from minimaskrcnn.data.readers.label_maps import labels_of
from minimaskrcnn.errors import InputError

# Object 7 is in two parts and reaches from one column into the next.
LABELS = [
    [0, 0, 0, 0, 0, 0, 7],
    [0, 0, 3, 3, 3, 0, 0],
    [0, 0, 3, 0, 3, 0, 0],
    [0, 0, 0, 0, 0, 7, 0],
    [0, 0, 0, 0, 0, 7, 0],
]
RING = [".......", "..###..", "..#.#..", ".......", "......."]
PARTS = ["......#", ".......", ".......", ".....#.", ".....#."]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize(("name", "options"), [("a.tif", {"compression": "tiff_lzw"}), ("a.tif", {})])
def test_stardist_pairs_files_of_one_name(tmp_path, picture, save_labels, drawn, dtype, name, options):
    path = save_labels(tmp_path / "masks" / name, LABELS, dtype, **options)
    for source in (path, path.parent):
        assert drawn(source, picture()) == [("object", RING), ("object", PARTS)]
    target = CocoDataset(path, picture()).target(0, (5, 7))
    assert target.boxes.tolist() == [[2, 1, 5, 3], [5, 0, 7, 5]]


@pytest.mark.parametrize("name", ["a_cp_masks.png", "a_masks.tif", "a-labels.tif"])
def test_cellpose_and_predict_put_them_beside_the_picture(picture, save_labels, drawn, name):
    images = picture()
    save_labels(images / name, LABELS, np.uint16)
    assert drawn(images, images) == [("object", RING), ("object", PARTS)]


def test_in_a_folder_of_their_own_none_is_passed_over(tmp_path, picture, save_labels):
    picture("b.png")
    save_labels(tmp_path / "masks" / "a.png", LABELS)
    folder = save_labels(tmp_path / "masks" / "b_mask.png", LABELS).parent
    assert len(CocoDataset(folder, picture())) == 2


def test_a_label_that_is_a_whole_picture(picture, save_labels, tmp_path):
    path = save_labels(tmp_path / "a.png", np.full((5, 7), 2))
    assert CocoDataset(path, picture()).target(0, (5, 7)).boxes.tolist() == [[0, 0, 7, 5]]


def test_an_empty_label_map_is_a_picture_without_objects(picture, save_labels, tmp_path):
    picture("b.png")
    save_labels(tmp_path / "masks" / "a.png", LABELS)
    folder = save_labels(tmp_path / "masks" / "b.png", np.zeros((5, 7))).parent
    dataset = CocoDataset(folder, picture())
    assert [len(dataset.target(index, (5, 7)).boxes) for index in (0, 1)] == [2, 0]


def test_what_is_no_label_map_is_named(picture, save_labels, tmp_path):
    images = picture()
    cases = {
        "has one value": save_labels(tmp_path / "one" / "a.png", 255 * (np.array(LABELS) > 0)),
        "has colours": save_labels(tmp_path / "rgb" / "a.png", np.zeros((5, 7, 3))),
        "not whole, or below 0": save_labels(tmp_path / "half" / "a.tif", np.array(LABELS) / 2, np.float32),
        "no picture called 'gone'": save_labels(tmp_path / "gone" / "gone.png", LABELS),
        "is 5 x 7 .* but the file says 4 x 7": save_labels(tmp_path / "size" / "a.png", LABELS[:4]),
    }
    for words, path in cases.items():
        with pytest.raises(InputError, match=words):
            CocoDataset(path, images)


def test_a_stack_of_label_maps_is_refused_with_a_fix(tmp_path, picture):
    first = Image.fromarray(np.eye(8, dtype=np.uint8))
    first.save(tmp_path / "masks.tif", save_all=True, append_images=[first] * 2)
    with pytest.raises(EntryError, match="has 3 pages, and a label map belongs to one picture") as refused:
        labels_of(tmp_path / "masks.tif")
    assert "save every page of it, and of its picture, as a file of its own" in refused.value.fix


def test_cellpose_pickles_are_refused(tmp_path, picture):
    folder = tmp_path / "seg"
    folder.mkdir()
    (folder / "a_seg.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(
        InputError, match=r"_seg\.npy of Cellpose, which are pickled code; save the masks as PNG"
    ):
        CocoDataset(folder, picture())


def save_palette(path, rows):
    """A palette picture, as VOC's are: its numbers are not its colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.array(rows, np.uint8))
    image.putpalette([(value * 37) % 256 for value in range(768)])
    image.save(path)


def test_voc_names_objects_and_has_a_border(tmp_path, picture, drawn):
    objects = np.where(np.array(LABELS) == 7, 255, LABELS)
    objects[3:, 0] = 1
    classes = np.select([objects == 3, objects == 1, objects == 255], [8, 15, 255], 0)
    save_palette(tmp_path / "SegmentationObject" / "a.png", objects)
    save_palette(tmp_path / "SegmentationClass" / "a.png", classes)
    images = picture("a.jpg")
    person = [".......", ".......", ".......", "#......", "#......"]
    for source in (tmp_path, tmp_path / "SegmentationObject"):
        assert drawn(source, images) == [("person", person), ("cat", RING)]


def test_cityscapes_has_objects_groups_and_stuff(tmp_path, picture, save_labels):
    ids = np.full((5, 7), 7)  # road
    ids[1, 2:5] = 26_000  # the first car
    ids[2, 2] = 26_001
    ids[3:, 5] = 24  # a group of people
    name = "aachen_000000_000019"
    save_labels(tmp_path / "gtFine" / "aachen" / f"{name}_gtFine_instanceIds.png", ids, np.uint16)
    images = picture(f"aachen/{name}_leftImg8bit.png")
    for source, folder in ((tmp_path / "gtFine", images), (tmp_path / "gtFine/aachen", images / "aachen")):
        dataset = CocoDataset(source, folder)
        target = dataset.target(0, (5, 7))
        assert [dataset.class_names[label] for label in target.labels] == ["person", "car", "car"]
        assert target.iscrowd.tolist() == [True, False, False]
        assert target.boxes.tolist() == [[5, 3, 6, 5], [2, 1, 5, 2], [2, 2, 3, 3]]
