"""Progress bars adapt to where they are shown, and to the model that runs."""

import sys

import pytest
from tqdm import tqdm

from minimaskrcnn.cli.progress import SHORT, Progress, StageProgress, open_bar
from minimaskrcnn.data import Shapes, ShapesWithKeypoints
from minimaskrcnn.models import MINI, build


def test_in_a_browser_no_thread_looks_after_a_bar(monkeypatch):
    monkeypatch.setattr(tqdm, "monitor_interval", 10)
    monkeypatch.setattr(sys, "platform", "emscripten")
    open_bar(1, "step", quiet=True).close()
    assert tqdm.monitor_interval == 0


@pytest.mark.parametrize(
    ("changes", "last"), [({"masks": False}, []), ({"keypoints": 3}, ["masks", "keypoints"])]
)
def test_a_prediction_shows_the_parts_that_the_model_has(changes, last, rng, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    model = build(MINI.changed(num_classes=4, **changes), rng).eval()
    with StageProgress("a.png", model, quiet=False):
        model.predict([Shapes("val")[0][0]])
    shown = capsys.readouterr().err
    parts = ["backbone", "pyramid", "proposals", "classes and boxes", *last]
    at = [shown.index(f"a.png: {part}") for part in parts]
    assert at == sorted(at)
    assert f"{len(parts)}/{len(parts)}" in shown


def test_every_term_of_the_loss_is_shown(rng, capsys):
    model = build(MINI.changed(num_classes=4, keypoints=3, min_size=64, max_size=64), rng)
    image, target = ShapesWithKeypoints("train")[0]
    terms = model.losses([image], [target], rng)
    with Progress(2, quiet=False) as progress:
        progress({"step": 1, "loss": 1.0} | {name: float(term.data) for name, term in terms.items()})
    assert set(terms) < set(SHORT)
    assert "keypoint" in capsys.readouterr().err
