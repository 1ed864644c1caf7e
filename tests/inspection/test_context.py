"""A trace knows the classes, strides, thresholds and rules that its arrays do not say, on disk too."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Stage, Trace, TraceContext
from minimaskrcnn.inspection.trace import AXES_SUFFIX, CONTEXT
from minimaskrcnn.models import mini, mini_c4, resnet_fpn

IMAGE = np.random.default_rng(0).random((3, 32, 64), np.float32)
OTHER = {
    "rpn_fg_iou_thresh": 0.6,
    "rpn_bg_iou_thresh": 0.2,
    "rpn_pre_nms_top_n_test": 30,
    "rpn_post_nms_top_n_test": 20,
    "rpn_nms_thresh": 0.65,
    "rpn_score_thresh": 0.01,
    "box_fg_iou_thresh": 0.55,
    "box_bg_iou_thresh": 0.45,
    "box_score_thresh": 0.03,
    "box_nms_thresh": 0.4,
    "box_detections_per_img": 7,
}


def tiny_trace(**context):
    return Trace({"labels": Stage(np.array([1, 3]), ("detection",))}, TraceContext(**context))


def test_the_settings_of_the_model_are_those_of_the_context():
    model = resnet_fpn(3, depth=18, min_size=32, max_size=64, roi_operator="roi_pool", **OTHER)
    model.class_names = ("background", "cat", "dog")
    context = asdict(model.trace(IMAGE).context)
    assert {name.removesuffix("_test"): value for name, value in OTHER.items()}.items() <= context.items()
    assert (context["roi_operator"], context["sampling_ratio"], context["paste_rule"]) == (
        "roi_pool",
        2,
        "rounded",
    )
    assert context["class_names"] == ("background", "cat", "dog")


def test_the_defaults_are_those_of_torchvision():
    told = asdict(resnet_fpn(3, depth=18, min_size=32, max_size=64).trace(IMAGE).context)
    told["class_names"], told["strides"] = (), {}
    assert told == asdict(TraceContext())


def test_sizes_strides_and_names_are_read_from_the_trace():
    trace = mini(3, image_size=(64, 128), rng=np.random.default_rng(0)).trace(IMAGE)
    assert (trace.image_size, trace.resized_size) == ((32, 64), (64, 128))
    assert trace.strides == {"P2": (4, 4), "P3": (8, 8), "P4": (16, 16)}
    assert trace.class_names == ("background", "class 1", "class 2")
    assert trace.context.paste_rule == "unrounded"


def test_a_map_one_cell_high_has_its_stride():
    thin = np.random.default_rng(0).random((3, 16, 512), np.float32)
    trace = mini_c4(3, image_size=(16, 512), rng=np.random.default_rng(0)).trace(thin)
    assert trace["backbone.C4"].shape[1:] == (1, 32)
    assert trace.strides == {"C4": (16, 16)}
    assert Trace(trace.stages()).strides == {"C4": (16, 16)}


def test_a_trace_made_by_hand_numbers_its_classes():
    assert tiny_trace().class_names == ("background", "class 1", "class 2", "class 3")
    scores = Stage(np.zeros((2, 6)), ("proposal", "class"))
    assert len(Trace({"class_scores": scores}).class_names) == 6


def test_another_context_is_another_trace():
    assert tiny_trace() == tiny_trace()
    assert tiny_trace() != tiny_trace(rpn_nms_thresh=0.6)


def test_the_context_comes_back_equal_from_disk(tmp_path):
    names = ("Hintergrund", "Käfer", "虫", "x")
    trace = tiny_trace(class_names=names, strides={"P2": (4, 5)}, rpn_nms_thresh=0.1 + 0.2, paste_rule="mine")
    trace.save(tmp_path / "trace.npz")
    loaded = Trace.load(tmp_path / "trace.npz")
    assert loaded.context == trace.context
    assert loaded == trace
    assert loaded.class_names == names


def test_an_old_file_without_context_is_read(tmp_path):
    np.savez(tmp_path / "old.npz", **{"labels": np.array([1, 3]), "labels" + AXES_SUFFIX: ["detection"]})
    assert Trace.load(tmp_path / "old.npz") == tiny_trace()


def test_the_array_that_old_numpy_made_of_a_keyword_is_ignored(tmp_path):
    arrays = {"labels": np.array([1, 3]), "labels" + AXES_SUFFIX: ["detection"]}
    arrays["allow_pickle"] = np.array(False)
    with open(tmp_path / "old.npz", "wb") as stream:
        save_members(stream, arrays)
    assert Trace.load(tmp_path / "old.npz") == tiny_trace()


def save_members(stream, arrays):
    """As `np.savez` of NumPy 2.1, for which `allow_pickle` is a name like any other."""
    from zipfile import ZipFile

    with ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


GOOD = json.loads(TraceContext().as_json())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "Expecting value"),
        ("[]", "context"),
        (json.dumps({**GOOD, "from_the_future": 1}), "from_the_future"),
        (json.dumps({**GOOD, "rpn_nms_thresh": "high", "paste_rule": 3}), "paste_rule, rpn_nms_thresh"),
        (json.dumps({**GOOD, "strides": {"P2": [4]}}), "context"),
        (json.dumps({"strides": {}}), "class_names"),
    ],
)
def test_a_context_that_makes_no_sense_is_refused_in_one_sentence(tmp_path, text, problem):
    arrays = {"labels": np.array([1]), "labels" + AXES_SUFFIX: ["detection"], CONTEXT: text}
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=f"^trace .*bad.npz: .*{problem}") as caught:
        Trace.load(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_a_context_is_frozen():
    with pytest.raises(AttributeError):
        TraceContext().rpn_nms_thresh = 0.6
    assert replace(TraceContext(), rpn_nms_thresh=0.6).rpn_nms_thresh == 0.6
