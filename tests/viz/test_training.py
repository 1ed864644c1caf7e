"""Training curves: every series that is in the log, and words where there is none."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.viz.training import LOSSES, smooth


def log(steps=200):
    records = []
    for step in range(1, steps + 1):
        record = {"step": step, "lr": 1e-3, "grad_norm": 2.0}
        record |= {"fg_anchors": 12, "bg_anchors": 500, "fg_rois": 60, "bg_rois": 196}
        record |= {key: 1 / step + 0.01 * i for i, key in enumerate(LOSSES)}
        records.append(record)
        if step % 50 == 0:
            records.append({"step": step, "box_AP": step / 400, "mask_AP": step / 500})
    return records


def test_all_losses_and_their_sum_are_drawn_with_their_own_dash():
    losses = viz.training_curves(log()).axes[0]
    _, names = losses.get_legend_handles_labels()
    assert names == ["sum", "RPN objectness", "RPN boxes", "classes", "boxes", "masks", "keypoints"]
    named = [line for line in losses.lines if line.get_label() in names]
    assert len({(line.get_color(), line.get_linestyle()) for line in named}) == 7
    raw = next(line for line in losses.lines if line.get_color() == named[0].get_color())
    np.testing.assert_allclose(raw.get_ydata(), [r["loss"] for r in log() if "loss" in r])


def test_chance_levels_are_marked():
    losses = viz.training_curves(log(), num_classes=4).axes[0]
    flat = [line.get_ydata()[0] for line in losses.lines if len(line.get_xdata()) == 2]
    np.testing.assert_allclose(flat, [np.log(2), np.log(4)])
    assert [text.get_text() for text in losses.texts[:2]] == ["ln 2", "ln 4"]


def test_ap_is_drawn_at_its_steps_and_told_in_the_title():
    precision = viz.training_curves(log()).axes[1]
    box, mask = precision.lines
    assert box.get_xdata().tolist() == mask.get_xdata().tolist() == [50, 100, 150, 200]
    assert mask.get_ydata()[-1] == pytest.approx(0.4)
    assert "box AP 0.500, mask AP 0.400" in precision.get_label()


def test_objects_and_background_are_counted_and_told_apart_by_dash():
    anchors, rois = viz.training_curves(log()).axes[2:4]
    for ax, counts in ((anchors, [500, 12]), (rois, [196, 60])):
        named = [line for line in ax.lines if line.get_label() in ("background", "objects")]
        assert [line.get_ydata()[-1] for line in named] == counts
        assert named[0].get_linestyle() != named[1].get_linestyle()
    assert "at the end 60 per batch stand for an object" in rois.get_label()


@pytest.mark.parametrize("records", [[], log(1), [{"step": 3, "box_AP": 0.1, "mask_AP": None}]])
def test_short_and_empty_logs_draw(records):
    figure = viz.training_curves(records)
    figure.canvas.draw()
    assert [ax.get_title() for ax in figure.axes] == [
        "Losses",
        "Average precision",
        "Sampled anchors",
        "Sampled RoIs",
        "Learning rate",
        "Gradient norm",
    ]


def test_smoothing_is_a_trailing_mean():
    values = np.random.default_rng(0).random(150)
    wanted = [values[max(0, i - 2) : i + 1].mean() for i in range(150)]
    np.testing.assert_allclose(smooth(values), wanted)
