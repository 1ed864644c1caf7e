"""Sound files of every tool with random damage: opened and read to the end, or refused in one line."""

import base64
import copy
import csv
import io
import json
import math
import random
import shutil

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset
from minimaskrcnn.errors import InputError

roifile = pytest.importorskip("roifile", reason="the extra `imagej`")
CORNERS = [[2, 1], [9, 1], [9, 6], [2, 6]]
JUNK = [
    None, True, 0, -1, 1.5, math.nan, math.inf, 1e300, 10**30, 2**63, "", "x", "../p.png", [], {}, [[]],
    [None], [[1, 2]], [[1, 2], [3, 4]], {"0": 3}, {"a": True}, "rect", "mask", "circle", "ellipse",
    "\ud800", "\x1b[31m",
]  # fmt: skip


def labelme():
    stream = io.BytesIO()
    Image.fromarray(np.ones((4, 5), bool)).save(stream, format="PNG")
    mask = base64.b64encode(stream.getvalue()).decode()
    kinds = {"polygon": CORNERS, "rectangle": CORNERS[::2], "circle": CORNERS[:2], "mask": [[3, 2], [7, 5]]}
    shapes = [
        {
            "label": kind,
            "points": points,
            "group_id": None,
            "shape_type": kind,
            "mask": mask if kind == "mask" else None,
        }
        for kind, points in kinds.items()
    ]
    shapes += [{**shape, "label": "parts", "group_id": 1} for shape in shapes]
    return {"shapes": shapes, "imagePath": "p.png", "imageHeight": 12, "imageWidth": 16}


def via():
    xs, ys = map(list, zip(*CORNERS, strict=True))
    shapes = [
        {"name": "polygon", "all_points_x": xs, "all_points_y": ys},
        {"name": "rect", "x": 1, "y": 1, "width": 5, "height": 4},
        {"name": "circle", "cx": 5, "cy": 5, "r": 3},
        {"name": "ellipse", "cx": 5, "cy": 5, "rx": 3, "ry": 2, "theta": 0.5},
    ]
    regions = [{"shape_attributes": shape, "region_attributes": {"class": "cat"}} for shape in shapes]
    return {"_via_img_metadata": {"p.png9": {"filename": "p.png", "size": 9, "regions": regions}}}


def via_csv():
    regions = via()["_via_img_metadata"]["p.png9"]["regions"]
    stream = io.StringIO()
    writer = csv.writer(stream)
    columns = ["filename", "file_size", "file_attributes", "region_count", "region_id"]
    writer.writerow([*columns, "region_shape_attributes", "region_attributes"])
    for number, region in enumerate(regions):
        writer.writerow(["p.png", 9, "{}", len(regions), number, *map(json.dumps, region.values())])
    return stream.getvalue().encode()


def image_of(labels, ending="PNG"):
    stream = io.BytesIO()
    Image.fromarray(labels).save(stream, format=ending)
    return stream.getvalue()


LABELS = np.kron([[1, 2], [0, 3]], np.ones((6, 8))).astype(np.uint16)
REGION = roifile.ImagejRoi.frompoints(np.array(CORNERS) + 0.5).tobytes()
FILES = {
    "a.csv": b"ImageId,EncodedPixels\np,13 4 25 4\np,40 2 70 3\n",
    "via.csv": via_csv(),
    "data.yaml": b"train: images\nnames: ['cat', \"dog\"]\nnc: 2\n",
    "labels/p.txt": b"0 0.1 0.1 0.6 0.1 0.6 0.5\n1 0.2 0.2 0.7 0.2 0.7 0.6 0.2 0.6\n",
    "rois/p.roi": REGION,
    "masks/p.png": image_of(LABELS),
    "masks/p.tif": image_of(LABELS, "TIFF"),
}


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (16, 12)).save(folder / "p.png")
    return folder


def read_all(path, images, skip_broken):
    """Whether the file was taken; what is taken must hold everything that training asks of a target."""
    refusal = None
    try:
        dataset = CocoDataset(path, images, skip_broken)
    except InputError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.isprintable()
        return False
    for index in range(len(dataset)):
        image, target = dataset[index]
        target.validate(image.shape, dataset.num_classes)
        assert np.isfinite(dataset.areas(index)).all()
    return True


def damage(node, draw):
    """Put junk in the place of one value at a random depth, or leave it out."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(node[key], dict | list) and draw.random() < 0.85:
            node = node[key]
        elif draw.random() < 0.8:
            node[key] = copy.deepcopy(draw.choice(JUNK))
            return
        else:
            del node[key]
            return


def spoil(data, draw):
    """Change, cut or repeat some bytes."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(data))
        how = draw.random()
        if how < 0.6:
            data[place] = draw.choice([0, 10, 44, 45, 48, 57, 91, 93, 255, draw.randrange(256)])
        elif how < 0.8:
            del data[place : place + draw.randint(1, 8)]
        else:
            data[place:place] = data[place : place + draw.randint(1, 8)]
        if not data:
            return b""
    return bytes(data)


ROUNDS = [pytest.param(range(100), id="short"), pytest.param(range(1500), marks=pytest.mark.thorough)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("make", [labelme, via])
def test_damaged_values(tmp_path, images, make, rounds):
    path, taken = tmp_path / "a.json", 0
    for seed in rounds:
        content, draw = copy.deepcopy(make()), random.Random(seed)
        for _ in range(draw.randint(0, 2)):
            damage(content, draw)
        path.write_text(json.dumps(content))
        taken += read_all(path, images, skip_broken=bool(seed % 2))
    assert taken


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", FILES)
def test_damaged_bytes(tmp_path, images, name, rounds):
    root, taken = tmp_path / "set", 0
    for seed in rounds:
        shutil.rmtree(root, ignore_errors=True)
        data = spoil(FILES[name], random.Random(seed)) if seed else FILES[name]
        for file in {name, *(("data.yaml", "labels/p.txt") if name[0] in "dl" else ())}:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(data if file == name else FILES[file])
        source = root / ("labels" if name == "labels/p.txt" else name)
        if name == "data.yaml":
            shutil.copytree(images, root / "images")
            taken += read_all(source, root / "images", skip_broken=bool(seed % 2))
        else:
            taken += read_all(source, images, skip_broken=bool(seed % 2))
    assert taken
