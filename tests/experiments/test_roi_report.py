"""From rows to CSV, figure and page: every number on the page is in the CSV, every claim has its interval."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from minimaskrcnn.experiments import roi_report
from minimaskrcnn.experiments.intervals import Interval
from minimaskrcnn.experiments.lab_variants import NAMES, VARIANTS
from minimaskrcnn.experiments.roi_claims import (
    CLAIMS,
    FEW_SEEDS,
    TABLE_2C,
    TABLE_2D_BOX,
    TABLE_2D_MASK,
    Claim,
    reading,
    try_claim,
)
from minimaskrcnn.experiments.roi_figure import curve_figure, roi_figure
from minimaskrcnn.experiments.roi_lab import EXPERIMENTS, MEASURES, Plan
from minimaskrcnn.experiments.roi_page import HEADINGS, roi_page
from minimaskrcnn.experiments.roi_summary import summarise

from .conftest import made_up
from .test_grid import InPlace

COMMAND = "minimaskrcnn roi-lab --seeds 3"


@pytest.fixture(scope="module")
def report(plan, rows, tmp_path_factory):
    """The folder of a finished report."""
    folder = tmp_path_factory.mktemp("report")
    roi_report.write_report(folder, rows, plan, COMMAND)
    return folder


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def page_tables(text):
    """Tables by heading of the first column, as lists of rows of cells; the headings may repeat."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in lines] for lines in blocks]


def test_the_csv_holds_every_run_and_value(report, rows):
    table = read_csv(report / "runs.csv")
    assert len(table) == len(rows) == 18
    for line, row in zip(table, rows, strict=True):
        assert (line["choice"], line["variant"], int(line["seed"])) == (
            row["choice"],
            row["variant"],
            row["seed"],
        )
        assert [float(line[name]) for name in MEASURES] == [row[name] for name in MEASURES]


def test_the_summary_is_students_interval_of_the_runs(report):
    runs, summary = read_csv(report / "runs.csv"), read_csv(report / "summary.csv")
    assert len(summary) == (3 + 2) * 2 * len(MEASURES)

    def values(variant, operator, measure):
        mine = [run for run in runs if (run["variant"], run["choice"]) == (variant, operator)]
        return np.array([float(run[measure]) for run in mine])

    for line in summary:
        x = values(line["variant"], line["choice"], line["measure"])
        if line["what"] == "minus roi_pool":
            x = x - values(line["variant"], "roi_pool", line["measure"])
        low, high = stats.t.interval(0.95, len(x) - 1, x.mean(), stats.sem(x))
        assert [float(line[key]) for key in ("mean", "low", "high")] == pytest.approx(
            [x.mean(), low, high], abs=2e-6
        )
        assert line["n"] == "3"


def test_the_page_shows_the_numbers_of_the_csv(report):
    text = (report / "index.md").read_text("utf-8")
    tables = {table[0][0]: [] for table in page_tables(text)}
    for table in page_tables(text):
        tables[table[0][0]].append(table)
    for line in read_csv(report / "summary.csv"):
        level, gain = tables[VARIANTS[line["variant"]].title][:2]
        table = level if line["what"] == "mean" else gain
        column = table[0].index(HEADINGS[line["measure"]])
        cell = next(row for row in table if row[0] == NAMES[line["choice"]])[column]
        mean, low, high = (float(line[key]) for key in ("mean", "low", "high"))
        scale, digits = (1, 2) if line["measure"] == "centroid_offset" else (100, 1)
        shown_mean, shown_half = map(float, cell.strip("*").split(" ± "))
        step = 10.0**-digits
        assert shown_mean == pytest.approx(scale * mean, abs=0.51 * step + 1e-3)
        assert shown_half == pytest.approx(scale * (high - low) / 2, abs=0.51 * step + 1e-3)
        if line["what"] != "mean":
            assert not cell.startswith("**")  # three seeds are too few


def test_the_page_says_how_it_was_made_and_what_it_is_not(report):
    text = (report / "index.md").read_text("utf-8")
    assert f"    {COMMAND}\n" in text
    facts = dict(zip(*page_tables(text)[0][::2], strict=True))
    assert facts["seeds"] == "0, 1, 2"
    assert (facts["runs"], facts["CPU minutes"], facts["date"]) == ("18", "9", "2026-01-02")
    assert (facts["steps"], facts["validation pictures"]) == ("7", "5")
    assert "](roi_lab.png)" in text
    assert (report / "roi_lab.png").read_bytes().startswith(b"\x89PNG")
    assert "What this miniature is not" in text
    for reported in (TABLE_2C, TABLE_2D_MASK, TABLE_2D_BOX):
        for choice in EXPERIMENTS["operators"].choices:
            if choice in reported.rows:
                assert " | ".join(map(str, reported.rows[choice])) in text


