"""The page docs/roi_lab.md: its blocks run and print what it shows; its results are those of their runs."""

import contextlib
import io
import re
from concurrent import futures
from pathlib import Path

import pytest

from minimaskrcnn.cli import build_parser
from minimaskrcnn.cli.roi_lab import plan_of
from minimaskrcnn.experiments import roi_report
from minimaskrcnn.experiments.roi_lab import MEASURES, Plan
from minimaskrcnn.experiments.roi_summary import read_runs

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = DOCS / "results" / "roi_lab"
RESULTS = sorted(path.name for path in FOLDER.iterdir())
PAGE = (DOCS / "roi_lab.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: title=\"(\S+)\")?\n(.*?)^```", PAGE, re.M | re.S)
CODE = {title: body for language, title, body in BLOCKS if language == "python"}
PRINTED = next(body for language, _, body in BLOCKS if language == "text")


def test_the_ramp_prints_what_the_page_shows():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(CODE[""], {"__name__": "page"})
    assert printed.getvalue() == PRINTED


def test_an_executor_can_be_handed_in_as_the_page_says(tmp_path, monkeypatch):
    def fake(run):
        curve = [{"step": run.steps, "mask_AP": 0.5, "box_AP": 0.5}]
        facts = {"curve": curve, "cpu_seconds": 1.0, "processor": "p", "date": "2026-01-02"}
        return {**run.settings(), **dict.fromkeys(MEASURES, 0.5), **facts}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(roi_report, "perform", fake)
    monkeypatch.setattr(futures, "ProcessPoolExecutor", futures.ThreadPoolExecutor)
    exec(CODE["cluster"], {"__name__": "page"})
    assert len(list((tmp_path / "runs" / "five_seeds" / "runs").iterdir())) == 30
    assert (tmp_path / "runs" / "five_seeds" / "index.md").is_file()


@pytest.mark.parametrize("name", RESULTS)
def test_the_committed_page_and_summary_are_those_of_the_committed_runs(name, tmp_path):
    folder = FOLDER / name
    rows = read_runs(folder / "runs.csv")
    plan = Plan(
        name, tuple(dict.fromkeys(row["seed"] for row in rows)), rows[0]["steps"], rows[0]["pictures"]
    )
    assert [
        {key: row[key] for key in run.settings()} for row, run in zip(rows, plan.runs(), strict=True)
    ] == [run.settings() for run in plan.runs()]
    page = (folder / "index.md").read_text("utf-8")
    command = re.search(r"^    (minimaskrcnn roi-lab.*)$", page, re.M).group(1)
    roi_report.write_report(tmp_path, rows, plan, command)
    for file in ("index.md", "summary.csv", "runs.csv"):
        assert (folder / file).read_bytes() == (tmp_path / file).read_bytes()
    assert (folder / "curve.png").is_file() == (tmp_path / "curve.png").is_file()
    args = build_parser().parse_args(command.split()[1:])
    assert plan_of(args) == plan
    assert f"results/roi_lab/{name}/index.md" in PAGE
