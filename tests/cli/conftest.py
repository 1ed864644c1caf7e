"""A model that knows nothing yet, as a checkpoint file, and pictures of every kind."""

import numpy as np
import pytest
from PIL import Image

from minimaskrcnn import weights
from minimaskrcnn.cli import main
from minimaskrcnn.data import Shapes
from minimaskrcnn.io import save_model
from minimaskrcnn.models import mini


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """An untrained model of three classes: it sees objects everywhere, which is what the commands need."""
    path = tmp_path_factory.mktemp("model") / "model.npz"
    model = mini(4, detections_per_img=5, proposals=(20, 20), rng=np.random.default_rng(1))
    save_model(path, model, {"class_names": Shapes.class_names})
    return path


@pytest.fixture
def bundled(checkpoint, monkeypatch):
    """Let the untrained checkpoint stand in for the bundled weights."""
    monkeypatch.setattr(weights, "path", lambda name: checkpoint)


@pytest.fixture
def picture(tmp_path):
    """A 40x60 picture of noise."""
    pixels = np.random.default_rng(2).integers(0, 256, (40, 60, 3), np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def run(capsys):
    """Run a command line in this process; returns exit code, stdout, stderr."""

    def command(*words):
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def one_sentence(text):
    """True for a single line without a traceback."""
    return text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text
