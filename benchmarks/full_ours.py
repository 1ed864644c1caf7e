"""Our side of the full-size benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.full_sides import MODEL, MODELS, Detections, Stopwatch, weights
from minimaskrcnn import nn
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models import PRESETS, build, paste
from minimaskrcnn.models.roi_extractor import RoIExtractor
from minimaskrcnn.models.transform import ImageTransform
from minimaskrcnn.nn.optim import SGD


class Ours:
    """The NumPy model."""

    def __init__(self, name: str = MODEL) -> None:
        self.model = build(PRESETS[name].changed(num_classes=MODELS[name], norm="batch"))
        shapes = {entry: array.shape for entry, array in self.model.state_dict().items()}
        self.model.load_state_dict(weights(name, shapes.items()))
        self.model.eval()
        self.stopwatch: Stopwatch | None = None

    def watched(self) -> Stopwatch:
        """Return the stopwatch that times the stages."""
        if self.stopwatch is not None:
            return self.stopwatch
        watch = self.stopwatch = Stopwatch()
        model, heads = self.model, self.model.roi_heads
        watch.watch(ImageTransform, "__call__", "transform")
        watch.watch(model.backbone, "forward", "backbone and pyramid")
        watch.watch(model.rpn, "forward", "RPN")
        watch.watch(heads, "predict", "RoI heads")
        watch.watch(heads, "losses", "RoI heads")
        watch.watch(RoIExtractor, "__call__", "RoI heads: RoIAlign")
        watch.watch(heads.box_head, "forward", "RoI heads: box head")
        watch.watch(heads.mask_head, "forward", "RoI heads: mask head")
        watch.watch(heads.mask_predictor, "forward", "RoI heads: mask head")
        watch.watch(paste, "paste_masks", "paste masks")
        return watch

    def resize_to(self, side: int) -> None:
        """Resize pictures so that their shorter side is this."""
        self.model.transform = replace(self.model.transform, min_size=side)

    def limit(self, detections: int) -> None:
        """Limit the number of detections."""
        heads = self.model.roi_heads
        heads.postprocess = replace(heads.postprocess, detections_per_img=detections)

    def predict(self, image: np.ndarray) -> Detections:
        """Find the objects in one picture."""
        found = self.model.predict([image])[0]
        return {"boxes": found.boxes, "labels": found.labels, "scores": found.scores}

    def training_step(self, image: np.ndarray, truth: Detections) -> Callable[[], None]:
        """Return a function that runs one step of SGD; the learning rate is 0, so all steps are equal."""
        self.model.train()
        for _, module in self.model.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                module.training = False
        optimizer = SGD(self.model.parameters(), lr=0.0, momentum=0.9)
        target, rng = Target(**truth), np.random.default_rng(0)

        def step() -> None:
            self.model.zero_grad()
            losses = list(self.model.losses([image], [target], rng).values())
            sum(losses[1:], start=losses[0]).backward()
            optimizer.step()

        return step
