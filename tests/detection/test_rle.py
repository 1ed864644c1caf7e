"""Run lengths and polygons: equal to pycocotools bit for bit."""

import json
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from minimaskrcnn.detection import rle
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.errors import InputError

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12))

WRAPPING = [2**62, 2**62, 2**62, 2**62, 4]  # adds up to 4 in 64 bits


def coco_encode(mask):
    encoded = coco.encode(np.asfortranarray(mask, np.uint8))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


@given(masks)
def test_encode_equals_pycocotools(mask):
    assert rle.encode(mask) == coco_encode(mask)


@given(masks)
def test_decode_undoes_every_form(mask):
    encoded = rle.encode(mask)
    size = encoded["size"]
    for counts in (encoded["counts"], encoded["counts"].encode(), rle.mask_to_counts(mask)):
        decoded = rle.decode({"size": size, "counts": counts})
        assert decoded.dtype == bool
        np.testing.assert_array_equal(decoded, mask)


@given(masks)
def test_area_and_box_equal_pycocotools(mask):
    encoded = rle.encode(mask)
    assert rle.area(encoded) == coco.area(coco_encode(mask))
    assert rle.to_bbox(encoded) == coco.toBbox(coco_encode(mask)).tolist()


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12))
def test_long_runs_and_runs_of_length_zero(counts):
    """What encode never writes others may: a run of no pixels, and runs that need several characters."""
    plain = {"size": [1, sum(counts)], "counts": counts}
    compressed = coco.frPyObjects(plain, *plain["size"])
    expected = [i % 2 == 1 for i, count in enumerate(counts) for _ in range(count)]
    for form in (plain, compressed):
        assert rle.decode(form)[0].tolist() == expected
    assert rle.area(compressed) == coco.area(compressed)


def test_a_picture_of_one_colour():
    assert not rle.polygons_to_mask([], 3, 4).any()
    assert rle.encode(np.zeros((3, 4), bool))["counts"] == coco_encode(np.zeros((3, 4)))["counts"]
    assert rle.mask_to_counts(np.ones((3, 4), bool)) == [0, 12]


def test_real_annotations_equal_pycocotools(data_dir):
    annotations = json.loads((data_dir / "coco_permissive" / "instances.json").read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in annotations["images"]}
    forms = {list: 0, dict: 0}
    for annotation in annotations["annotations"]:
        height, width = sizes[annotation["image_id"]]
        segmentation = annotation["segmentation"]
        if isinstance(segmentation, list):
            theirs = coco.merge(coco.frPyObjects(segmentation, height, width))
            mine = rle.encode(rle.polygons_to_mask(segmentation, height, width))
        else:
            theirs = coco.frPyObjects(segmentation, height, width)
            mine = rle.encode(rle.decode(segmentation))
        assert mine["counts"] == theirs["counts"].decode(), annotation["id"]
        forms[type(segmentation)] += 1
    assert forms[list] > 100
    assert forms[dict] > 0


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ({"size": [2, 2], "counts": [1, 2]}, r"add up to 3 but size \[2, 2\] has 4 pixels"),
        ({"size": [2, 2], "counts": [5, -1]}, "damaged"),
        ({"size": [2, 2], "counts": "1 3"}, r"holds ' '"),
        ({"size": [2, 2], "counts": "1"}, "add up to 1"),
        ({"size": [2, 2], "counts": b"\xff3"}, "which no compressed RLE string does"),
        ({"size": [2, 2], "counts": "1\ud800"}, "which no compressed RLE string does"),
        ({"size": [2, 2], "counts": "1S"}, "in the middle of a number"),
        ({"size": [2, 2], "counts": "o" * 10**6 + "0"}, "a number of 1000001 characters"),
        ({"size": [2, 2], "counts": "ooooo1"}, "beyond 4"),
        ({"size": [2, 2], "counts": WRAPPING}, "add up to"),
        ({"size": [2, 2], "counts": rle._to_string(WRAPPING)}, "damaged"),
        ({"size": [2, 2], "counts": [2**63, 2**63, 4]}, "whole numbers, or a compressed string"),
        ({"size": [2, 2], "counts": [2**70]}, "expected a list of whole numbers"),
        ({"size": [2, 2], "counts": [0.5, 3.5]}, "expected a list of whole numbers"),
        ({"size": [2, 2], "counts": [[1], 3]}, "expected a list of whole numbers"),
        ({"size": [2, 2], "counts": None}, "expected a list of whole numbers"),
        ({"size": [2, 2], "counts": []}, "add up to 0"),
        ({"size": [2, 2], "counts": ""}, "add up to 0"),
        ({"size": [2.5, 2], "counts": [5]}, "expected two whole numbers"),
        ({"size": ["2", "2"], "counts": [4]}, "expected two whole numbers"),
        ({"size": [2, 2, 1], "counts": [4]}, "expected two whole numbers"),
        ({"size": [-2, -2], "counts": [4]}, "expected sides from 0 on"),
        ({"size": [2**31, 2**31], "counts": [2**62]}, "at most 1,073,741,824 pixels"),
        ({"size": [2, 2]}, "expected {'size'"),
        ([4], "expected {'size'"),
    ],
)
def test_damaged_encodings_are_refused(encoding, message):
    with pytest.raises(InputError, match=message):
        rle.decode(encoding)
    with pytest.raises(InputError, match=message):
        rle.area(encoding)


damaged = st.text("0123o_oOPN^` ?é\ud800", max_size=20)


@given(st.lists(st.one_of(masks.map(rle.encode), damaged), max_size=8), st.integers(1, 30))
def test_many_strings_at_once_agree_with_one_by_one(entries, at_once):
    """Sound strings and damaged ones side by side, dealt into portions of any size."""
    encodings = [e if isinstance(e, dict) else {"size": [3, 4], "counts": e} for e in entries]
    expected = []
    for encoding in encodings:
        try:
            expected.append(rle.area(encoding))
        except InputError:
            expected.append(-1)
    sizes = [h * w for h, w in (e["size"] for e in encodings)]
    with mock.patch.object(rle, "_AT_ONCE", at_once):
        assert rle.pixels_of_strings([e["counts"] for e in encodings], sizes).tolist() == expected


def test_sides_that_are_whole_numbers_written_as_floats_are_taken():
    assert rle.decode({"size": [2.0, 3.0], "counts": [1, 5]}).sum() == 5


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0.0, 0.05, 0.5, 1.0]), st.integers(0, 99))
def test_masks_in_their_boxes_have_the_run_lengths_of_whole_ones(height, width, share, seed):
    whole = np.random.default_rng(seed).random((3, height, width)) < share
    wanted = [rle.encode(mask) for mask in whole]
    loose = BoxMasks(
        [whole[0], whole[1, 1:], whole[2, :, :-1]], np.array([[0, 0], [0, 1], [0, 0]]), (height, width)
    )
    assert rle.encode_all(whole) == wanted
    assert rle.encode_all(loose) == [rle.encode(mask) for mask in loose]


def test_no_mask_has_no_run_lengths():
    assert rle.encode_all(np.zeros((0, 4, 5), bool)) == []
