"""The page docs/roi_lab.md: its blocks run, and what they print is what it shows."""

import contextlib
import io
import re
from concurrent import futures
from pathlib import Path

from minimaskrcnn.experiments import roi_report
from minimaskrcnn.experiments.roi_lab import MEASURES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "roi_lab.md").read_text("utf-8")
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
