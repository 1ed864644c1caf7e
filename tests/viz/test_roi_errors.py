"""The ladder adds one switch per row; constants have no spread, rounding has, and jumps."""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from minimaskrcnn.inspection import look
from minimaskrcnn.inspection.microscope import RULES
from minimaskrcnn.kernels.roi_rules import ROI_ALIGN_V2, ROI_POOL
from minimaskrcnn.viz.roi_errors import LADDER, ladder_figure, read_ramp, show_shift, window_errors


@pytest.fixture(scope="module")
def errors():
    rng = np.random.default_rng(3)
    starts, widths = rng.uniform(10, 11, 300), rng.uniform(1.3, 3.5, 300)
    return {name: window_errors(rule, starts, widths) for name, rule in LADDER.items()}


def test_each_row_throws_one_switch():
    rules = [asdict(rule) for rule in LADDER.values()]
    for one, next_ in pairwise(rules):
        assert sum(one[switch] != next_[switch] for switch in one) == 1
    assert [*LADDER.values()][:: len(LADDER) - 1] == [ROI_ALIGN_V2, ROI_POOL]
    assert len(LADDER) == 1 + len(rules[0])  # every switch once


def test_the_ramp_is_read_as_the_microscope_reads_it():
    ramp = np.tile(np.arange(32.0) + 0.5, (32, 1))
    for rule in LADDER.values():
        answer = look(ramp, (9.3, 9.3, 12.1, 12.1), (7, 7), rule=rule).output[3]
        np.testing.assert_allclose(read_ramp(rule, np.array([9.3]), np.array([2.8]))[0], answer)


def test_constants_have_no_spread_and_rounding_has(errors):
    spread = {name: (centre.std(), width.std()) for name, (centre, width) in errors.items()}
    names = list(LADDER)
    for name in names[:2]:
        assert spread[name] == pytest.approx((0, 0), abs=1e-9)
    for name in names[2:]:
        assert min(spread[name]) > 0.1


def test_the_constants_are_half_a_cell_and_a_cell(errors):
    centre = {name: c.mean() for name, (c, _) in errors.items()}
    width = {name: w.mean() for name, (_, w) in errors.items()}
    aligned, half, rounded, end, *_ = LADDER
    assert (centre[aligned], width[aligned]) == pytest.approx((0, 0), abs=1e-9)
    assert (centre[half], width[half]) == pytest.approx((0.5, 0), abs=1e-9)
    assert centre[rounded] == pytest.approx(0.5, abs=0.06)  # rounding is off to both sides alike
    assert width[rounded] == pytest.approx(0, abs=0.06)
    assert centre[end] - centre[rounded] == pytest.approx(0.5)  # a cell at the end moves the centre by half
    assert width[end] - width[rounded] == pytest.approx(1)


def test_the_figure_draws_every_box_and_says_the_numbers(errors):
    figure = ladder_figure(50)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(LADDER)
    for ax in (left, right):
        dots = [line for line in ax.lines if len(line.get_xdata()) == 50]
        assert len(dots) == len(LADDER)
        assert ax.texts[0].get_text() == "+0.00 ± 0.00"
    assert left.texts[1].get_text() == "+0.50 ± 0.00"


def test_rounding_jumps_and_align_stays_at_zero():
    ax = show_shift()
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert [label.partition(":")[0] for label in lines] == list(RULES)
    for label, error in lines.items():
        jumps = np.abs(np.diff(error)).max()
        assert error.mean() == pytest.approx(0, abs=1e-9)
        if label.startswith("RoIAlign"):
            np.testing.assert_allclose(error, 0, atol=1e-9)
        else:
            assert jumps > 0.9
    assert "RoIAlign: +0.50 on average" in lines
    assert "RoIAlign, aligned: +0.00 on average" in lines


def test_shift_takes_any_rules():
    assert len(show_shift({"v2": ROI_ALIGN_V2}).lines) == 1
