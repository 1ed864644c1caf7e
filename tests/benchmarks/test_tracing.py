"""The benchmark of tracing compares the two calls on the same picture."""

import numpy as np

from benchmarks import tracing


class Clocked:
    """A model whose `trace` takes three times as long as its `predict`, by a clock of its own."""

    def __init__(self, monkeypatch):
        self.now, self.seen = 0.0, []
        monkeypatch.setattr(tracing.time, "process_time", lambda: self.now)

    def trace(self, image):
        self.now += 3
        self.seen.append(image)

    def predict(self, images):
        self.now += 1
        self.seen += images


def test_the_ratio_is_that_of_trace_over_predict_in_either_order(monkeypatch):
    model, image = Clocked(monkeypatch), np.zeros((3, 4, 4))
    assert tracing.ratios(model, image, 4) == [3, 3, 3, 3]
    assert all(seen is image for seen in model.seen)
