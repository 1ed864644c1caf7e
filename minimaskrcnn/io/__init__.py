"""Floor 5: models on disk. Read and write weights of this project, of torch and of safetensors.

save_model   load_model      a whole detector and how to build it, in one .npz
save_weights load_weights    named arrays in any of the formats
load_backbone start_from     fill part of a model from weights that were trained before
"""

from minimaskrcnn.io.checkpoint import save_model
from minimaskrcnn.io.transfer import start_from
from minimaskrcnn.io.weights_file import load_backbone, load_model, load_weights, save_weights

__all__ = ["load_backbone", "load_model", "load_weights", "save_model", "save_weights", "start_from"]
