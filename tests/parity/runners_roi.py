"""Runners for roi_align.npz and roi_pool.npz, and for the choice of a pyramid level in detect.npz."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import kernels, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.levels import LevelMapper
from minimaskrcnn.models.roi_extractor import RoIExtractor, as_rois

from .golden import Case
from .runners import Answer, gradients, runner, with_gradients


@runner("roi_align")
def roi_align(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    settings = case.settings("output_size", "spatial_scale", "sampling_ratio")
    y = ops.roi_align(x, case.input("rois"), aligned=bool(case.params["aligned"]), **settings)
    return with_gradients(case, y, "x", leaves)


@runner("roi_pool")
def roi_pool(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    rois, settings = case.input("rois"), case.settings("output_size", "spatial_scale")
    y = ops.roi_pool(x, rois, **settings)
    _, argmax = kernels.active().roi_pool(x.data, rois, **settings)
    return {**with_gradients(case, y, "x", leaves), "o.argmax": argmax}


@runner("level_mapper", kernels=False)
def level_mapper(case: Case) -> Answer:
    settings = case.settings("k_min", "k_max", "canonical_scale", "canonical_level", "eps")
    return {"o.level": LevelMapper(**settings)(case.input("boxes"))}


@runner("multiscale_roi_align")
def multiscale_roi_align(case: Case) -> Answer:
    names = [f"feat{int(i)}" for i in case.params["featmap_names"]]
    maps = case.leaves(*names)
    extractor = RoIExtractor(
        [round(1 / scale) for scale in case.params["scales"]],
        **case.settings("output_size", "sampling_ratio", "canonical_scale", "canonical_level"),
    )
    rois = as_rois(case.numbered("boxes"))
    y = extractor(dict(zip(names, maps, strict=True)), rois)
    y.backward(case.input("up"))
    return {"o.y": y.data, "o.level": extractor.mapper(rois[:, 1:]), **gradients(names, maps)}


@runner("multiscale_roi_align_empty")
def multiscale_roi_align_empty(case: Case) -> Answer:
    _, channels, size, _ = case.shape("y")
    extractor = RoIExtractor([4, 8], size)
    maps = {
        f"P{level}": Tensor(np.ones((1, channels, 16 // level, 16 // level), np.float32)) for level in (2, 4)
    }
    return {"o.y": extractor(maps, as_rois([np.zeros((0, 4), np.float32)])).data}