def test_every_claim_on_the_page_has_its_interval(report, rows):
    text = (report / "index.md").read_text("utf-8")
    claims = next(table for table in page_tables(text) if table[0][0] == "difference")
    assert len(claims) == 2 + len(CLAIMS["operators"])
    for line, claim in zip(claims[2:], CLAIMS["operators"], strict=True):
        interval = try_claim(claim, rows)
        assert line[0] == claim.text
        assert re.fullmatch(r"[+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]", line[3])
        assert float(line[3].split(" [")[0]) == pytest.approx(interval.mean, abs=0.051)
        assert line[4] == reading(claim, interval)


def test_the_same_rows_give_the_same_bytes(report, plan, rows, tmp_path):
    roi_report.write_report(tmp_path / "again", rows, plan, COMMAND)
    for name in ("index.md", "runs.csv", "summary.csv", "roi_lab.png"):
        assert (report / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_claim_is_a_signed_sum_by_seed(rows):
    claim = next(claim for claim in CLAIMS["operators"] if "stride 16 - pyramid" in claim.text)
    value = {(row["variant"], row["choice"], row["seed"]): 100 * row["mask_AP"] for row in rows}
    sums = [
        value["stride16", "roi_align", seed]
        - value["stride16", "roi_pool", seed]
        - (value["pyramid", "roi_align", seed] - value["pyramid", "roi_pool", seed])
        for seed in range(3)
    ]
    interval = try_claim(claim, rows)
    assert interval.mean == pytest.approx(np.mean(sums))
    assert interval.half == pytest.approx(stats.t.ppf(0.975, 2) * stats.sem(sums))


def test_the_papers_differences_are_those_of_its_tables():
    paper = {(claim.text, claim.source): claim.paper for claim in CLAIMS["operators"]}
    mask, box, c4 = TABLE_2D_MASK.rows, TABLE_2D_BOX.rows, TABLE_2C.rows
    gain = np.subtract(mask["roi_align"], mask["roi_pool"])
    assert paper["RoIAlign - RoIPool, stride 16, mask AP", "2d"] == pytest.approx(gain[0])
    assert paper["RoIAlign - RoIPool, stride 16, mask AP75", "2d"] == pytest.approx(gain[2])
    assert paper["that gain at stride 16, mask AP75 - mask AP50", "2d"] == pytest.approx(gain[2] - gain[1])
    boxes = box["roi_align"][0] - box["roi_pool"][0]
    assert paper["RoIAlign - RoIPool, stride 16, box AP", "2d"] == pytest.approx(boxes)
    ap = {name: row[0] for name, row in c4.items()}
    for one, other, text in (
        ("roi_align", "roi_pool", "RoIAlign - RoIPool"),
        ("roi_align", "roi_warp", "RoIAlign - RoIWarp"),
        ("roi_warp", "roi_pool", "RoIWarp - RoIPool"),
    ):
        assert paper[f"{text}, stride 16, mask AP", "2c"] == pytest.approx(ap[one] - ap[other])


@pytest.mark.parametrize(
    ("paper", "null", "interval", "words"),
    [
        (7.3, False, Interval(5, 2, 8, 10), "seen"),
        (7.3, False, Interval(5, 2, 8, 3), "left open: only 3 seeds"),
        (7.3, False, Interval(5, 3.5, 6.5, 3), "seen"),
        (7.3, False, Interval(-5, -8, -2, 10), "the opposite"),
        (-0.5, False, Interval(-5, -8, -2, 10), "seen"),
        (7.3, False, Interval(5, -2, 12, 10), "not settled"),
        (0.2, True, Interval(1, -2, 4, 10), "no difference seen"),
        (0.2, True, Interval(3, 2, 4, 10), "a difference, unlike in the paper"),
        (None, False, Interval(3, 2, 4, 10), "the interval lies above 0"),
        (None, False, Interval(1, -2, 4, 10), "not settled"),
        (7.3, False, Interval(5, np.nan, np.nan, 1), "one seed"),
    ],
)
def test_a_reading_says_no_more_than_the_interval(paper, null, interval, words):
    assert reading(Claim("a - b", (), paper, null), interval).startswith(words)


def test_the_figure_draws_means_intervals_and_seeds(rows):
    summary = summarise(rows, "roi_pool")
    figure = roi_figure(rows, summary, "operators")
    assert len(figure.axes) == 2 * 4
    levels, gains = figure.axes[4], figure.axes[5]  # the second row: stride 16
    assert [label.get_text() for label in levels.get_yticklabels()] == [
        NAMES[choice] for choice in EXPERIMENTS["operators"].choices
    ]
    assert "one map, stride 16" in levels.get_label()
    for place, operator in enumerate(EXPERIMENTS["operators"].choices):
        bar = levels.containers[place]
        interval = summary.level["stride16", operator, "mask_AP"]
        assert bar.lines[0].get_xydata()[0] == pytest.approx([100 * interval.mean, place])
        ends = bar.lines[2][0].get_segments()[0][:, 0]
        assert ends == pytest.approx([100 * interval.low, 100 * interval.high])
    seeds = gains.lines[1].get_xdata()  # the line at 0 comes first
    by_seed = {(row["choice"], row["seed"]): row["mask_AP"] for row in rows if row["variant"] == "stride16"}
    expected = [100 * (by_seed["roi_warp", seed] - by_seed["roi_pool", seed]) for seed in range(3)]
    assert seeds == pytest.approx(expected)
    paper = [line.get_xdata()[0] for line in gains.lines if line.get_label().startswith("paper")]
    assert 7.3 in np.round(paper, 3)


def test_one_seed_is_reported_without_intervals(plan, tmp_path):
    one = replace(plan, seeds=(5,))
    rows = [made_up(run) for run in one.runs()]
    roi_report.write_report(tmp_path, rows, one, COMMAND)
    text = (tmp_path / "index.md").read_text("utf-8")
    assert "one seed has no interval" in text
    assert "**" not in text.split("**Bold**")[1].split("## Beside")[0]


def test_a_model_that_found_nothing_leaves_a_gap(plan, rows):
    rows = [{**rows[0], "boundary_iou": None, "centroid_offset": None}, *rows[1:]]
    summary = summarise(rows, "roi_pool")
    assert np.isnan(summary.level[rows[0]["variant"], rows[0]["choice"], "boundary_iou"].mean)
    assert "nan" in roi_page(rows, summary, plan, COMMAND, False)
    roi_figure(rows, summary, "operators").canvas.draw()


def test_compare_runs_what_is_missing_and_reports_the_whole(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(roi_report, "perform", made_up)
    few = replace(plan, seeds=(0, 1))
    first, second = InPlace(), InPlace()
    roi_report.compare(few, tmp_path, first, COMMAND)
    assert len(roi_report.finished(few, tmp_path)) == 12
    rows = roi_report.compare(plan, tmp_path, second, COMMAND)
    assert (len(first.asked), len(second.asked), len(rows)) == (12, 6, 18)
    assert {run.seed for run in second.asked} == {2}
    assert len(read_csv(tmp_path / "runs.csv")) == 18
    assert len({(run.variant, run.choice) for run in second.asked}) == 6


def test_with_enough_seeds_a_gain_beyond_its_interval_is_bold(plan, tmp_path):
    many = replace(plan, seeds=tuple(range(FEW_SEEDS)))
    roi_report.write_report(tmp_path, [made_up(run) for run in many.runs()], many, COMMAND)
    assert "**" in (tmp_path / "index.md").read_text("utf-8").split("**Bold**")[1]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_a_report(name, tmp_path):
    plan = Plan(name, (0, 1, 2), EXPERIMENTS[name].steps, 5)
    rows = [made_up(run) for run in plan.runs()]
    roi_report.write_report(tmp_path, rows, plan, COMMAND)
    text = (tmp_path / "index.md").read_text("utf-8")
    assert all(NAMES[choice] in text for choice in EXPERIMENTS[name].choices)
    assert ("](curve.png)" in text) == (tmp_path / "curve.png").is_file() == (name in ("full", "nuclei"))


def test_the_curve_has_a_line_for_each_seed_and_choice():
    plan = Plan("full", (0, 1, 2), 3000, 5)
    ax = curve_figure([made_up(run) for run in plan.runs()], "full").axes[0]
    thick = [line for line in ax.lines if line.get_linewidth() > 1.5]
    assert len(ax.lines) == 2 * 3 + 2
    assert len(thick) == 2
