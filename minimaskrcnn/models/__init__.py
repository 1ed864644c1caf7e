"""Floor 4: the detector, piece by piece and whole."""

from minimaskrcnn.models.checkpoint import load_model, save_model
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build, mini, mini_c4

__all__ = ["MaskRCNN", "build", "load_model", "mini", "mini_c4", "save_model"]
