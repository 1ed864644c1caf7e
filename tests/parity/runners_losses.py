"""Runners for losses.npz: what each head is compared with, and how much a difference costs."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.coder import BETA
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.mask_head import mask_loss
from minimaskrcnn.models.mask_output import sigmoid_probabilities
from minimaskrcnn.models.roi_heads import RoIHeads, fastrcnn_loss
from minimaskrcnn.models.roi_records import Samples
from minimaskrcnn.models.rpn import RegionProposalNetwork, _per_anchor

from .golden import Case
from .runners import Answer, gradients, runner
from .sampling import EvenChoice, chosen


@runner("fastrcnn_loss", kernels=False)
def run_fastrcnn_loss(case: Case) -> Answer:
    assert np.isclose(case.params["beta"], BETA)
    names = "logits", "deltas"
    logits, deltas = leaves = case.leaves(*names)
    labels = case.ints("labels")
    nothing = np.zeros(len(labels), np.int64)
    samples = Samples(np.zeros((len(labels), 4)), labels, nothing, case.input("targets"))
    losses = fastrcnn_loss(logits, deltas, [samples])
    (losses["loss_classifier"] + 2 * losses["loss_box_reg"]).backward()
    return {**values(losses), **gradients(names, leaves)}


@runner("maskrcnn_loss")
def run_mask_loss(case: Case) -> Answer:
    [logits] = leaves = case.leaves("mask_logits")
    boxes, masks, matched = case.input("proposals"), case.input("gt_masks") > 0, case.ints("matched_idxs")
    labels, size = case.ints("gt_labels"), int(case.params["M"])
    target = Target(np.zeros((len(labels), 4)), labels, masks)
    loss = mask_loss(logits, [boxes], [labels[matched]], [matched], [target])
    loss.backward()
    return {
        "o.loss": loss.data,
        "o.targets": mask_targets(masks, boxes, matched, size),
        "o.targets_f32": mask_targets(masks, boxes.astype(np.float32), matched, size),
        **gradients(["mask_logits"], leaves),
    }


@runner("maskrcnn_loss_empty", kernels=False)
def run_mask_loss_empty(case: Case) -> Answer:
    logits = Tensor(np.zeros((0, 3, 28, 28)), requires_grad=True)
    return {"o.loss": mask_loss(logits, [], [], [], []).data}


@runner("maskrcnn_inference", kernels=False)
def maskrcnn_inference(case: Case) -> Answer:
    """Probabilities of both pictures, which are recorded one after the other."""
    probs = sigmoid_probabilities(case.input("x"), case.ints("labels"))[:, None]  # (D, 1, M, M)
    names = list(case.entry["outputs"])
    cuts = np.cumsum([case.shape(name)[0] for name in names])[:-1]
    return {f"o.{name}": part for name, part in zip(names, np.split(probs, cuts), strict=True)}


@runner("rpn_loss", kernels=False)
def rpn_loss(case: Case) -> Answer:
    p = case.params
    rpn = RegionProposalNetwork(
        anchor_generator=None,
        head=None,
        fg_iou_thresh=p["fg_iou"],
        bg_iou_thresh=p["bg_iou"],
        batch_size_per_image=int(p["batch_size_per_image"]),
        positive_fraction=p["positive_fraction"],
    )
    names = [name for name in case.inputs() if name.startswith(("objectness_l", "deltas_l"))]
    leaves = case.leaves(*names)
    maps = dict(zip(names, leaves, strict=True))
    objectness = ops.concatenate(
        [_per_anchor(m, 1) for n, m in maps.items() if n.startswith("o")], 1
    )  # (N, A, 1)
    deltas = ops.concatenate(
        [_per_anchor(m, 4) for n, m in maps.items() if n.startswith("d")], 1
    )  # (N, A, 4)
    anchors, gt = case.input("anchors"), case.numbered("gt")
    targets = [Target(boxes, np.ones(len(boxes), np.int64)) for boxes in gt]
    losses = rpn.losses(anchors, objectness[:, :, 0], deltas, targets, EvenChoice())
    (losses["loss_objectness"] + 2 * losses["loss_rpn_box_reg"]).backward()
    answer = {**values(losses), **gradients(names, leaves)}
    for i, boxes in enumerate(gt):
        answer |= {f"o.{name}{i}": array for name, array in rpn_assignment(rpn, anchors, boxes).items()}
    return answer


def rpn_assignment(rpn: RegionProposalNetwork, anchors: np.ndarray, gt_boxes: np.ndarray) -> Answer:
    """What the RPN loss asks of each anchor of one picture, and which anchors it asks."""
    labels, matched = rpn.assign_targets_to_anchors(anchors, gt_boxes)
    goal = gt_boxes[matched] if len(gt_boxes) else np.zeros_like(anchors)
    deltas = np.zeros_like(anchors)
    objects = np.flatnonzero(labels == 1)
    deltas[objects] = rpn.coder.encode(goal[objects], anchors[objects])
    positive, negative = rpn.sampler(labels, EvenChoice())
    return {
        "labels": labels,
        "matched_gt": goal,
        "reg_targets": deltas,
        "sampled_pos": chosen(positive, len(anchors)),
        "sampled_neg": chosen(negative, len(anchors)),
    }


@runner("even_sampler", kernels=False)
def even_sampler(case: Case) -> Answer:
    labels = case.ints("labels")
    sampler = BalancedSampler(int(case.params["batch_size"]), case.params["positive_fraction"])
    positive, negative = sampler(labels, EvenChoice())
    return {"o.pos": chosen(positive, len(labels)), "o.neg": chosen(negative, len(labels))}


@runner("select_training_samples", kernels=False)
def select_training_samples(case: Case) -> Answer:
    p = case.params
    heads = RoIHeads(
        box_extractor=None,
        box_head=None,
        box_predictor=None,
        fg_iou_thresh=p["fg_iou"],
        bg_iou_thresh=p["bg_iou"],
        batch_size_per_image=int(p["batch_size_per_image"]),
        positive_fraction=p["positive_fraction"],
    )
    answer = {}
    pictures = zip(case.numbered("gt"), case.numbered("gt_labels"), case.numbered("proposals"), strict=True)
    for i, (gt, labels, proposals) in enumerate(pictures):
        samples = heads.select_training_samples(proposals, Target(gt, labels.astype(np.int64)), EvenChoice())
        answer |= {
            f"o.proposals{i}": samples.boxes,
            f"o.matched{i}": samples.matched,
            f"o.labels{i}": samples.labels,
            f"o.reg_targets{i}": np.where(samples.labels[:, None] > 0, samples.deltas, 0),
        }
    return answer


def values(losses: dict[str, Tensor]) -> Answer:
    """Losses by name, as outputs."""
    return {f"o.{name}": loss.data for name, loss in losses.items()}
