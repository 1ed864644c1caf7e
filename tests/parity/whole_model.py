"""The recorded Mask R-CNNs: built from the shapes of their weights, and run stage by stage.

The architecture (depth, widths, classes) is read off the state's names and shapes; thresholds and sizes come
from the case. `prediction` and `training` answer every stage under the names of the golden files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import softmax

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.detection.boxes import resize_boxes
from minimaskrcnn.detection.masks import paste_masks
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.mask_output import sigmoid_probabilities
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.postprocess import BoxPostprocess, list_candidates
from minimaskrcnn.models.presets import maskrcnn_resnet50_fpn
from minimaskrcnn.models.roi_extractor import as_rois
from minimaskrcnn.models.transform import ImageBatch

from .runners_losses import rpn_assignment
from .sampling import EvenChoice

Stages = dict[str, np.ndarray]
TOLD_BY_SHAPES = {"fpn", "fc", "num_classes", "mask_layers"}
TOLD_ELSEWHERE = {"seed", "bn_train"}


def build(state: Mapping[str, np.ndarray], params: Mapping, dtype: np.dtype) -> MaskRCNN:
    """A model with these weights and settings, in evaluation mode."""
    body, heads = "backbone.body.", "roi_heads."
    stages = range(1, 1 + count(state, f"{body}layer{{}}.0.conv1.weight", start=1))
    masks = range(count(state, f"{heads}mask_head.{{}}.0.weight"))
    model = maskrcnn_resnet50_fpn(
        block="bottleneck" if f"{body}layer1.0.conv3.weight" in state else "basic",
        stem_channels=len(state[f"{body}conv1.weight"]),
        planes=[len(state[f"{body}layer{i}.0.conv1.weight"]) for i in stages],
        blocks=[count(state, f"{body}layer{i}.{{}}.conv1.weight") for i in stages],
        norm="batch",
        num_classes=len(state[f"{heads}box_predictor.cls_score.bias"]),
        out_channels=len(state["backbone.fpn.inner_blocks.0.0.bias"]),
        representation_size=len(state[f"{heads}box_head.fc6.bias"]),
        mask_layers=[len(state[f"{heads}mask_head.{i}.0.bias"]) for i in masks],
        mask_dim_reduced=len(state[f"{heads}mask_predictor.conv5_mask.bias"]),
        **keywords(params),
    )
    model.load_state_dict(state)
    return model.astype(dtype).eval()


def count(state: Mapping[str, np.ndarray], pattern: str, start: int = 0) -> int:
    """How many of pattern.format(start), pattern.format(start + 1), ... are in the state."""
    n = 0
    while pattern.format(start + n) in state:
        n += 1
    return n


def keywords(params: Mapping) -> dict:
    """Of a case's params those that are settings of the model."""
    return {k: v for k, v in params.items() if k not in TOLD_BY_SHAPES | TOLD_ELSEWHERE}


def prediction(model: MaskRCNN, images: Sequence[np.ndarray]) -> Stages:
    """Every stage of prediction of a batch, all pictures; the last ones are those of `model.predict`."""
    with no_grad():
        batch, _ = model.transform(images, None, model.dtype)
        pyramid, stages = first_stage(model, batch)
        proposals = [stages[f"proposals{i}"] for i in range(len(images))]
        stages |= box_branch(model, pyramid, proposals)
        cuts = np.cumsum([len(p) for p in proposals])[:-1]
        logits, deltas = (np.split(stages[name], cuts) for name in ("class_logits", "box_regression"))
        found = [
            detect(model.roi_heads.postprocess, *of_one_picture)
            for of_one_picture in zip(logits, deltas, proposals, batch.sizes, strict=True)
        ]
        stages |= mask_branch(model, pyramid, [boxes for boxes, _, _ in found])
    labels = np.concatenate([labels for _, _, labels in found])
    stages["mask_logits_selected"] = stages["mask_logits"][np.arange(len(labels)), labels]
    probabilities = np.split(
        sigmoid_probabilities(stages["mask_logits"], labels), np.cumsum([len(f[0]) for f in found])
    )
    for i, (boxes, scores, labels) in enumerate(found):
        stages |= {f"det_boxes_resized{i}": boxes, f"det_scores{i}": scores, f"det_labels{i}": labels}
        boxes = resize_boxes(boxes, batch.sizes[i], batch.original_sizes[i])
        stages |= {f"boxes{i}": boxes, f"scores{i}": scores, f"labels{i}": labels}
        stages[f"masks{i}"] = paste_masks(probabilities[i], boxes, batch.original_sizes[i])
    check_predict(model, images, stages)
    return stages


