"""`train coco --anchors auto`: the sizes that `anchors coco` suggests, of the pictures to learn from.

Neither pictures nor outlines are read for it: boxes, and the sizes of the pictures, are enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from minimaskrcnn.cli.output import log
from minimaskrcnn.data import CocoDataset, Dataset, Subset
from minimaskrcnn.data.images import picture_size
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection.coverage import suggest_sizes
from minimaskrcnn.models import configure
from minimaskrcnn.models.transform import ImageTransform

if TYPE_CHECKING:
    from minimaskrcnn.models import Config
    from minimaskrcnn.training import Recipe
    from minimaskrcnn.training.run_folder import RunFolder


def with_fitting_anchors(recipe: Recipe, dataset: Dataset) -> Recipe:
    """Return the recipe with anchors of as many sizes as it has, which fit the objects of `dataset`.

    Raises
    ------
    InputError
        If there is no object.
    """
    now = recipe.model.anchor_sizes
    shapes = resized_shapes(recipe.model, dataset)
    if not len(shapes):
        raise InputError("--anchors auto: the pictures to learn from have no objects; leave it out.")
    sizes = _apart(suggest_sizes(shapes, len(now)), len(now))
    before = ", ".join(f"{size:g}" for size in now)
    log.info("anchors: sizes %s fit the %d objects, instead of [%s]", list(sizes), len(shapes), before)
    return replace(recipe, model=recipe.model.changed(anchor_sizes=sizes))


def with_anchors_of_run(recipe: Recipe, folder: RunFolder) -> Recipe:
    """Return the recipe with the anchors of the run in `folder`: the weights so far know no others."""
    _, meta = folder.load_state()
    sizes = configure(meta["recipe"]["model"]).anchor_sizes
    log.info("anchors: sizes %s, with which the run was begun", list(sizes))
    return replace(recipe, model=recipe.model.changed(anchor_sizes=sizes))


def resized_shapes(model: Config, dataset: Dataset) -> np.ndarray:
    """Width and height (N, 2) of the objects in pixels of the resized pictures, crowds left out."""
    indices = list(range(len(dataset)))
    if isinstance(dataset, Subset):
        indices, dataset = dataset.indices, dataset.dataset
    assert isinstance(dataset, CocoDataset)  # of which `train coco` trains
    transform = ImageTransform(model.min_size, model.max_size)
    shapes = [np.zeros((0, 2))]
    for index in indices:
        picture = dataset.file.pictures[dataset.image_ids[index]]
        height, width = picture.size or picture_size(picture.path)
        boxes = [a.box[2:] for a in dataset.file.annotations.get(picture.id, []) if not a.crowd]
        seen_height, seen_width = transform.resized_size((height, width))
        shapes.append(np.array(boxes).reshape(-1, 2) * (seen_width / width, seen_height / height))
    return np.concatenate(shapes)


def _apart(sizes: list[int], count: int) -> tuple[int, ...]:
    """`count` sizes, each a pixel larger than the one before at least, where objects are too much alike.

    >>> _apart([11, 40], 3), _apart([11], 3)
    ((11, 40, 41), (11, 12, 13))
    """
    sizes = sizes[:count] + [0] * (count - len(sizes))
    for k in range(1, count):
        sizes[k] = max(sizes[k], sizes[k - 1] + 1)
    return tuple(sizes)
