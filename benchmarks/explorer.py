"""Measure the explorer's page in Chromium: its size, the time to write it, to open it, to answer a slider.

    python -m benchmarks.explorer              # shapes, nuclei, and the full-size model at 800 x 1066
    python -m benchmarks.explorer shapes       # one of them

Opening and sliders are measured inside the page, by its own clock. An opening is the median of five. An
answer is the median of five to the same move; the slowest move of all sliders counts. The weights of the
large model are random.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from minimaskrcnn import weights
from minimaskrcnn.data import Shapes, nuclei_sample
from minimaskrcnn.explorer import explorer_page, write_explorer
from minimaskrcnn.inspection import Trace
from minimaskrcnn.io import load_model
from minimaskrcnn.models.presets import resnet_fpn

TARGETS = {"shapes": (1.5, 50), "nuclei": (4, 50), "large": (8, 100)}  # MB, milliseconds of a slider
OPENING = """() => new Promise((done) => {
  const look = () => document.body.dataset.ready ? done(performance.now()) : setTimeout(look, 1);
  look();
})"""
SLIDERS = """async () => {
  const slow = {}, frame = () => new Promise((done) => requestAnimationFrame(done));
  for (const input of document.querySelectorAll("input[type=range]")) {
    const name = input.closest(".slider").textContent.trim();
    const to = async (value) => {
      await frame();
      input.value = value;
      const began = performance.now();
      input.dispatchEvent(new Event("input", {bubbles: true}));
      document.body.getBoundingClientRect();
      return performance.now() - began;
    };
    const before = input.value;
    for (const share of [0.1, 0.5, 0.9, 1]) {
      const answers = [];
      for (let turn = 0; turn < 5; turn++) {
        await to(input.min);
        answers.push(await to(Number(input.min) + share * (input.max - input.min)));
      }
      slow[name] = Math.max(slow[name] ?? 0, answers.sort((a, b) => a - b)[2]);
    }
    await to(before);
  }
  return slow;
}"""


def shapes() -> Trace:
    """A picture of 128 x 128 pixels."""
    return load_model(weights.path("shapes"))[0].trace(Shapes("val")[27][0])


def nuclei() -> Trace:
    """A micrograph, shown at 640 x 640, 1,000 proposals."""
    model, _ = load_model(weights.path("nuclei"))
    return model.trace(nuclei_sample(model.prepare)[0])


def large() -> Trace:
    """The full-size model on noise of 800 x 1066 pixels, 1,000 proposals, 100 detections."""
    rng = np.random.default_rng(0)
    model = resnet_fpn(91, box_score_thresh=0.0, rng=rng)
    return model.trace(rng.random((3, 800, 1066), np.float32))


SUBJECTS: dict[str, Callable[[], Trace]] = {"shapes": shapes, "nuclei": nuclei, "large": large}


def measure(name: str, browser: Browser, folder: Path) -> str:
    """Return one line of the table."""
    trace = SUBJECTS[name]()
    began = time.process_time()
    path = write_explorer(folder / f"{name}.html", explorer_page(trace))
    writing = time.process_time() - began
    page = browser.new_page()
    opening = []
    for _ in range(5):
        page.goto(path.as_uri(), wait_until="commit")
        opening.append(page.evaluate(OPENING) / 1000)
    slider, worst = max(page.evaluate(SLIDERS).items(), key=lambda item: item[1])
    page.close()
    size, limit = TARGETS[name]
    return (
        f"{name:<8}{path.stat().st_size / 1e6:6.2f} MB (at most {size})  written {writing:5.2f} s (3)  "
        f"opened {median(opening):5.2f} s (2)  slowest slider {worst:5.0f} ms ({limit}): {slider}"
    )


def main() -> None:
    """Print a line for each subject."""
    parser = argparse.ArgumentParser(description="size and speed of the explorer's page")
    parser.add_argument(
        "subjects", nargs="*", default=[*SUBJECTS], metavar="SUBJECT", help=", ".join(SUBJECTS)
    )
    subjects = parser.parse_args().subjects
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name in subjects:
            print(measure(name, browser, Path(folder)), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
