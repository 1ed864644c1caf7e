"""Floor 4: the detector, piece by piece and whole."""

from minimaskrcnn.models.large_stride import mini_stride16
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build, mini, mini_c4
from minimaskrcnn.models.published import fasterrcnn_resnet50_fpn, maskrcnn_resnet50_fpn

__all__ = [
    "MaskRCNN",
    "build",
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "mini",
    "mini_c4",
    "mini_stride16",
]
