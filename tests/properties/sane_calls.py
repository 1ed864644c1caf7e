"""A sane call of each public function that `test_spoilt_arguments` spoils: the function and its arguments."""

import numpy as np

from minimaskrcnn import data, evaluation, inspection, nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data import transforms
from minimaskrcnn.detection import (
    anchors,
    boxes,
    coder,
    fates,
    levels,
    masks,
    matcher,
    nms,
    probabilities,
    rle,
    sampler,
)
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.models.transform import ImageTransform


def box_array(rng, n=4):
    corner = rng.random((n, 2)) * 10
    return np.concatenate([corner, corner + 1 + rng.random((n, 2)) * 8], axis=1).astype(np.float32)


def target(rng):
    return Target(box_array(rng), rng.integers(1, 4, 4), rng.random((4, 24, 26)) > 0.5, rng.random(4) > 0.8)


def detections(rng):
    scores = np.sort(rng.random(4).astype(np.float32))[::-1]
    return Detections(box_array(rng), rng.integers(1, 4, 4), scores, rng.random((4, 24, 26)) > 0.5)


def picture(rng):
    return rng.random((3, 24, 26), np.float32)


def feature_map(rng):
    return Tensor(rng.standard_normal((2, 4, 10, 12)).astype(np.float32))


def rois(rng):
    return np.concatenate([rng.integers(0, 2, (4, 1)), box_array(rng)], axis=1).astype(np.float32)


def called(make, *names):
    """A class whose instance is called: the first arguments make it."""

    def call(**arguments):
        made = make(**{name: arguments.pop(name) for name in names})
        return made(**arguments)

    return call


def evaluate(iou_type, max_dets, **pair):
    evaluator = evaluation.CocoEvaluator(iou_type, max_dets)
    evaluator.add(**pair)
    return evaluator.summary()["AP"]


def augmented(step, image, target):
    return step(image, target, np.random.default_rng(0))[0]


def trained(optimiser, lr, weight_decay, max_norm):
    weight = nn.Parameter(np.ones((3, 2), np.float32))
    (weight * weight).sum().backward()
    nn.optim.clip_grad_norm([weight], max_norm)
    optimiser([weight], lr, weight_decay=weight_decay).step()
    return weight.data


def batch(**arguments):
    return next(data.Loader(data.Shapes("val", 2), rng=np.random.default_rng(0), **arguments))[0]


