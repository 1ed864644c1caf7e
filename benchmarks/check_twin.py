"""Is the twin really one? The same weights, pictures and samples must give the same losses and gradients.

    python -m benchmarks.check_twin       # the largest difference of every loss and every gradient

The random samplers of both sides are replaced by one that takes evenly spaced candidates, so that both train
on the same anchors and RoIs. A difference is relative to the array's largest value.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import torch
from torchvision.models.detection import MaskRCNN as TorchMaskRCNN

from benchmarks.twin import build_twin
from minimaskrcnn import data, weights
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models import load_model
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.training.trainer import total_loss

TOLERANCE = 1e-4
BATCH = 4


def even(count: int, wanted: int) -> np.ndarray:
    """Which of `count` candidates to take: `wanted` of them, evenly spaced, the (j*count)//wanted-th."""
    return np.arange(wanted) * count // max(wanted, 1)


class EvenChoice:
    """Stands in for the Generator of `model.losses`, which only uses ``choice``."""

    def choice(self, candidates: np.ndarray, k: int, replace: bool) -> np.ndarray:
        """The k evenly spaced candidates, in order."""
        assert not replace
        return candidates[even(len(candidates), k)]


class EvenSampler:
    """Stands in for torchvision's BalancedPositiveNegativeSampler."""

    def __init__(self, batch_size_per_image: int, positive_fraction: float):
        self.size, self.fraction = batch_size_per_image, positive_fraction

    def __call__(self, labels: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Masks of the sampled positives and negatives of each picture."""
        pairs = [self._of_one_picture(own) for own in labels]
        return [positive for positive, _ in pairs], [negative for _, negative in pairs]

    def _of_one_picture(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        positives, negatives = torch.where(labels >= 1)[0], torch.where(labels == 0)[0]
        num_positive = min(len(positives), int(self.size * self.fraction))
        num_negative = min(len(negatives), self.size - num_positive)
        masks = []
        for candidates, wanted in ((positives, num_positive), (negatives, num_negative)):
            mask = torch.zeros_like(labels, dtype=torch.uint8)
            mask[candidates[torch.from_numpy(even(len(candidates), wanted))]] = 1
            masks.append(mask)
        return masks[0], masks[1]


def small_model() -> MaskRCNN:
    """The bundled `shapes` model, ready to train."""
    model, _ = load_model(weights.path("shapes"))
    return model.train()


def twin_of(model: MaskRCNN) -> TorchMaskRCNN:
    """The same model in torch, with the same weights, precision and samples."""
    twin = build_twin(model.config).train()
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in model.state_dict().items()})
    for part in (twin.rpn, twin.roi_heads):
        old = part.fg_bg_sampler
        part.fg_bg_sampler = EvenSampler(old.batch_size_per_image, old.positive_fraction)
    return twin.to(torch.float64 if model.dtype == np.float64 else torch.float32)


def batch(dtype: type = np.float32) -> tuple[list[np.ndarray], list[Target]]:
    """Four training pictures of 128x128 pixels, and their objects."""
    samples = [data.Shapes("train")[i] for i in range(BATCH)]
    return [image.astype(dtype) for image, _ in samples], [target for _, target in samples]


def for_torch(images: Sequence[np.ndarray], targets: Sequence[Target]) -> tuple[list, list[dict]]:
    """The same pictures and objects as torchvision wants them."""
    return [torch.from_numpy(image) for image in images], [
        {
            "boxes": torch.from_numpy(target.boxes.astype(image.dtype)),
            "labels": torch.from_numpy(target.labels),
            "masks": torch.from_numpy(target.masks.astype(np.uint8)),
        }
        for image, target in zip(images, targets, strict=True)
    ]


def differences(dtype: type = np.float32) -> dict[str, float]:
    """The largest difference of each loss and of each parameter's gradient, relative to its largest value."""
    model = small_model().astype(dtype)
    twin = twin_of(model)
    images, targets = batch(dtype)
    ours = model.losses(images, targets, EvenChoice())
    theirs = twin(*for_torch(images, targets))
    total_loss(ours).backward()
    sum(theirs.values()).backward()
    gradients = {name: parameter.grad for name, parameter in twin.named_parameters()}
    found = {name: relative(loss.data, theirs[name].detach()) for name, loss in ours.items()}
    for name, parameter in model.named_parameters():
        found[f"d/d {name}"] = relative(parameter.grad, gradients.pop(name))
    assert not gradients, f"the twin has parameters of its own: {', '.join(gradients)}"
    return found


def relative(ours: np.ndarray, theirs: torch.Tensor) -> float:
    """Largest difference over the largest value."""
    expected = theirs.numpy().astype(np.float64)
    return float(np.abs(ours - expected).max() / max(np.abs(expected).max(), np.finfo(np.float32).tiny))


def worst(found: dict[str, float]) -> str:
    """Where the largest difference is, in words."""
    name = max(found, key=found.__getitem__)
    return f"{found[name]:.1e} ({name})"


def main() -> int:
    """Print every difference in both precisions; 1 if one exceeds the tolerance in the precision timed."""
    single, double = differences(np.float32), differences(np.float64)
    print(f"{'loss or gradient':<60}{'float32':>10}{'float64':>10}")
    for name in single:
        print(f"{name:<60}{single[name]:>10.1e}{double[name]:>10.1e}")
    print(f"largest: {worst(single)} in float32, {worst(double)} in float64; allowed: {TOLERANCE:.0e}")
    return int(max(single.values()) > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
