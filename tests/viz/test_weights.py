"""The table flags dead weights, and the histograms hold every number."""

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.models import mini
from minimaskrcnn.viz import weights


@pytest.fixture(scope="module")
def model():
    return mini(3, rng=np.random.default_rng(0))


def rows_of(ax):
    rows = {}
    for text in ax.texts:
        rows.setdefault(round(text.get_position()[1]), []).append(text.get_text())
    return [cells for _, cells in sorted(rows.items())]


def test_the_table_has_a_row_for_each_weight():
    layer = nn.Sequential(nn.Conv2d(2, 3, 1, rng=np.random.default_rng(1)))
    ax = weights.show_weight_table(layer)
    header, row = rows_of(ax)[:2]
    values = layer.state_dict()["0.weight"]
    assert header[:3] == ["parameter", "shape", "min"]
    assert row[:2] == ["0.weight", "3x2x1x1"]
    assert row[2:6] == [f"{v:+.3f}" for v in (values.min(), values.max(), values.mean(), values.std())]


def test_dead_weights_are_flagged_and_counted(model):
    assert "31 of 76 parameters" in weights.show_weight_table(trained(model)).get_label()
    dead = trained(mini(3, rng=np.random.default_rng(0)))
    dead.roi_heads.box_head.fc6.weight.data[:5] = 0
    dict(dead.named_parameters())["rpn.head.conv.0.0.weight"].data[:] = 0
    ax = weights.show_weight_table(dead)
    flags = {row[0]: row[6] for row in rows_of(ax)[1:] if row[6:] and row[6]}
    assert flags == {"roi_heads.box_head.fc6.weight": "5 dead", "rpn.head.conv.0.0.weight": "dead?"}
    assert "2 rows flagged" in ax.get_label()


def trained(model):
    """As if trained: no parameter is still all of one value."""
    rng = np.random.default_rng(2)
    for parameter in model.parameters():
        if parameter.data.min() == parameter.data.max():
            parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    return model


def test_an_untrained_model_is_flagged_for_what_was_never_learnt(model):
    fresh = mini(3, rng=np.random.default_rng(0))
    assert "nothing looks dead" not in weights.show_weight_table(fresh).get_label()


def test_histograms_hold_every_number(model):
    name = "roi_heads.box_head.fc7.weight"
    ax = weights.show_weight_histogram(model, name)
    assert sum(bar.get_height() for bar in ax.patches) == model.state_dict()[name].size
    assert ax.get_title() == "box_head.fc7"


def test_histograms_run_from_the_first_weight_to_the_last(model):
    figure = weights.weight_histograms(model, limit=6)
    titles = [ax.get_title() for ax in figure.axes]
    assert len(titles) == 6
    assert titles[0] == "body.conv1"
    assert titles[-1] == "mask_predictor.mask_fcn_logits"
