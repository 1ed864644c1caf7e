"""Pictures, and the objects of a file drawn as text: one character per pixel."""

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn.data import CocoDataset


@pytest.fixture
def picture(tmp_path):
    """Write a picture of some size in the folder `images`; returns the folder."""

    def write(name="a.png", height=5, width=7):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (width, height)).save(path)
        return tmp_path / "images"

    return write


@pytest.fixture
def drawn():
    """Open a file, and draw the first picture's objects: name -> rows of '.' and '#'."""

    def draw(path, images, **options):
        dataset = CocoDataset(path, images, **options)
        _, target = dataset[0]
        return [
            (dataset.class_names[label], ["".join(".#"[int(p)] for p in row) for row in mask])
            for label, mask in zip(target.labels, target.masks, strict=True)
        ]

    return draw


@pytest.fixture
def kinds():
    """The kinds of findings about a file."""
    from minimaskrcnn.data.annotations import AnnotationFile

    def found(path, images):
        return [(f.severity.value, f.kind) for f in AnnotationFile(path, images).findings]

    return found


@pytest.fixture
def save_labels():
    """Write numbers as a picture of 8, 16 or 32 bits."""

    def save(path, rows, dtype=np.uint8, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(rows, dtype)).save(path, **options)
        return path

    return save
