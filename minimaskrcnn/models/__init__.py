"""Floor 4: the detector, piece by piece and whole."""

from minimaskrcnn.deprecation import forward
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

__getattr__ = forward(
    __name__,
    dict.fromkeys(
        ("load_backbone", "load_model", "load_weights", "save_model", "save_weights"), "minimaskrcnn.io"
    )
    | dict.fromkeys(("freeze", "unfreeze"), "minimaskrcnn.nn"),
    since="0.2",
    until="0.3",
)
