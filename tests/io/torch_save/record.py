"""Write zip.pth, legacy.pth and expected.npz beside this file, with torch: run by hand, with torch installed.

They hold what a state dict may hold: every dtype, views with strides and offsets, two tensors on one storage,
a parameter, a scalar, an empty tensor, and torch's `_metadata`.
"""

from collections import OrderedDict
from pathlib import Path

import numpy as np


def main():
    import torch

    torch.manual_seed(4)
    base = torch.randn(6, 8)
    state = OrderedDict()
    for name in ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8"):
        state[f"dtype.{name}"] = (20 * torch.randn(2, 3)).to(getattr(torch, name))
    state["dtype.bool"] = torch.randn(4) > 0
    state["shared.whole"], state["shared.transposed"] = base, base.t()
    state["shared.sliced"] = base[1:4, 2:7:2]
    state["channels_last"] = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    state["parameter"] = torch.nn.Parameter(torch.randn(3))
    state["scalar"], state["empty"] = torch.tensor(7), torch.zeros(0, 4)
    state._metadata = OrderedDict([("", {"version": 2})])
    here = Path(__file__).parent
    torch.save(state, here / "zip.pth")
    torch.save(state, here / "legacy.pth", _use_new_zipfile_serialization=False)
    np.savez_compressed(
        here / "expected.npz",
        **{
            name: (tensor.detach().float() if tensor.dtype is torch.bfloat16 else tensor.detach()).numpy()
            for name, tensor in state.items()
        },
    )


if __name__ == "__main__":
    main()
