"""Polygons: the same pixels as pycocotools draws, and nothing paid for what lies outside the picture."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from minimaskrcnn.detection import polygons, rle
from minimaskrcnn.errors import InputError

coordinates = st.one_of(
    st.floats(-10, 40),
    st.integers(-20, 80).map(lambda i: i / 2),  # halves: where rounding and ties are decided
)


@given(
    st.lists(
        st.lists(coordinates, min_size=6, max_size=16).map(lambda p: p[: len(p) // 2 * 2]),
        min_size=1,
        max_size=3,
    ),
    st.integers(1, 30),
    st.integers(1, 30),
)
def test_polygons_equal_pycocotools(outlines, height, width):
    """Outside the image, crossing themselves, with repeated corners: always the same pixels."""
    theirs = coco.merge(coco.frPyObjects(outlines, height, width))
    assert (
        rle.encode(polygons.polygons_to_mask(outlines, height, width))["counts"] == theirs["counts"].decode()
    )


@given(
    st.lists(st.floats(-3000, 3000), min_size=6, max_size=12).map(lambda p: p[: len(p) // 2 * 2]),
    st.integers(1, 30),
    st.integers(1, 30),
)
def test_a_polygon_far_outside_equals_pycocotools(polygon, height, width):
    theirs = coco.merge(coco.frPyObjects([polygon], height, width))
    assert (
        rle.encode(polygons.polygons_to_mask([polygon], height, width))["counts"] == theirs["counts"].decode()
    )


@pytest.mark.parametrize("far", [1e6, 2e9])
def test_a_polygon_far_outside_costs_nothing(far):
    """The left half is covered by a triangle whose corners lie far away; only the crossings are computed."""
    tracemalloc.start()
    mask = polygons.polygons_to_mask([[32, -far, 32, far, -far, 0]], 64, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mask[:, :32].all()
    assert not mask[:, 32:].any()
    assert peak < 1e6


def test_a_polygon_of_very_many_edges_is_drawn_in_portions(monkeypatch):
    zigzag = [value for i in range(40) for value in (30 * (i % 2), i % 7 + i / 2)]
    whole = polygons.polygons_to_mask([zigzag], 25, 30)
    monkeypatch.setattr(polygons, "_AT_ONCE", 50)
    np.testing.assert_array_equal(polygons.polygons_to_mask([zigzag], 25, 30), whole)


@pytest.mark.parametrize("polygon", [[0, 0, 4, 0], [0, 0, 4, 0, 4, 4, 0], []])
def test_polygons_that_are_none_are_refused(polygon):
    with pytest.raises(InputError, match=f"three corners or more; got {len(polygon)} numbers"):
        polygons.polygons_to_mask([polygon], 5, 5)


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        ([0, 0, np.nan, 0, 4, 4], "within 2147483648 pixels"),
        ([0, 0, 2**62 / 5, 0, 0, 1, 2**62 / 5, 1], "within 2147483648 pixels"),
        ([0, 0, 10**400, 0, 4, 4], "a list of numbers"),
        (["a"] * 6, "a list of numbers"),
    ],
)
def test_corners_that_are_no_places_are_refused(polygon, words):
    with pytest.raises(InputError, match=words):
        polygons.polygons_to_mask([polygon], 5, 5)
