"""Record torchvision's ResNet bodies: ``python -m tests.parity.record_resnets OUT.npz`` (needs torchvision).

Weights are the recipe's, in float64; of each map a few hundred values evenly spread are kept, and its shape.
"""

from __future__ import annotations

import sys

import numpy as np

from . import recipe

SEED, SIZE, SAMPLES = 7, (97, 130), 400
CASES = {"18": (), "34": (), "50": (), "101": (), "50 dilated": (False, False, True)}
KEPT_AS_IS = ("fc.", "num_batches_tracked")


def sampled(features: np.ndarray) -> np.ndarray:
    """About `SAMPLES` values of a map, evenly spread."""
    flat = features.ravel()
    return flat[:: max(1, flat.size // SAMPLES)]


def main(out: str) -> None:
    """Run every case and write the file."""
    import torch
    import torchvision

    arrays = {}
    for name, dilation in CASES.items():
        model = getattr(torchvision.models, f"resnet{name.split()[0]}")(
            weights=None, replace_stride_with_dilation=list(dilation) or None
        )
        state = {
            key: value
            if key.startswith(KEPT_AS_IS) or key.endswith(KEPT_AS_IS)
            else torch.from_numpy(recipe.weight(f"backbone.body.{key}", tuple(value.shape), SEED))
            for key, value in model.state_dict().items()
        }
        model.load_state_dict(state)
        model.double().eval()
        x = torch.from_numpy(recipe.image(SEED, *SIZE)[None].astype(np.float64) * 4 - 2)
        with torch.no_grad():
            x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
            for level in range(2, 6):
                x = getattr(model, f"layer{level - 1}")(x)
                arrays[f"{name}/C{level}"] = sampled(x.numpy())
                arrays[f"{name}/C{level}.shape"] = np.array(x.shape)
                arrays[f"{name}/C{level}.max"] = np.array(float(x.abs().max()))
    np.savez_compressed(out, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
