"""Every RoI operator of the page, switch by switch, against the package."""

import itertools

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.kernels import roi_rules
from minimaskrcnn.kernels.roi_rules import RoIRule

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SWITCHES = list(
    itertools.product(
        [False, True], [False, True], [None, 0, 1, 3], ["mean", "max"], [False, True], [False, True]
    )
)
EACH = 500 // len(SWITCHES) + 1  # boxes for each setting of the switches: more than 500 in all
NAMED = {
    "RoIPool": "ROI_POOL",
    "RoIWarp": "ROI_WARP",
    "RoIAlign": "ROI_ALIGN",
    "RoIAlign, aligned": "ROI_ALIGN_V2",
}


def fields(rule):
    return {
        name: getattr(rule, name)
        for name in ("quantise_box", "quantise_bins", "sampling_ratio", "reduce", "aligned", "include_end")
    }


def rough_boxes(rng, count):
    """Boxes within, across and off the map, some tiny, some with edges on whole and half cells."""
    corner = rng.uniform(-4, 22, (count, 2))
    boxes = np.concatenate([corner, corner + rng.exponential(5, (count, 2))], 1)
    return np.where(rng.random((count, 1)) < 0.3, np.round(boxes * 2) / 2, boxes)


def test_every_setting_of_the_switches(script, rng):
    features = rng.normal(size=(9, 13))
    cases, expected, slopes = [], [], []
    for switches in SWITCHES:
        rule = RoIRule(*switches)
        boxes = rough_boxes(rng, EACH)
        for box in boxes:
            x = Tensor(features[None, None], requires_grad=True)
            out = ops.roi_features(x, [box[None]], (3, 2), 0.5, rule)
            one = np.zeros((1, 1, 3, 2))
            one[0, 0, 1, 1] = 1
            out.backward(one)
            cases.append({"box": box.tolist(), "rule": fields(rule)})
            expected.append(out.data.ravel())
            slopes.append(x.grad[0, 0].ravel())
    got = script(
        """cases.map(({box, rule}) => {
            const bins = look({values, height: 9, width: 13}, box, [3, 2], 0.5, rule);
            return [bins.map((bin) => bin.value), [...gradient(bins[3], rule.reduce, 9 * 13)]];
        })""",
        cases=cases,
        values=features.ravel().tolist(),
    )
    assert len(cases) > 500
    np.testing.assert_allclose([one[0] for one in got], expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose([one[1] for one in got], slopes, rtol=0, atol=1e-6)


def test_the_named_rules_are_those_of_the_package(script):
    rules = script("RULES")
    assert rules == {name: fields(getattr(roi_rules, own)) for name, own in NAMED.items()}
