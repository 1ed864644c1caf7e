"""The page docs/roi_lab.md: its blocks run and print what it shows; its results are those of their runs."""

import contextlib
import csv
import io
import re
from concurrent import futures
from pathlib import Path

from minimaskrcnn.cli import build_parser
from minimaskrcnn.cli.roi_lab import plan_of
from minimaskrcnn.experiments import roi_report
from minimaskrcnn.experiments.roi_lab import MEASURES, Plan

DOCS = Path(__file__).resolve().parents[2] / "docs"
RESULTS = DOCS / "results" / "roi_lab"
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
        return {**run.settings(), **dict.fromkeys(MEASURES, 0.5), "cpu_seconds": 1.0, "date": "2026-01-02"}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(roi_report, "perform", fake)
    monkeypatch.setattr(futures, "ProcessPoolExecutor", futures.ThreadPoolExecutor)
    exec(CODE["cluster"], {"__name__": "page"})
    assert len(list((tmp_path / "runs" / "five_seeds" / "runs").iterdir())) == 60
    assert (tmp_path / "runs" / "five_seeds" / "index.md").is_file()


def test_the_committed_page_and_summary_are_those_of_the_committed_runs(tmp_path):
    with open(RESULTS / "runs.csv", newline="", encoding="utf-8") as stream:
        rows = [typed(line) for line in csv.DictReader(stream)]
    plan = Plan(tuple(dict.fromkeys(row["seed"] for row in rows)), rows[0]["steps"], rows[0]["pictures"])
    assert [(row["seed"], row["variant"], row["operator"]) for row in rows] == [
        (run.seed, run.variant, run.operator) for run in plan.runs()
    ]
    assert len(plan.seeds) >= 3
    page = (RESULTS / "index.md").read_text("utf-8")
    command = re.search(r"^    (minimaskrcnn roi-lab.*)$", page, re.M).group(1)
    roi_report.write_report(tmp_path, rows, plan, command)
    for name in ("index.md", "summary.csv"):
        assert (RESULTS / name).read_bytes() == (tmp_path / name).read_bytes()
    args = build_parser().parse_args(command.split()[1:])
    assert plan_of(args) == plan


def typed(line):
    """A line of runs.csv with numbers as numbers."""
    words = ("operator", "variant", "date")
    whole = ("seed", "steps", "pictures")
    return {k: v if k in words else int(v) if k in whole else float(v) for k, v in line.items()}
