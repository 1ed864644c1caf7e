"""Runners for detect.npz: anchors, masks in the picture, the way in and out, the filters of both stages."""

from __future__ import annotations

import numpy as np

from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.masks import expand_boxes, paste_masks
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.mask_rcnn import restore
from minimaskrcnn.models.postprocess import BoxPostprocess
from minimaskrcnn.models.roi_records import HeadOutput
from minimaskrcnn.models.rpn import RegionProposalNetwork
from minimaskrcnn.models.transform import ImageTransform

from .golden import Case
from .runners import Answer, runner
from .whole_model import detect


@runner("anchor_generator", kernels=False)
def anchor_generator(case: Case) -> Answer:
    p, levels = case.params, range(int(case.params["n_levels"]))
    generator = AnchorGenerator([p[f"sizes{i}"] for i in levels], [p[f"ratios{i}"] for i in levels])
    for level, cell in enumerate(generator.cells):
        np.testing.assert_array_equal(cell, p[f"cell{level}"])
    image, grids = case.settings("image", "grids").values()
    return {"o.anchors": np.concatenate(generator(image, grids))}


@runner("paste_masks_in_image", kernels=False)
def paste_masks_in_image(case: Case) -> Answer:
    assert case.params["padding"] == 1, "paste_masks always pads by one cell, as the detector does"
    [size] = case.settings("image").values()
    return {"o.y": paste_masks(case.input("masks")[:, 0], case.input("boxes"), size)}


@runner("expand_boxes", kernels=False)
def run_expand_boxes(case: Case) -> Answer:
    y = expand_boxes(case.input("boxes"), case.params["scale"])
    return {"o.y": y, "o.y_int": y.astype(np.int64)}


@runner("rcnn_transform")
def rcnn_transform(case: Case) -> Answer:
    settings = case.settings("min_size", "max_size", "mean", "std", "size_divisible", "fixed_size")
    images = case.numbered("image")
    targets = [
        Target(boxes, np.ones(len(boxes), np.int64), masks > 0)
        for boxes, masks in zip(case.numbered("boxes"), case.numbered("masks"), strict=True)
    ]
    batch, resized = ImageTransform(**settings)(images, targets, images[0].dtype)
    answer = {"o.batch": batch.images, "o.sizes": np.array(batch.sizes)}
    for i, target in enumerate(resized):
        answer |= {f"o.boxes{i}": target.boxes, f"o.masks{i}": target.masks}
    return answer


@runner("rcnn_postprocess", kernels=False)
def rcnn_postprocess(case: Case) -> Answer:
    answer = {}
    sizes, originals = case.settings("image_sizes", "original_sizes").values()
    pictures = zip(case.numbered("boxes"), case.numbered("masks"), sizes, originals, strict=True)
    for i, (boxes, masks, size, original) in enumerate(pictures):
        found = HeadOutput(boxes, np.ones(len(boxes), np.int64), np.ones(len(boxes)), masks[:, 0])
        restored = restore(found, size, original)
        pasted = paste_masks(masks[:, 0], restored.boxes, original)
        np.testing.assert_array_equal(restored.masks, pasted >= 0.5)
        answer |= {f"o.boxes{i}": restored.boxes, f"o.masks{i}": pasted[:, None]}
    return answer


@runner("rpn_filter_proposals")
def rpn_filter_proposals(case: Case) -> Answer:
    p, before, after = case.params, int(case.params["pre_nms_top_n"]), int(case.params["post_nms_top_n"])
    rpn = RegionProposalNetwork(
        anchor_generator=None,
        head=None,
        pre_nms_top_n=(before, before),
        post_nms_top_n=(after, after),
        nms_thresh=p["nms_thresh"],
        score_thresh=p["score_thresh"],
        min_size=p["min_size"],
    )
    objectness, anchors = case.input("objectness"), case.input("anchors")
    deltas = case.input("deltas").reshape(*objectness.shape, 4)  # (N*A, 4) -> (N, A, 4)
    level_sizes, sizes = case.settings("num_anchors_per_level", "image_shapes").values()
    answer = {}
    for i, (logits, shifts, size) in enumerate(zip(objectness, deltas, sizes, strict=True)):
        found = rpn.propose_one(anchors, logits, shifts, size, level_sizes)
        answer |= {f"o.boxes{i}": found.proposals, f"o.scores{i}": found.scores[found.selection.kept]}
    return answer


@runner("postprocess_detections")
def postprocess_detections(case: Case) -> Answer:
    p = case.params
    [size] = case.settings("image_shape").values()
    post = BoxPostprocess(
        BoxCoder(tuple(p["weights"])),
        p["score_thresh"],
        p["nms_thresh"],
        int(p["detections_per_img"]),
        p["min_size"],
    )
    inputs = (case.input(name) for name in ("logits", "deltas", "proposals"))
    boxes, scores, labels = detect(post, *inputs, size)
    return {"o.boxes": boxes, "o.scores": scores, "o.labels": labels}