CALLS = {
    "roi_align": (
        ops.roi_align,
        lambda r: {
            "x": feature_map(r),
            "boxes": rois(r),
            "output_size": (2, 3),
            "spatial_scale": 0.5,
            "sampling_ratio": 2,
            "aligned": True,
        },
    ),
    "roi_pool": (
        ops.roi_pool,
        lambda r: {"x": feature_map(r), "boxes": rois(r), "output_size": (2, 3), "spatial_scale": 0.5},
    ),
    "conv2d": (
        ops.conv2d,
        lambda r: {
            "x": feature_map(r),
            "weight": Tensor(np.ones((2, 4, 3, 3), np.float32)),
            "stride": 2,
            "padding": 1,
            "dilation": 1,
            "groups": 1,
        },
    ),
    "max_pool2d": (
        ops.max_pool2d,
        lambda r: {"x": feature_map(r), "kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True},
    ),
    "interpolate": (ops.interpolate, lambda r: {"x": feature_map(r), "size": (4, 5), "mode": "nearest"}),
    "group_norm": (ops.group_norm, lambda r: {"x": feature_map(r), "num_groups": 2, "eps": 1e-5}),
    "pad": (ops.pad, lambda r: {"x": feature_map(r), "pad": (1, 2, 0, 1), "value": 0.0}),
    "sum": (ops.sum, lambda r: {"x": feature_map(r), "axis": 1, "keepdims": True}),
    "getitem": (ops.getitem, lambda r: {"x": feature_map(r), "index": np.array([0, 1])}),
    "cross_entropy": (
        ops.cross_entropy,
        lambda r: {
            "logits": Tensor(np.ones((4, 3), np.float32)),
            "target": r.integers(0, 3, 4),
            "ignore_index": -100,
            "reduction": "sum",
        },
    ),
    "smooth_l1_loss": (
        ops.smooth_l1_loss,
        lambda r: {"x": feature_map(r), "target": feature_map(r).data, "beta": 0.5, "reduction": "sum"},
    ),
    "Tensor": (Tensor, lambda r: {"data": [1.0, 2.0], "requires_grad": True}),
    "box_area": (boxes.box_area, lambda r: {"boxes": box_array(r)}),
    "box_iou": (boxes.box_iou, lambda r: {"a": box_array(r), "b": box_array(r)}),
    "generalized_box_iou": (boxes.generalized_box_iou, lambda r: {"a": box_array(r), "b": box_array(r)}),
    "clip_boxes_to_image": (boxes.clip_boxes_to_image, lambda r: {"boxes": box_array(r), "size": (10, 12)}),
    "resize_boxes": (boxes.resize_boxes, lambda r: {"boxes": box_array(r), "old": (10, 12), "new": (20, 18)}),
    "remove_small_boxes": (boxes.remove_small_boxes, lambda r: {"boxes": box_array(r), "min_size": 2.0}),
    "boxes_from_masks": (boxes.boxes_from_masks, lambda r: {"masks": r.random((3, 5, 6)) > 0.5}),
    "cell_anchors": (anchors.cell_anchors, lambda r: {"sizes": (8.0, 16.0), "aspect_ratios": (0.5, 1.0)}),
    "AnchorGenerator": (
        called(anchors.AnchorGenerator, "sizes", "aspect_ratios"),
        lambda r: {
            "sizes": ((8,), (16,)),
            "aspect_ratios": (0.5, 1.0),
            "image_size": (32, 32),
            "grid_sizes": [(8, 8), (4, 4)],
        },
    ),
    "encode": (
        lambda weights, **pair: coder.BoxCoder(weights).encode(**pair),
        lambda r: {"weights": (10.0, 10.0, 5.0, 5.0), "gt_boxes": box_array(r), "proposals": box_array(r)},
    ),
    "decode": (
        lambda weights, **pair: coder.BoxCoder(weights).decode(**pair),
        lambda r: {
            "weights": (10.0, 10.0, 5.0, 5.0),
            "deltas": r.standard_normal((4, 8)).astype("f4"),
            "boxes": box_array(r),
        },
    ),
    "suppressors": (
        fates.suppressors,
        lambda r: {
            "boxes": box_array(r),
            "scores": r.random(4).astype("f4"),
            "keep": np.arange(2),
            "iou_threshold": 0.5,
        },
    ),
    "LevelMapper": (
        called(levels.LevelMapper, "k_min", "k_max"),
        lambda r: {"k_min": 2, "k_max": 5, "boxes": box_array(r)},
    ),
    "expand_boxes": (masks.expand_boxes, lambda r: {"boxes": box_array(r), "scale": 1.5}),
    "paste_masks": (
        masks.paste_masks,
        lambda r: {
            "masks": r.random((4, 4, 4)).astype("f4"),
            "boxes": box_array(r),
            "size": (20, 22),
            "threshold": 0.5,
        },
    ),
    "paste_masks_aligned": (
        masks.paste_masks_aligned,
        lambda r: {
            "masks": r.random((4, 4, 4)).astype("f4"),
            "boxes": box_array(r),
            "size": (20, 22),
            "threshold": 0.5,
        },
    ),
    "mask_targets": (
        masks.mask_targets,
        lambda r: {
            "gt_masks": r.random((3, 20, 22)) > 0.5,
            "boxes": box_array(r),
            "matched": r.integers(0, 3, 4),
            "size": 4,
        },
    ),
    "Matcher": (
        called(matcher.Matcher, "high_threshold", "low_threshold"),
        lambda r: {"high_threshold": 0.7, "low_threshold": 0.3, "iou": r.random((3, 5)).astype("f4")},
    ),
    "batched_nms": (
        nms.batched_nms,
        lambda r: {
            "boxes": box_array(r),
            "scores": r.random(4).astype("f4"),
            "idxs": r.integers(0, 3, 4),
            "iou_threshold": 0.5,
        },
    ),
    "softmax": (probabilities.softmax, lambda r: {"logits": r.standard_normal((4, 3)), "axis": 1}),
    "rle.encode": (rle.encode, lambda r: {"mask": r.random((5, 6)) > 0.5}),
    "rle.decode": (rle.decode, lambda r: {"rle": {"size": [2, 2], "counts": [1, 3]}}),
    "BalancedSampler": (
        called(sampler.BalancedSampler, "batch_size_per_image", "positive_fraction"),
        lambda r: {
            "batch_size_per_image": 4,
            "positive_fraction": 0.5,
            "labels": r.integers(-1, 3, 10),
            "rng": np.random.default_rng(0),
        },
    ),
    "Target.validate": (
        lambda image_shape, num_classes, **arrays: Target(**arrays).validate(image_shape, num_classes),
        lambda r: dict(vars(target(r)), image_shape=(3, 24, 26), num_classes=4),
    ),
    "Loader": (batch, lambda r: {"batch_size": 2}),
    "Shapes": (
        lambda **settings: len(data.Shapes(**settings)),
        lambda r: {"split": "val", "size": 5, "seed": 1},
    ),
    "ScaleJitter": (
        lambda low, high, **pair: augmented(data.ScaleJitter(low, high), **pair),
        lambda r: {"low": 0.7, "high": 1.4, "image": picture(r), "target": target(r)},
    ),
    "ColourJitter": (
        lambda brightness, **pair: augmented(data.ColourJitter(brightness), **pair),
        lambda r: {"brightness": 0.2, "image": picture(r), "target": target(r)},
    ),
    "GammaJitter": (
        lambda low, high, **pair: augmented(data.GammaJitter(low, high), **pair),
        lambda r: {"low": 0.7, "high": 1.4, "image": picture(r), "target": target(r)},
    ),
    "HorizontalFlip": (
        lambda p, **pair: augmented(data.HorizontalFlip(p), **pair),
        lambda r: {"p": 0.5, "image": picture(r), "target": target(r)},
    ),
    "turn_left": (transforms.turn_left, lambda r: {"image": picture(r), "target": target(r)}),
    "lay_on_canvas": (
        transforms.lay_on_canvas,
        lambda r: {"image": picture(r), "target": target(r), "top": 1, "left": 2, "size": (30, 32)},
    ),
    "resample": (
        transforms.resample,
        lambda r: {"image": picture(r), "target": target(r), "window": (0.0, 0.0, 8.0, 8.0), "size": (6, 7)},
    ),
    "prepare_nuclei": (data.prepare_nuclei, lambda r: {"image": picture(r)}),
    "CocoEvaluator": (
        evaluate,
        lambda r: {
            "iou_type": "segm",
            "max_dets": (1, 10, 100),
            "target": target(r),
            "detections": detections(r),
        },
    ),
    "matched_pairs": (
        evaluation.matched_pairs,
        lambda r: {"target": target(r), "detections": detections(r), "iou": 0.5},
    ),
    "boundary_iou": (
        evaluation.boundary_iou,
        lambda r: {"a": r.random((2, 9, 9)) > 0.5, "b": r.random((2, 9, 9)) > 0.5, "dilation_ratio": 0.02},
    ),
    "centroids": (evaluation.centroids, lambda r: {"masks": np.ones((2, 9, 9), bool)}),
    "Conv2d": (
        nn.Conv2d,
        lambda r: {
            "in_channels": 4,
            "out_channels": 2,
            "kernel_size": 3,
            "stride": 1,
            "padding": 1,
            "groups": 1,
            "bias": True,
        },
    ),
    "Linear": (nn.Linear, lambda r: {"in_features": 4, "out_features": 2}),
    "BatchNorm2d": (nn.BatchNorm2d, lambda r: {"num_features": 4, "eps": 1e-5, "momentum": 0.1}),
    "SGD": (
        lambda **settings: trained(nn.optim.SGD, **settings),
        lambda r: {"lr": 0.1, "weight_decay": 1e-4, "max_norm": 1.0},
    ),
    "AdamW": (
        lambda **settings: trained(nn.optim.AdamW, **settings),
        lambda r: {"lr": 0.1, "weight_decay": 1e-4, "max_norm": 1.0},
    ),
    "warmup_cosine": (
        called(nn.optim.warmup_cosine, "base_lr", "steps", "warmup"),
        lambda r: {"base_lr": 0.1, "steps": 10, "warmup": 2, "step": 5},
    ),
    "load_state_dict": (
        nn.Linear(3, 2).load_state_dict,
        lambda r: {"state": {"weight": np.ones((2, 3)), "bias": np.ones(2)}},
    ),
    "look": (
        inspection.look,
        lambda r: {
            "features": r.random((10, 12)),
            "box": box_array(r, 1)[0],
            "output_size": (2, 2),
            "spatial_scale": 0.5,
        },
    ),
    "ImageTransform": (
        called(ImageTransform, "min_size", "max_size", "mean", "std"),
        lambda r: {
            "min_size": 16,
            "max_size": 32,
            "mean": (0.5,) * 3,
            "std": (0.2,) * 3,
            "images": [picture(r)],
            "targets": [target(r)],
        },
    ),
}
