"""The page as a text: whole, closed to the network, and safe with hostile names."""

import base64
import hashlib
import json
import re
import zlib

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.data import Shapes
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.explorer import explorer_page
from minimaskrcnn.explorer.picture import encoded_picture
from minimaskrcnn.explorer.record import ENTRANTS, packed, record
from minimaskrcnn.models import mini

HOSTILE = "</script><img src=x onerror=alert(1)><!--"


@pytest.fixture(scope="module")
def sample():
    """An untrained model's trace of a shapes sample, and its true objects."""
    model = mini(4, proposals=(30, 30), detections_per_img=5, rng=np.random.default_rng(1))
    model.class_names = ("background", HOSTILE, "square", "triangle")
    image, target = Shapes("val")[27]
    return model.trace(image), target


@pytest.fixture(scope="module")
def page(sample):
    return explorer_page(*sample, title=HOSTILE, facts={HOSTILE: HOSTILE})


def content(page):
    return json.loads(re.search(r'id="content">(.*?)</script>', page, re.DOTALL).group(1))


def unpacked(one):
    return np.frombuffer(zlib.decompress(base64.b64decode(one["data"])), one["dtype"]).reshape(one["shape"])


def test_the_policy_allows_this_script_and_this_style_alone(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", 'script type="module"'):
        text = page.split(f"<{tag}>")[1].split(f"</{tag.split()[0]}>")[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "connect-src" not in policy


def test_hostile_names_stay_text(page):
    assert HOSTILE not in page
    assert page.count("</script>") == 2
    told = content(page)
    assert told["title"] == told["class_names"][1] == told["facts"][HOSTILE] == HOSTILE


def test_what_decides_a_selection_is_exact(sample, page):
    trace, _ = sample
    arrays = content(page)["arrays"]
    for name in ("objectness", "class_scores", "candidate_box", "mask_probs"):
        np.testing.assert_array_equal(unpacked(arrays[name]), trace[name])
    np.testing.assert_array_equal(unpacked(arrays["anchors"]).T, trace["anchors"])
    entrants = unpacked(arrays["entrants"])
    np.testing.assert_array_equal(unpacked(arrays["entrant_clipped"]), trace["clipped"][entrants])
    assert set(trace["proposal_anchor"]) <= set(entrants)
    place = np.searchsorted(entrants, trace["proposal_anchor"], sorter=np.argsort(entrants))
    proposals = np.argsort(entrants)[place]
    np.testing.assert_array_equal(unpacked(arrays["entrant_score"])[proposals], trace["proposal_scores"])


def test_the_best_anchors_of_each_level_may_enter(sample, monkeypatch):
    trace, _ = sample
    monkeypatch.setattr("minimaskrcnn.explorer.record.ENTRANTS", 10)
    entrants = unpacked(record(trace)["arrays"]["entrants"])
    most = max(10, trace.context.rpn_pre_nms_top_n)
    for level in range(3):
        members = np.flatnonzero(trace["anchor_level"] == level)
        best = members[np.argsort(-trace["objectness"][members], kind="stable")][:most]
        assert best.tolist() == entrants[trace["anchor_level"][entrants] == level].tolist()
    assert ENTRANTS == 2000


def test_maps_are_rounded_to_8_bits_between_their_ends(sample):
    trace, _ = sample
    told = record(trace)
    for one in told["maps"]:
        cells = unpacked(told["arrays"][one["array"]])
        features = trace[f"{one['part']}.{one['name']}"][one["channels"]]
        low, high = (np.array(one[end])[:, None, None] for end in ("low", "high"))
        assert np.abs(low + cells / 255 * (high - low) - features).max() <= (high - low).max() / 255


def test_crowds_are_no_objects(sample):
    trace, target = sample
    crowd = np.arange(len(target)) == 0
    told = record(trace, Target(target.boxes, target.labels, None, crowd))["truth"]
    assert told["labels"] == target.labels[1:].tolist()
    np.testing.assert_allclose(told["boxes"], target.boxes[1:])


def test_a_picture_is_a_png_and_a_large_photograph_is_not(rng):
    small = encoded_picture(np.zeros((3, 4, 5), np.float32))
    assert small["address"].startswith("data:image/png;base64,")
    large = encoded_picture(rng.random((3, 1700, 900), np.float32))
    assert large["address"].startswith("data:image/jpeg;base64,")
    assert large["note"] == "shown at 847x1600 pixels, shown as a JPEG"


def test_packed_arrays_come_back(rng):
    array = rng.random((3, 4), np.float32)[:, ::2]
    np.testing.assert_array_equal(unpacked(packed(array)), array)


def test_a_notebook_shows_the_same_page_in_a_frame(sample):
    shown = viz.explore(*sample, title='a "picture"')
    frame = shown._repr_html_()
    assert 'sandbox="allow-scripts"' in frame
    assert frame.count('"') == 8  # of four attributes: those of the page are escaped
    assert "a page of" in repr(shown)
    with pytest.raises(InputError, match="height"):
        viz.explore(*sample, height=1)


def test_the_bench_shows_your_map(rng):
    shown = viz.explore_roi(rng.random((5, 7)), title=HOSTILE)
    told = content(shown.page)["maps"]
    assert [(one["name"], one["height"], one["width"], one["box"]) for one in told] == [
        (HOSTILE, 5, 7, [1.75, 1.25, 5.25, 3.75])
    ]
    assert content(viz.explore_roi().page) == {"maps": []}


@pytest.mark.parametrize(
    ("features", "box", "sentence"),
    [
        (np.zeros((2, 3, 3)), None, "one channel"),
        (np.zeros((65, 3)), None, "Cut out a piece"),
        (np.full((3, 3), np.nan), None, "finite"),
        (np.zeros((3, 3)), (1, 2, 3), "box must be"),
    ],
)
def test_a_map_that_the_bench_cannot_show(features, box, sentence):
    with pytest.raises(InputError, match=sentence):
        viz.explore_roi(features, box)


def test_a_small_world_stands_alone():
    shown = viz.explore_world("nms")
    assert content(shown.page) == {"world": "nms"}
    assert "Greedy NMS" in shown._repr_html_()
    with pytest.raises(InputError, match="name"):
        viz.explore_world("whales")
