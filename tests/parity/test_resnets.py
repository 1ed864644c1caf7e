"""The ResNet bodies agree with torchvision's, strided and dilated, as `record_resnets.py` recorded them."""

from pathlib import Path

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.models.presets import resnet

from . import recipe
from .record_resnets import CASES, SEED, SIZE, sampled

RECORDED = Path(__file__).with_name("resnets.npz")


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
@pytest.mark.parametrize("case", CASES)
def test_every_map_is_torchvisions(case, dtype, tolerance):
    body = resnet(
        int(case.split()[0]),
        norm="batch",
        replace_stride_with_dilation=CASES[case] or (False, False, False),
    )
    names_shapes = [(f"backbone.body.{name}", array.shape) for name, array in body.state_dict().items()]
    state = recipe.state(names_shapes, SEED)
    body.load_state_dict({name.removeprefix("backbone.body."): array for name, array in state.items()})
    body.astype(dtype).eval()
    with no_grad():
        maps = body(Tensor(recipe.image(SEED, *SIZE)[None].astype(dtype) * 4 - 2))
    with np.load(RECORDED, allow_pickle=False) as recorded:
        for level, features in maps.items():
            assert features.shape == tuple(recorded[f"{case}/{level}.shape"])
            atol = tolerance * recorded[f"{case}/{level}.max"]
            np.testing.assert_allclose(
                sampled(features.data), recorded[f"{case}/{level}"], rtol=0, atol=atol, err_msg=level
            )
