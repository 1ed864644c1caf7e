"""Shapes: the promises of its first lines, checked on many samples."""

import numpy as np
import pytest

from minimaskrcnn.data import Shapes, shapes_sample
from minimaskrcnn.data.shapes import circle, square, triangle
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini


def equal(a, b):
    (image, target), (other_image, other) = a, b
    return np.array_equal(image, other_image) and np.array_equal(target.masks, other.masks)


def test_samples_are_what_the_model_expects():
    for index in range(100):
        image, target = Shapes("train")[index]
        assert (image.dtype, image.shape) == (np.float32, (3, 128, 128))
        assert image.min() >= 0
        assert image.max() <= 1
        target.validate(image.shape, num_classes=4)
        assert 1 <= len(target) <= 4
        assert target.image_id == index
        assert not target.iscrowd.any()


def test_masks_are_the_visible_parts_and_boxes_fit_them():
    for index in range(100):
        _, target = Shapes("train")[index]
        assert target.masks.sum(0).max() == 1  # nobody shares a pixel
        assert target.masks.sum((1, 2)).min() > 60
        for (x1, y1, x2, y2), mask in zip(target.boxes.astype(int), target.masks, strict=True):
            rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
            assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (y1, y2, x1, x2)
            assert max(x2 - x1, y2 - y1) <= 2 * 27 + 1


def test_a_sample_depends_only_on_split_seed_and_index():
    samples = Shapes("train", seed=5)
    assert equal(samples[7], samples[7])
    assert equal(samples[7], Shapes("train", size=8, seed=5)[7])
    assert not equal(samples[7], Shapes("train", seed=6)[7])
    assert not equal(samples[7], Shapes("val", seed=5)[7])
    assert not equal(samples[7], samples[8])


def test_the_validation_set_never_moves():
    labels = np.concatenate([target.labels for _, target in Shapes("val")])
    assert np.bincount(labels).tolist() == [0, 80, 69, 79]
    assert sum(int(target.masks.sum()) for _, target in Shapes("val")) == 253418


def test_colours_are_flat_and_the_noise_has_the_promised_strength():
    spreads = []
    for index in range(40):
        image, target = Shapes("train")[index]
        for mask in target.masks:
            for channel in image:
                values = channel[mask]
                if 0.15 < values.mean() < 0.85:  # away from the clipping
                    spreads.append(values.std())
    assert np.mean(spreads) == pytest.approx(0.03, rel=0.02)


def test_the_three_figures_have_their_areas():
    half = 20
    assert square(64, 64, half).sum() == (2 * half + 1) ** 2
    assert circle(64, 64, half).sum() == pytest.approx(np.pi * half**2, rel=0.02)
    assert triangle(64, 64, half).sum() == pytest.approx(2 * half**2, rel=0.06)
    assert triangle(64, 64, half)[64 - half].sum() == 1  # the apex is on top


def test_it_is_a_sequence():
    samples = Shapes("val")
    assert len(samples) == 100
    assert samples.num_classes == 4
    assert samples.class_names == ["background", "circle", "square", "triangle"]
    assert equal(samples[-1], samples[99])
    with pytest.raises(IndexError, match="100"):
        samples[100]


@pytest.mark.parametrize("wrong", [{"split": "test"}, {"size": 0}, {"seed": -1}])
def test_bad_arguments_are_named(wrong):
    with pytest.raises(InputError, match="Shapes: "):
        Shapes(**wrong)


def test_the_sample_has_a_shape_for_every_level_of_the_pyramid():
    image, target = shapes_sample()
    target.validate(image.shape, num_classes=4)
    assert image.shape == (3, 256, 256)
    widths = target.boxes[:, 2] - target.boxes[:, 0]
    assert widths.tolist() == [201, 121, 81, 61, 41, 31, 25, 21]
    levels = mini(4, min_size=256).roi_heads.box_extractor.mapper(target.boxes)
    assert np.bincount(levels).tolist() == [4, 2, 2]
    assert equal((image, target), shapes_sample())
