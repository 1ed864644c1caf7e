"""Progress bars adapt to where they are shown."""

import sys

from tqdm import tqdm

from minimaskrcnn.cli.progress import open_bar


def test_in_a_browser_no_thread_looks_after_a_bar(monkeypatch):
    monkeypatch.setattr(tqdm, "monitor_interval", 10)
    monkeypatch.setattr(sys, "platform", "emscripten")
    open_bar(1, "step", quiet=True).close()
    assert tqdm.monitor_interval == 0
