"""The recorded ResNet-50's weights as a file of torch's: recognised, loaded, and it detects the same.

The file is written without torch, under the names of the files that torchvision publishes.
"""

import numpy as np
import pytest

from minimaskrcnn.io import load_model, load_weights, save_weights
from minimaskrcnn.io.weight_names import NEW_NAMES

from . import runners_models, whole_model
from .golden import GoldenSet, find_folder

FILE = "resnet50_model.npz"
OLD_NAMES = {new: old for old, new in NEW_NAMES.items()}


@pytest.mark.thorough
def test_the_recorded_model_goes_through_a_file_and_detects_the_same(tmp_path):
    golden = GoldenSet(find_folder())
    case = next(c for c in golden.in_file(FILE) if c.op == "resnet50_eval" and "f64" not in c.name)
    state = runners_models.state(golden, FILE)
    save_weights(tmp_path / "old.pth", {OLD_NAMES.get(n, n): a for n, a in state.items()}, {})
    again = load_weights(tmp_path / "old.pth")
    assert list(again) == list(state)
    for name, array in state.items():
        np.testing.assert_array_equal(again[name], array, err_msg=name)

    model, facts = load_model(tmp_path / "old.pth")
    assert facts["config"]["blocks"] == (3, 4, 6, 3)
    assert facts["config"]["masks"]
    expected = whole_model.build(state, dict(runners_models.settings(case)), np.dtype(np.float32))
    model.transform = expected.transform  # sizes and thresholds are the case's, not in the weights
    model.rpn.pre_nms_top_n, model.rpn.post_nms_top_n = (
        expected.rpn.pre_nms_top_n,
        expected.rpn.post_nms_top_n,
    )
    model.roi_heads.postprocess = expected.roi_heads.postprocess
    image = runners_models.pictures(case)[0]
    golden.close()
    (found,), (wanted,) = model.predict([image]), expected.predict([image])
    for name in ("boxes", "labels", "scores", "masks"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
