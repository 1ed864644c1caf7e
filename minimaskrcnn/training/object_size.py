"""The size of the objects that a model was trained on, to which `--object-size` scales other objects.

size = object_size(model, dataset)            # pixels of the resized picture
scale = size / (typical diameter in a picture of one's own)
"""

from __future__ import annotations

import numpy as np

from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.data.subset import Subset
from minimaskrcnn.models.mask_rcnn import MaskRCNN

PICTURES = 200  # as many say what all would


def object_size(model: MaskRCNN, dataset: Dataset, pictures: int = PICTURES) -> float | None:
    """Return the median of ``sqrt(width * height)`` of the objects, in pixels of the resized picture.

    Up to `pictures` pictures are looked at, spread evenly over the data set. None if they hold no objects.

    Examples
    --------
    >>> from minimaskrcnn.data import Shapes
    >>> from minimaskrcnn.models import mini
    >>> object_size(mini(4, min_size=128, max_size=128), Shapes("train"))
    39.0
    """
    count = min(pictures, len(dataset))
    sides = [np.zeros(0)]
    for index in np.linspace(0, len(dataset) - 1, count).astype(int).tolist():
        (height, width), boxes = _size_and_boxes(dataset, index)
        resized = model.transform.resized_size((height, width))
        scale = np.sqrt(resized[0] * resized[1] / (height * width))
        sides.append(scale * np.sqrt(boxes.prod(axis=1)))
    every = np.concatenate(sides)
    return round(float(np.median(every)), 1) if len(every) else None


def _size_and_boxes(dataset: Dataset, index: int) -> tuple[tuple[int, int], np.ndarray]:
    """The picture's (height, width) and its boxes' (N, 2) widths and heights; crowds do not count."""
    if isinstance(dataset, Subset):
        return _size_and_boxes(dataset.dataset, dataset.indices[index])
    if isinstance(dataset, CocoDataset):  # no need to decode the picture
        picture = dataset.file.pictures[dataset.image_ids[index]]
        found = [a.box[2:] for a in dataset.file.annotations.get(picture.id, []) if not a.crowd]
        return picture.size or picture_size(picture.path), np.array(found, np.float64).reshape(-1, 2)
    image, target = dataset[index]
    boxes = target.boxes[~target.iscrowd].astype(np.float64)
    return (image.shape[1], image.shape[2]), boxes[:, 2:] - boxes[:, :2]
