"""The small model built from torch and torchvision, to which the benchmarks compare ours.

This needs an environment with torch and torchvision; nothing in the package or its tests imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.resnet import BasicBlock
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from benchmarks.even import even

# Settings that torchvision's MaskRCNN takes under the same names.
SHARED = (
    "min_size",
    "max_size",
    "size_divisible",
    "image_mean",
    "image_std",
    "rpn_batch_size_per_image",
    "rpn_pre_nms_top_n_train",
    "rpn_pre_nms_top_n_test",
    "rpn_post_nms_top_n_train",
    "rpn_post_nms_top_n_test",
    "box_batch_size_per_image",
    "box_detections_per_img",
)


def group_norm(channels: int) -> nn.Module:
    """Make a group norm with eight groups, as in the small model."""
    return nn.GroupNorm(8, channels)


class Body(nn.Module):
    """A stem of stride 2 and stages at strides 4, 8 and 16; its parameters have the names of our ResNet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.bn1 = group_norm(16)
        self.layer1 = stage(16, 32, 2)
        self.layer2 = stage(32, 64, 2)
        self.layer3 = stage(64, 128, 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        x = torch.relu(self.bn1(self.conv1(x)))
        maps = {}
        for index, layer in enumerate((self.layer1, self.layer2, self.layer3)):
            x = layer(x)
            maps[str(index)] = x
        return maps


def stage(in_channels: int, planes: int, blocks: int) -> nn.Sequential:
    """Make a stage of residual blocks; the first has stride 2 and a projected shortcut."""
    shortcut = nn.Sequential(nn.Conv2d(in_channels, planes, 1, 2, bias=False), group_norm(planes))
    first = BasicBlock(in_channels, planes, 2, shortcut, norm_layer=group_norm)
    return nn.Sequential(
        first, *(BasicBlock(planes, planes, norm_layer=group_norm) for _ in range(blocks - 1))
    )


class Backbone(nn.Module):
    """Body and pyramid."""

    out_channels = 64

    def __init__(self) -> None:
        super().__init__()
        self.body = Body()
        self.fpn = FeaturePyramidNetwork([32, 64, 128], 64)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return self.fpn(self.body(x))


def build_twin(config: Any) -> MaskRCNN:
    """Build the torchvision model that is the twin of `mini`, from a `Config` or an object with its names."""
    names = ["0", "1", "2"]
    return MaskRCNN(
        Backbone(),
        rpn_anchor_generator=AnchorGenerator(
            tuple((size,) for size in config.anchor_sizes), (tuple(config.aspect_ratios),) * 3
        ),
        box_roi_pool=MultiScaleRoIAlign(names, 7, 2, canonical_scale=112),
        box_head=TwoMLPHead(64 * 7 * 7, 128),
        box_predictor=FastRCNNPredictor(128, config.num_classes),
        mask_roi_pool=MultiScaleRoIAlign(names, 14, 2, canonical_scale=112),
        mask_head=MaskRCNNHeads(64, (64, 64), 1),
        mask_predictor=MaskRCNNPredictor(64, 64, config.num_classes),
        **{name: getattr(config, name) for name in SHARED},
    )


class EvenSampler:
    """Replaces torchvision's BalancedPositiveNegativeSampler; see `even`."""

    def __init__(self, batch_size_per_image: int, positive_fraction: float):
        self.size, self.fraction = batch_size_per_image, positive_fraction

    def __call__(self, labels: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return the masks of the sampled positives and of the sampled negatives of each picture."""
        pairs = [self._of_one_picture(own) for own in labels]
        return [positive for positive, _ in pairs], [negative for _, negative in pairs]

    def _of_one_picture(self, labels: torch.Tensor) -> list[torch.Tensor]:
        positives, negatives = torch.where(labels >= 1)[0], torch.where(labels == 0)[0]
        num_positive = min(len(positives), int(self.size * self.fraction))
        num_negative = min(len(negatives), self.size - num_positive)
        masks = [torch.zeros_like(labels, dtype=torch.uint8) for _ in range(2)]
        masks[0][positives[torch.from_numpy(even(len(positives), num_positive))]] = 1
        masks[1][negatives[torch.from_numpy(even(len(negatives), num_negative))]] = 1
        return masks


def load_twin(config: Any, state: Mapping[str, np.ndarray]) -> MaskRCNN:
    """Build the twin with these weights, in their precision, ready to train with evenly spaced samples."""
    twin = build_twin(config).train()
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    twin.to(next(iter(tensors.values())).dtype).load_state_dict(tensors)
    for part in (twin.rpn, twin.roi_heads):
        random = part.fg_bg_sampler
        part.fg_bg_sampler = EvenSampler(random.batch_size_per_image, random.positive_fraction)
    return twin


def as_torch(images: Sequence[np.ndarray], targets: Sequence[Any]) -> tuple[list, list[dict]]:
    """Convert pictures, and targets with boxes, labels and masks, to torchvision's form."""
    return [torch.from_numpy(image) for image in images], [
        {
            "boxes": torch.from_numpy(target.boxes.astype(image.dtype)),
            "labels": torch.from_numpy(target.labels),
            "masks": torch.from_numpy(target.masks.astype(np.uint8)),
        }
        for image, target in zip(images, targets, strict=True)
    ]


def training_step(
    twin: MaskRCNN, images: Sequence[np.ndarray], targets: Sequence[Any], clip_norm: float
) -> Callable[[], object]:
    """Return a function for one update of the twin, the counterpart of `small_model.training_step`."""
    batch = as_torch(images, targets)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=0.0)

    def step() -> None:
        optimizer.zero_grad()
        sum(twin(*batch).values()).backward()
        torch.nn.utils.clip_grad_norm_(twin.parameters(), clip_norm)
        optimizer.step()

    return step
