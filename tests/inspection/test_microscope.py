"""What the microscope shows is what the operators do: bins, points, weights, gradients."""

from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn import kernels
from minimaskrcnn.inspection.microscope import (
    ARTICLE_BOX,
    ARTICLE_FEATURES,
    RULES,
    look,
    numerical_gradient,
)
from minimaskrcnn.kernels.roi_rules import (
    ROI_ALIGN,
    ROI_ALIGN_MAX,
    ROI_ALIGN_V2,
    ROI_POOL,
    ROI_WARP,
    ROI_WARP_MAX,
)

EVERY = {**RULES, "RoIWarp max": ROI_WARP_MAX, "RoIAlign max": ROI_ALIGN_MAX}
FEATURES = np.random.default_rng(0).random((9, 11))
BOXES = [(12.3, 20.1, 70.9, 61.0), (3, 4, 9, 9), (40.5, 8.2, 41.0, 60.0)]  # pixels, a cell is 8 of them


def bilinear(features, x, y):
    height, width = features.shape
    x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    u, v = x - x0, y - y0
    top = features[y0, x0] * (1 - u) + features[y0, x1] * u
    bottom = features[y1, x0] * (1 - u) + features[y1, x1] * u
    return top * (1 - v) + bottom * v


def views(box, output_size=(3, 2)):
    return [look(FEATURES, box, output_size, 1 / 8, rule) for rule in EVERY.values()]


@pytest.mark.parametrize("box", BOXES)
def test_the_output_is_the_mean_or_maximum_of_the_map_at_the_points(box):
    for view in views(box):
        for row, column in np.ndindex(*view.output.shape):
            values = [bilinear(FEATURES, x, y) for x, y in view.points(row, column)]
            wanted = np.mean(values) if view.rule.reduce == "mean" else max(values)
            assert view.output[row, column] == pytest.approx(wanted)


@pytest.mark.parametrize("box", BOXES)
def test_points_lie_in_their_bin(box):
    for view in views(box):
        for row, column in np.ndindex(*view.output.shape):
            x1, y1, x2, y2 = view.bins(row, column)
            points = view.points(row, column)
            assert ((points >= [x1, y1]) & (points <= [x2, y2])).all()


@pytest.mark.parametrize("box", BOXES)
def test_weights_give_the_output_back_and_sum_to_one(box):
    for view in views(box):
        for row, column in np.ndindex(*view.output.shape):
            weights = view.weights(row, column)
            assert weights.sum() == pytest.approx(1)
            assert (weights * FEATURES).sum() == pytest.approx(view.output[row, column])


def test_points_beyond_the_map_count_as_zero_in_a_mean():
    view = look(np.ones((4, 4)), (0, 0, 4, 10), (1, 1), rule=ROI_ALIGN)  # points at y = 2.5 and 7.5
    assert view.output[0, 0] == view.weights(0, 0).sum() == 0.5


def test_bins_of_roi_pool_are_whole_cells_and_those_of_align_share_the_box_evenly():
    pool = look(FEATURES, (8, 8, 47, 39), (3, 3), 1 / 8, ROI_POOL)
    edges = np.array([pool.bins(*cell) for cell in np.ndindex(3, 3)])
    np.testing.assert_array_equal((edges + 0.5) % 1, 0)
    align = look(FEATURES, (8, 8, 40, 40), (2, 2), 1 / 8, ROI_ALIGN_V2)
    np.testing.assert_allclose(align.bins(0, 0), [0.5, 0.5, 2.5, 2.5])  # the box in positions: c - 1/2
    np.testing.assert_allclose(
        look(FEATURES, (8, 8, 40, 40), (2, 2), 1 / 8, ROI_ALIGN).bins(0, 0), [1, 1, 3, 3]
    )


def test_known_values_of_the_operators():
    features = np.arange(16.0).reshape(4, 4)
    box = (0, 10, 30, 30)
    wanted = {
        ROI_POOL: [[9, 11], [13, 15]],
        ROI_ALIGN: [[6.75, 8.25], [10.75, 12.25]],
        ROI_ALIGN_V2: [[4.3125, 5.75], [8.3125, 9.75]],
    }
    for rule, output in wanted.items():
        np.testing.assert_allclose(look(features, box, (2, 2), 0.1, rule).output, output)


def test_the_article_goes_from_0_8_to_0_88():
    pool = look(ARTICLE_FEATURES, ARTICLE_BOX, (3, 3), rule=ROI_POOL)
    align = look(ARTICLE_FEATURES, ARTICLE_BOX, (3, 3), rule=replace(ROI_ALIGN_MAX, aligned=True))
    assert pool.output[0, 0] == pytest.approx(0.8)
    assert align.output[0, 0] == pytest.approx(0.88)
    winners = align.weights(0, 0)
    assert {
        (ARTICLE_FEATURES[c], round(winners[c], 6)) for c in zip(*np.nonzero(winners > 1e-9), strict=True)
    } == {
        (0.8, 0.6),
        (1.0, 0.4),
    }


@pytest.mark.parametrize("name", EVERY)
def test_the_gradient_equals_the_numerical_one(name):
    view = look(FEATURES, BOXES[0], (3, 2), 1 / 8, EVERY[name])
    grad = np.random.default_rng(1).normal(size=(3, 2))
    np.testing.assert_allclose(view.gradient(grad), numerical_gradient(view, grad), atol=1e-8)


@pytest.mark.parametrize("edition", ["reference", "plain", "fast"])
def test_both_editions_of_the_kernels_look_the_same(edition):
    with kernels.use(edition):
        view = look(FEATURES, BOXES[0], (2, 2), 1 / 8, ROI_WARP)
        weights = view.weights(1, 1)
    np.testing.assert_allclose(view.output, look(FEATURES, BOXES[0], (2, 2), 1 / 8, ROI_WARP).output)
    assert weights.sum() == pytest.approx(1)
