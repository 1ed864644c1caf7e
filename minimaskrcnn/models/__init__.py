"""Floor 4: the detector, piece by piece and whole."""

from minimaskrcnn.models.checkpoint import save_model
from minimaskrcnn.models.freeze import freeze, unfreeze
from minimaskrcnn.models.large_stride import mini_stride16
from minimaskrcnn.models.load_weights import load_backbone, load_model, load_weights, save_weights
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build, mini, mini_c4
from minimaskrcnn.models.published import fasterrcnn_resnet50_fpn, maskrcnn_resnet50_fpn

__all__ = [
    "MaskRCNN",
    "build",
    "fasterrcnn_resnet50_fpn",
    "freeze",
    "load_backbone",
    "load_model",
    "load_weights",
    "maskrcnn_resnet50_fpn",
    "mini",
    "mini_c4",
    "mini_stride16",
    "save_model",
    "save_weights",
    "unfreeze",
]
