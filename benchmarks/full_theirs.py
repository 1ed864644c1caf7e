"""torchvision's side of the full-size benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torchvision.models import detection

from benchmarks.full_sides import MODEL, MODELS, Detections, Stopwatch, weights


class Theirs:
    """torchvision's model."""

    def __init__(self, name: str = MODEL) -> None:
        make = getattr(detection, name)
        self.model = make(weights=None, weights_backbone=None, num_classes=MODELS[name])
        shapes = {entry: tuple(array.shape) for entry, array in self.model.state_dict().items()}
        state = {entry: torch.from_numpy(a) for entry, a in weights(name, shapes.items()).items()}
        self.model.load_state_dict(state)
        self.model.eval()
        self.stopwatch: Stopwatch | None = None

    def watched(self) -> Stopwatch:
        """Return the stopwatch that times the stages."""
        if self.stopwatch is not None:
            return self.stopwatch
        watch = self.stopwatch = Stopwatch()
        model, heads = self.model, self.model.roi_heads
        watch.watch(model.transform, "forward", "transform")
        watch.watch(model.backbone, "forward", "backbone and pyramid")
        watch.watch(model.rpn, "forward", "RPN")
        watch.watch(heads, "forward", "RoI heads")
        watch.watch(heads.box_roi_pool, "forward", "RoI heads: RoIAlign")
        watch.watch(heads.mask_roi_pool, "forward", "RoI heads: RoIAlign")
        watch.watch(heads.box_head, "forward", "RoI heads: box head")
        watch.watch(heads.mask_head, "forward", "RoI heads: mask head")
        watch.watch(heads.mask_predictor, "forward", "RoI heads: mask head")
        watch.watch(model.transform, "postprocess", "paste masks")
        return watch

    def resize_to(self, side: int) -> None:
        """Resize pictures so that their shorter side is this."""
        self.model.transform.min_size = (side,)

    def limit(self, detections: int) -> None:
        """Limit the number of detections."""
        self.model.roi_heads.detections_per_img = detections

    def predict(self, image: np.ndarray) -> Detections:
        """Find the objects in one picture."""
        with torch.no_grad():
            found = self.model([torch.from_numpy(image)])[0]
        return {name: found[name].numpy() for name in ("boxes", "labels", "scores")}

    def training_step(self, image: np.ndarray, truth: Detections) -> Callable[[], None]:
        """Return a function that runs one step of SGD; the learning rate is 0, so all steps are equal."""
        self.model.train()
        for module in self.model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.0, momentum=0.9)
        target = {name: torch.from_numpy(array) for name, array in truth.items()}

        def step() -> None:
            optimizer.zero_grad()
            sum(self.model([torch.from_numpy(image)], [target]).values()).backward()
            optimizer.step()

        return step
