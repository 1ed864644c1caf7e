"""Floor 4: the detector, piece by piece and whole.

A `Config` describes a model and `build` makes it. `MINI`, `RESNET_FPN`, ... are configs; `mini(...)`,
`resnet_fpn(...)`, ... change and build them in one call.
"""

from minimaskrcnn.deprecation import forward
from minimaskrcnn.models.config import Config
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import (
    COCO_V1,
    FASTERRCNN_MOBILENET_V3_LARGE_320_FPN,
    FASTERRCNN_MOBILENET_V3_LARGE_FPN,
    FASTERRCNN_RESNET50_FPN,
    FASTERRCNN_RESNET50_FPN_V2,
    KEYPOINTRCNN_RESNET50_FPN,
    MASKRCNN_RESNET50_FPN,
    MASKRCNN_RESNET50_FPN_V2,
    MINI,
    MINI_C4,
    MINI_STRIDE16,
    PRESETS,
    RESNET_C4,
    RESNET_C5,
    RESNET_FPN,
    build,
    configure,
    fasterrcnn_mobilenet_v3_large_320_fpn,
    fasterrcnn_mobilenet_v3_large_fpn,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_resnet50_fpn_v2,
    keypointrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn_v2,
    mini,
    mini_c4,
    mini_stride16,
    resnet_c4,
    resnet_c5,
    resnet_fpn,
)

__all__ = [
    "COCO_V1",
    "FASTERRCNN_MOBILENET_V3_LARGE_320_FPN",
    "FASTERRCNN_MOBILENET_V3_LARGE_FPN",
    "FASTERRCNN_RESNET50_FPN",
    "FASTERRCNN_RESNET50_FPN_V2",
    "KEYPOINTRCNN_RESNET50_FPN",
    "MASKRCNN_RESNET50_FPN",
    "MASKRCNN_RESNET50_FPN_V2",
    "MINI",
    "MINI_C4",
    "MINI_STRIDE16",
    "PRESETS",
    "RESNET_C4",
    "RESNET_C5",
    "RESNET_FPN",
    "Config",
    "MaskRCNN",
    "build",
    "configure",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
    "keypointrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn_v2",
    "mini",
    "mini_c4",
    "mini_stride16",
    "resnet_c4",
    "resnet_c5",
    "resnet_fpn",
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
