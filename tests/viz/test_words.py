"""Counts and names in words."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.viz import words


def test_a_class_without_a_name_still_has_one():
    assert viz.class_name(2, ["background", "cat", "dog"]) == "dog"
    assert viz.class_name(np.int64(5), ["background", "cat"]) == "class 5"
    assert viz.class_name(1, None) == "class 1"


@pytest.mark.parametrize(("count", "text"), [(0, "0 boxes"), (1, "1 box"), (1234, "1,234 boxes")])
def test_plural(count, text):
    assert words.plural(count, "box") == text


@pytest.mark.parametrize(
    ("noun", "plural"),
    [
        ("bus", "buses"),
        ("bench", "benches"),
        ("puppy", "puppies"),
        ("toy", "toys"),
        ("hair drier", "hair driers"),
    ],
)
def test_plurals_of_class_names(noun, plural):
    assert words.plural_of(noun) == plural


def test_of_the_coco_categories_only_four_are_their_own_plural():
    same = {name for name in COCO_NAMES[1:] if words.plural_of(name) == name}
    assert same == {"broccoli", "scissors", "sheep", "skis"}
