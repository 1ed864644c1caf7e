"""The recipe makes the recorded pictures and weights again, to the last bit."""

import zlib

import numpy as np
import pytest

from . import recipe
from .test_parity import GOLDEN

MODELS = [file for file, meta in GOLDEN.meta.items() if "seed" in meta]


@pytest.mark.parametrize("file", MODELS)
def test_pictures_are_those_of_the_recipe(file):
    stored = next(filter(None, (case.numbered("image") for case in GOLDEN.in_file(file))))
    for k, image in enumerate(stored):
        made = recipe.image(GOLDEN.meta[file]["seed"] * 10 + k, *image.shape[1:])
        np.testing.assert_array_equal(made, image)


@pytest.mark.parametrize("file", MODELS)
def test_every_weight_has_the_recorded_checksum(file):
    meta = GOLDEN.meta[file]
    for name, shape in meta["names_shapes"]:
        assert zlib.crc32(recipe.weight(name, shape, meta["seed"]).tobytes()) == meta["param_crc32"][name], (
            name
        )