def detect(
    post: BoxPostprocess, logits: np.ndarray, deltas: np.ndarray, proposals: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, scores and labels of one picture's detections."""
    candidates = list_candidates(softmax(logits, axis=1), post.refine(deltas, proposals, size))
    kept = post.select_detections(candidates).kept
    return candidates.boxes[kept], candidates.scores[kept], candidates.labels[kept]


def check_predict(model: MaskRCNN, images: Sequence[np.ndarray], stages: Stages) -> None:
    """The whole is the sum of its stages: `predict` gives the same detections, masks cut at one half."""
    for i, found in enumerate(model.predict(images)):
        for name in ("boxes", "scores", "labels"):
            np.testing.assert_array_equal(getattr(found, name), stages[f"{name}{i}"])
        np.testing.assert_array_equal(found.masks, stages[f"masks{i}"] >= 0.5)


def training(model: MaskRCNN, images: Sequence[np.ndarray], targets: Sequence[Target]) -> Stages:
    """Every stage of one training forward, with evenly spaced samples; the losses themselves are `losses`."""
    with no_grad():
        batch, resized = model.transform(images, targets, model.dtype)
        pyramid, stages = first_stage(model, batch)
        for i, target in enumerate(resized):
            stages |= {f"gt_boxes_resized{i}": target.boxes, f"gt_masks_resized{i}": target.masks}
            assigned = rpn_assignment(model.rpn, stages["anchors"], target.boxes)
            for name in ("labels", "sampled_pos", "sampled_neg"):
                stages[f"rpn_{name}{i}"] = assigned[name]
        samples = [
            model.roi_heads.select_training_samples(stages[f"proposals{i}"], target, EvenChoice())
            for i, target in enumerate(resized)
        ]
        stages |= box_branch(model, pyramid, [s.boxes for s in samples])
        stages |= mask_branch(model, pyramid, [s.boxes[s.labels > 0] for s in samples])
    for i, s in enumerate(samples):
        stages |= {f"roi_proposals{i}": s.boxes, f"roi_matched{i}": s.matched}
        stages |= {
            f"roi_labels{i}": s.labels,
            f"roi_targets{i}": np.where(s.labels[:, None] > 0, s.deltas, 0),
        }
    return stages


def losses(model: MaskRCNN, images: Sequence[np.ndarray], targets: Sequence[Target]) -> dict[str, Tensor]:
    """The five losses and "loss_total", their plain sum."""
    found = model.losses(images, targets, EvenChoice())
    return {**found, "loss_total": sum(list(found.values())[1:], start=next(iter(found.values())))}


def first_stage(model: MaskRCNN, batch: ImageBatch) -> tuple[dict[str, Tensor], Stages]:
    """The pyramid, and every stage from the batch to the proposals."""
    pyramid = model.backbone(Tensor(batch.images)).pyramid
    stages = {"batch": batch.images, "image_sizes": np.array(batch.sizes)}
    for i, features in enumerate(pyramid.values()):
        stages["feat_pool" if i == len(pyramid) - 1 else f"feat_{i}"] = features.data
        hidden = model.rpn.head.conv(features)
        stages[f"rpn_cls_{i}"] = model.rpn.head.cls_logits(hidden).data
        stages[f"rpn_box_{i}"] = model.rpn.head.bbox_pred(hidden).data
    anchors = model.rpn.anchor_generator(batch.images.shape[-2:], [f.shape[-2:] for f in pyramid.values()])
    stages["anchors"] = np.concatenate(anchors)
    scores = [model.rpn.head(features) for features in pyramid.values()]
    objectness = np.concatenate([logits.data for logits, _ in scores], 1)
    deltas = np.concatenate([shifts.data for _, shifts in scores], 1)
    for i, size in enumerate(batch.sizes):
        found = model.rpn.propose_one(
            stages["anchors"], objectness[i], deltas[i], size, [len(level) for level in anchors]
        )
        stages |= {
            f"proposals{i}": found.proposals,
            f"proposal_scores{i}": found.scores[found.selection.kept],
        }
    return pyramid, stages


def box_branch(model: MaskRCNN, pyramid: dict[str, Tensor], boxes: Sequence[np.ndarray]) -> Stages:
    """From RoIs to class logits and deltas."""
    heads = model.roi_heads
    features = heads.box_extractor(pyramid, as_rois(boxes))
    hidden = heads.box_head(features)
    logits, deltas = heads.box_predictor(hidden)
    return {
        "box_pool": features.data,
        "box_head": hidden.data,
        "class_logits": logits.data,
        "box_regression": deltas.data,
    }


def mask_branch(model: MaskRCNN, pyramid: dict[str, Tensor], boxes: Sequence[np.ndarray]) -> Stages:
    """From boxes to the mask logits of every class."""
    heads = model.roi_heads
    features = heads.mask_extractor(pyramid, as_rois(boxes))
    return {"mask_pool": features.data, "mask_logits": heads.mask_predictor(heads.mask_head(features)).data}
