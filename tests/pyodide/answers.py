"""A little of everything that the package does, as named arrays: the same on every machine."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from PIL import Image

from minimaskrcnn import viz
from minimaskrcnn.cli import main
from minimaskrcnn.data.shapes import Shapes
from minimaskrcnn.detection import rle
from minimaskrcnn.detection.boxes import remove_small_boxes
from minimaskrcnn.detection.nms import batched_nms, nms
from minimaskrcnn.inspection.trace import Trace
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.models import mini
from minimaskrcnn.nn.optim import SGD
from minimaskrcnn.weights import path as bundled

Answers = dict[str, np.ndarray]


def answers() -> Answers:
    """Every answer below; models, traces and figures go through files in the working folder."""
    return boxes() | run_lengths() | prediction() | command_line() | training()


def boxes() -> Answers:
    """Indices of boxes, whose type does not depend on the machine."""
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (300, 2, 2)).astype(np.float32)
    xyxy = np.concatenate([corners.min(1), corners.max(1)], axis=1)  # (300, 4)
    scores, groups = rng.permutation(300).astype(np.float32), rng.integers(0, 3, 300)
    return {
        "boxes.nms": nms(xyxy, scores, 0.5),
        "boxes.batched_nms": batched_nms(xyxy, scores, groups, 0.5),
        "boxes.large": remove_small_boxes(xyxy, 8.0),
    }


def run_lengths() -> Answers:
    """A polygon as a mask, as run lengths, and as a mask again."""
    mask = rle.polygons_to_mask([[3.2, 1.5, 40.7, 9.1, 22.4, 37.8], [5, 5, 9, 5, 9, 9, 5, 9]], 48, 50)
    encoded = rle.encode(mask)
    np.testing.assert_array_equal(rle.decode(encoded), mask)
    return {"rle.mask": mask, "rle.area": np.array(rle.area(encoded), np.int64)}


def prediction() -> Answers:
    """The bundled model on one picture: every stage, the detections, a trace read back, a page of figures."""
    model, (image, _) = load_model(bundled("shapes"))[0], Shapes("val", 1)[0]
    (found,) = model.predict([image])
    model.trace(image).save("trace.npz")
    trace = Trace.load("trace.npz")
    viz.save(viz.demo_figure(trace), "demo.png")
    stages = {f"trace.{name}": trace[name] for name in trace}
    return stages | {
        "found.boxes": found.boxes,
        "found.labels": found.labels,
        "found.scores": found.scores,
        "found.masks": found.masks,
    }


def command_line() -> Answers:
    """What ``minimaskrcnn predict`` writes about a picture."""
    image, _ = Shapes("val", 2)[1]
    Image.fromarray((image.transpose(1, 2, 0) * 255).astype(np.uint8)).save("picture.png")
    with redirect_stdout(StringIO()):
        assert main(["predict", "picture.png", "--model", "shapes", "-o", "predicted", "-q"]) == 0
    found = json.loads(Path("predicted/detections.json").read_text())
    return {"command.boxes": np.array([one["bbox"] for one in found])}


def training() -> Answers:
    """The losses of two steps of a new model, and what it predicts once it is saved and loaded."""
    model, data = mini(4, rng=np.random.default_rng(1)), Shapes("train", 2)
    images, targets = zip(*(data[i] for i in range(2)), strict=True)
    optimizer, rng, losses = SGD(model.parameters(), lr=0.01, momentum=0.9), np.random.default_rng(2), []
    for _ in range(2):
        model.zero_grad()
        terms = model.losses(images, targets, rng)
        sum(terms.values()).backward()
        optimizer.step()
        losses.append([float(term.data) for term in terms.values()])
    save_model("model.npz", model, {})
    loaded = load_model("model.npz")[0].state_dict()
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(loaded[name], array)
        assert loaded[name].dtype == array.dtype
    return {"training.losses": np.array(losses), "training.bias": loaded["rpn.head.conv.0.0.bias"]}
