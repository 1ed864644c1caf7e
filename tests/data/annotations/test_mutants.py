"""Sound files with random damage: opened and read to the end, or refused in one line; nothing else."""

import copy
import json
import math
import random
import warnings

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset, Shapes
from minimaskrcnn.detection import rle
from minimaskrcnn.errors import InputError

JUNK = [
    None, True, False, 0, -1, 1, 1.5, math.nan, math.inf, -math.inf, 1e300, 1e30, 10**30, "", "x", "1", [],
    {}, [[]], [1, 2], [0, 0, 0, 0], {"size": [128, 128], "counts": [0, 16384]},
    {"size": [128, 128], "counts": "x"}, {"size": [128, 128], "counts": [2**62] * 4 + [16384]},
    [[1, 1, 9, 1, 9, 9]], [[0, 0, 2**62 / 5, 0, 0, 1]], [[-1e9, 0, 1e9, 0, 0, 1e9]], "\ud800", "\x1b[31m",
    [None] * 4, 2**63, -(2**63),
]  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A COCO file of two shapes pictures, and the folder that holds them."""
    folder, shapes = tmp_path_factory.mktemp("coco"), Shapes("train", size=2)
    images, annotations = [], []
    for i, (image, target) in enumerate(shapes):
        Image.fromarray((255 * image.transpose(1, 2, 0)).astype(np.uint8)).save(folder / f"{i}.png")
        images.append({"id": i + 1, "file_name": f"{i}.png", "height": 128, "width": 128})
        for box, label, mask in zip(target.boxes.tolist(), target.labels.tolist(), target.masks, strict=True):
            x1, y1, x2, y2 = box
            outline = rle.encode(mask) if label > 1 else [[x1, y1, x2, y1, x2, y2, x1, y2]]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": i + 1, "category_id": label, "iscrowd": 0,
                 "bbox": [x1, y1, x2 - x1, y2 - y1], "area": int(mask.sum()), "segmentation": outline}
            )  # fmt: skip
    categories = [{"id": k, "name": shapes.class_names[k]} for k in (1, 2, 3)]
    return {"images": images, "annotations": annotations, "categories": categories}, folder


def damage(node, draw):
    """Put junk in the place of one value, at a random depth, or leave it out, or repeat it."""
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(node[key], dict | list) and draw.random() < 0.85:
            node = node[key]
            continue
        how = draw.random()
        if how < 0.7:
            node[key] = copy.deepcopy(draw.choice(JUNK))
        elif how < 0.85:
            del node[key]
        elif isinstance(node, list):
            node.append(copy.deepcopy(draw.choice(node)))
        else:
            node[draw.choice(["id", "bbox", "x", "name"])] = copy.deepcopy(draw.choice(JUNK))
        return


def open_and_read(path, folder, skip_broken):
    """Whether the file was taken; what is taken must hold everything that training asks of a target."""
    refusal = None
    try:
        dataset = CocoDataset(path, folder, skip_broken)
    except InputError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.isprintable()
        return False
    for index in range(len(dataset)):
        image, target = dataset[index]
        target.validate(image.shape, dataset.num_classes)
        assert np.isfinite(dataset.areas(index)).all()
        assert (dataset.areas(index) >= 0).all()
    assert all(name.isprintable() for name in dataset.class_names)
    assert all(type(key) is int for key in dataset.category_ids)
    json.dumps(dataset.report().as_dict())
    str(dataset.report())
    return True


@pytest.mark.parametrize(
    "rounds", [pytest.param(range(150), id="short"), pytest.param(range(2500), marks=pytest.mark.thorough)]
)
def test_damaged_files(sound, tmp_path, rounds):
    content, folder = sound
    taken = {False: 0, True: 0}
    for seed in rounds:
        draw, mutant = random.Random(seed), copy.deepcopy(content)
        for _ in range(draw.choice((1, 1, 1, 2, 3))):
            damage(mutant, draw)
        (tmp_path / "a.json").write_bytes(json.dumps(mutant).encode())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for skip_broken in taken:
                taken[skip_broken] += open_and_read(tmp_path / "a.json", folder, skip_broken)
    assert 0 < taken[False] < taken[True] < len(rounds)
