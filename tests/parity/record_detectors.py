"""Record torchvision's other detectors (which it needs): ``python -m tests.parity.record_detectors OUT.npz``.

Weights and pictures are the recipe's, in float64. Every candidate is sampled for the losses, so no random
choice is in them. Of large arrays a few hundred values, evenly spread, and the shapes are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np

from . import recipe

SEED, SIZE, CLASSES = 11, (150, 201), 5
CASES = (
    "maskrcnn_resnet50_fpn_v2",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "keypointrcnn_resnet50_fpn",
)
SETTINGS = {
    "rpn_batch_size_per_image": 10**6,
    "box_batch_size_per_image": 10**6,
    "box_score_thresh": 0.1,
    "box_detections_per_img": 15,
}
SMALL = {
    "min_size": 160,
    "max_size": 240,
    "rpn_pre_nms_top_n_train": 60,
    "rpn_pre_nms_top_n_test": 80,
    "rpn_post_nms_top_n_train": 40,
    "rpn_post_nms_top_n_test": 50,
}
SAMPLES = 300
BOXES, LABELS = [[20.0, 30, 90, 110], [100, 15, 190, 140], [60, 60, 120, 145]], [1, 3, 2]
KEYPOINTS = 17
# Parameters whose gradients are recorded, where a model has them.
WATCHED = (
    "backbone.body.layer2.0.conv2.weight",
    "backbone.body.13.block.1.0.weight",
    "backbone.body.13.block.2.fc1.weight",
    "backbone.body.0.0.weight",
    "backbone.fpn.inner_blocks.0.0.weight",
    "backbone.fpn.layer_blocks.1.1.weight",
    "rpn.head.conv.1.0.weight",
    "rpn.head.bbox_pred.weight",
    "roi_heads.box_head.0.0.weight",
    "roi_heads.box_head.3.1.bias",
    "roi_heads.box_head.5.weight",
    "roi_heads.box_head.fc6.weight",
    "roi_heads.mask_head.2.0.weight",
    "roi_heads.keypoint_head.4.weight",
    "roi_heads.keypoint_predictor.kps_score_lowres.weight",
)


def settings_of(name: str) -> dict[str, int | float]:
    """The settings of a case: every body is trained whole; the model for 320 pixels keeps its own sizes."""
    own = {} if "320" in name else SMALL
    return (
        SETTINGS
        | own
        | {"num_classes": CLASSES, "trainable_backbone_layers": 6 if "mobilenet" in name else 5}
    )


def weights_of(name: str, names_shapes: Iterable[tuple[str, tuple[int, ...]]]) -> dict[str, np.ndarray]:
    """The recipe's weights, with laterals that keep the large activations of a random MobileNet in bounds."""
    state = recipe.state(names_shapes, SEED)
    for key in state:
        if "mobilenet" in name and key.startswith("backbone.fpn.inner_blocks."):
            state[key] *= np.float32(1 / 64)
    return state


def sampled(values: np.ndarray) -> np.ndarray:
    """About `SAMPLES` values of an array, evenly spread."""
    flat = values.ravel()
    return flat[:: max(1, flat.size // SAMPLES)]


def masks() -> np.ndarray:
    """A disc in each of `BOXES`, (3, H, W) bool."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.array(
        [
            ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2 < 0.25
            for x1, y1, x2, y2 in BOXES
        ]
    )


def keypoints() -> np.ndarray:
    """Keypoints (3, 17, 3) around `BOXES`: some outside, on the edges, or not annotated."""
    rng = np.random.default_rng(SEED)
    corner, far = np.array(BOXES)[:, None, :2], np.array(BOXES)[:, None, 2:]  # (3, 1, 2) each
    place = corner + (far - corner) * rng.uniform(-0.1, 1.1, (len(BOXES), KEYPOINTS, 2))
    place[:, 0], place[:, 1] = far[:, 0], corner[:, 0]
    visible = rng.integers(0, 3, (len(BOXES), KEYPOINTS, 1))
    return np.concatenate([place, visible], axis=2).astype(np.float32)


def record(name: str) -> dict[str, np.ndarray]:
    """The stages of prediction and training of one model."""
    import torch
    from torchvision.models import detection

    model = getattr(detection, name)(weights=None, weights_backbone=None, **settings_of(name))
    state = model.state_dict()
    made = weights_of(name, [(key, tuple(value.shape)) for key, value in state.items()])
    model.load_state_dict({key: torch.from_numpy(value) for key, value in made.items()})
    model.double().eval()
    image = torch.from_numpy(recipe.image(SEED, *SIZE).astype(np.float64))

    found: dict[str, np.ndarray] = {}

    def keep(part: torch.nn.Module, names: list[str]) -> None:
        def hook(_module: object, _inputs: object, output: object) -> None:
            for key, value in zip(names, output if isinstance(output, tuple) else [output], strict=True):
                values = list(value.values()) if isinstance(value, dict) else value
                values = values if isinstance(values, list) else [values]
                found.update({f"{key}{i}": v.numpy() for i, v in enumerate(values)})

        part.register_forward_hook(hook)

    keep(model.backbone, ["map"])
    keep(model.rpn.head, ["objectness", "shifts"])
    keep(model.roi_heads.box_predictor, ["logits", "deltas"])
    if model.roi_heads.mask_predictor is not None:
        keep(model.roi_heads.mask_predictor, ["mask_logits"])
    if model.roi_heads.keypoint_predictor is not None:
        keep(model.roi_heads.keypoint_predictor, ["heatmaps"])
    with torch.no_grad():
        detections = model([image])[0]
    arrays = {}
    for key, value in found.items():
        arrays |= {key: sampled(value), f"{key}.shape": np.array(value.shape), f"{key}.max": abs(value).max()}
    kinds = ("boxes", "labels", "scores", "keypoints", "keypoints_scores")
    arrays |= {key: detections[key].numpy() for key in kinds if key in detections}
    return arrays | trained(name, made, image)


def trained(name: str, made: dict[str, np.ndarray], image: object) -> dict[str, np.ndarray]:
    """The losses, some gradients, and the statistics that move, of one batch of two pictures."""
    import torch
    from torchvision.models import detection

    model = getattr(detection, name)(weights=None, weights_backbone=None, **settings_of(name))
    model.load_state_dict({key: torch.from_numpy(value) for key, value in made.items()})
    model.double().train()
    target = {"boxes": torch.tensor(BOXES).double(), "labels": torch.tensor(LABELS)}
    if "maskrcnn" in name:
        target["masks"] = torch.from_numpy(masks().astype(np.uint8))
    if "keypoint" in name:
        target["keypoints"] = torch.from_numpy(keypoints())
    losses = model([image, image.flip(2)], [target, dict(target)])
    sum(losses.values()).backward()
    arrays = {key: np.array(value.item()) for key, value in losses.items()}
    for key, parameter in model.named_parameters():
        if key in WATCHED:
            arrays[f"grad.{key}"] = sampled(parameter.grad.numpy())
    for key, buffer in model.named_buffers():
        if key.endswith("running_var"):
            arrays[f"state.{key}"] = np.array(buffer.sum().item())
    return arrays


def main(out: str) -> None:
    """Run every case and write the file."""
    arrays = {f"{name}/{key}": value for name in CASES for key, value in record(name).items()}
    np.savez_compressed(out, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
