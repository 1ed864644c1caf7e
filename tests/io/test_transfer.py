"""Starting from weights: all of them, all but the layers with a row a class, or none with one sentence."""

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.io import save_model, save_weights
from minimaskrcnn.io.checkpoint import save_arrays
from minimaskrcnn.io.transfer import PER_CLASS, shared_labels, start_from
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.presets import resnet, resnet_c4, resnet_fpn

LAYERS = {
    "roi_heads.box_predictor.cls_score",
    "roi_heads.box_predictor.bbox_pred",
    "roi_heads.mask_predictor.mask_fcn_logits",
}


@pytest.fixture
def given(tmp_path):
    """A file of weights for four classes, and what is in it."""
    model = mini(4, rng=np.random.default_rng(0))
    save_model(tmp_path / "given.npz", model, {})
    return tmp_path / "given.npz", model.state_dict()


def test_the_same_classes_take_everything(given):
    path, state = given
    model = mini(4, rng=np.random.default_rng(1))
    assert start_from(model, path) == []
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


@pytest.mark.parametrize("classes", [2, 7])
def test_other_classes_keep_the_drawn_rows(given, classes):
    path, state = given
    model = mini(classes, rng=np.random.default_rng(1))
    drawn = model.state_dict()
    fresh = start_from(model, path)
    assert {name.rpartition(".")[0] for name in fresh} == LAYERS
    assert all(name.startswith(PER_CLASS) for name in fresh)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, drawn[name] if name in fresh else state[name])


def test_a_class_is_taken_over_by_its_name_wherever_it_stands(tmp_path):
    source = mini(4, rng=np.random.default_rng(0))
    save_model(
        tmp_path / "named.npz", source, {"class_names": ["background", "circle", "square", "triangle"]}
    )
    model = mini(4, rng=np.random.default_rng(1))
    model.class_names = ("background", "triangle", "hexagon", "circle")
    drawn, given = model.state_dict(), source.state_dict()
    fresh = start_from(model, tmp_path / "named.npz")
    assert {name.rpartition(".")[0] for name in fresh} == LAYERS
    for name, array in model.state_dict().items():
        if name not in fresh:
            np.testing.assert_array_equal(array, given[name])
            continue
        rows, theirs, ours = (a.reshape(4, len(a) // 4, -1) for a in (array, given[name], drawn[name]))
        for label, place in ((0, 0), (1, 3), (3, 1)):
            np.testing.assert_array_equal(rows[label], theirs[place])
        np.testing.assert_array_equal(rows[2], ours[2])  # no hexagon was learnt


def test_classes_of_other_names_take_nothing_over_by_their_position(tmp_path):
    save_model(
        tmp_path / "named.npz",
        mini(3, rng=np.random.default_rng(0)),
        {"class_names": ["background", "a", "b"]},
    )
    model = mini(3, rng=np.random.default_rng(1))
    model.class_names = ("background", "car", "dog")
    drawn = model.state_dict()
    fresh = start_from(model, tmp_path / "named.npz")
    assert {name.rpartition(".")[0] for name in fresh} == LAYERS
    for name in fresh:
        np.testing.assert_array_equal(model.state_dict()[name], drawn[name])


def test_another_model_is_refused_and_nothing_is_changed(given):
    path, _ = given
    model = mini_c4(2, rng=np.random.default_rng(1))
    before = model.state_dict()
    with pytest.raises(InputError, match=r"weights .*given.npz: .*another model"):
        start_from(model, path)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_layer_with_a_row_a_class_must_still_be_there(given, tmp_path):
    _, state = given
    del state["roi_heads.box_predictor.cls_score.weight"]
    save_arrays(tmp_path / "part.npz", state, {})
    with pytest.raises(InputError, match=r"1 missing \(roi_heads.box_predictor.cls_score.weight"):
        start_from(mini(4), tmp_path / "part.npz")


def test_another_spelling_of_a_class_is_the_same_class():
    ours, theirs = (
        ("background", "Traffic_Light", "aeroplane", "CD4-"),
        ("background", "airplane", "traffic light", "CD4+"),
    )
    assert shared_labels(ours, theirs) == [(0, 0), (1, 2), (2, 1)]


NARROW = {"keypoints": 2, "keypoint_layers": (8,)}
BRANCHES = ("roi_heads.mask_", "roi_heads.keypoint_")


@pytest.mark.parametrize(
    ("given_parts", "parts"),
    [
        ({}, NARROW),  # masks, and now keypoints too
        ({"masks": False}, {}),  # Faster R-CNN becomes Mask R-CNN
        ({"masks": False}, NARROW),
        ({}, {"masks": False}),  # masks are no longer asked for
        ({"masks": False, **NARROW}, {}),  # Keypoint R-CNN becomes Mask R-CNN
    ],
)
def test_a_branch_is_drawn_anew_or_left_out_and_everything_else_taken_over(
    tmp_path, caplog, given_parts, parts
):
    source = mini(3, rng=np.random.default_rng(0), **given_parts)
    save_model(tmp_path / "given.npz", source, {"class_names": ["background", "a", "b"]})
    model = mini(3, rng=np.random.default_rng(1), **parts)
    model.class_names = ("background", "a", "b")
    drawn, given = model.state_dict(), source.state_dict()
    with caplog.at_level("INFO", "minimaskrcnn.io.transfer"):
        fresh = start_from(model, tmp_path / "given.npz")
    assert fresh == [name for name in drawn if name not in given]
    assert all(name.startswith(BRANCHES) for name in fresh)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, drawn[name] if name in fresh else given[name])
    left_out = [
        kind
        for kind, prefix in zip(("masks", "keypoints"), BRANCHES, strict=True)
        if any(n.startswith(prefix) for n in given) and not any(n.startswith(prefix) for n in drawn)
    ]
    assert [
        kind for kind in ("masks", "keypoints") if f"branch of {kind} is left out" in caplog.text
    ] == left_out


def test_half_a_branch_is_still_refused(tmp_path):
    state = mini(3, rng=np.random.default_rng(0)).state_dict()
    del state["roi_heads.mask_predictor.conv5_mask.weight"]
    save_arrays(tmp_path / "half.npz", state, {})
    with pytest.raises(InputError, match=r"1 missing \(roi_heads.mask_predictor.conv5_mask.weight"):
        start_from(mini(3), tmp_path / "half.npz")


def test_no_file():
    with pytest.raises(InputError, match="no such file"):
        start_from(mini(4), "nothing.npz")


@pytest.mark.parametrize("make", [resnet_fpn, resnet_c4])
def test_a_classifier_fills_the_backbone_and_nothing_else(tmp_path, make):
    classifier = {name: np.full_like(a, 0.5) for name, a in resnet(18).state_dict().items()}
    save_weights(tmp_path / "resnet18.pth", {**classifier, "fc.bias": np.zeros(9, np.float32)}, {})
    model = make(3, depth=18, masks=False)
    before = model.state_dict()
    fresh = start_from(model, tmp_path / "resnet18.pth")
    assert len(fresh) == len(before) - len(classifier)
    for name, array in model.state_dict().items():
        assert (array == (before[name] if name in fresh else 0.5)).all()


def test_the_weights_of_another_network_are_named(tmp_path):
    names = ("head.classification_head.cls_logits.bias", "head.regression_head.bbox_reg.bias")
    save_weights(tmp_path / "a.pth", {name: np.zeros(3, np.float32) for name in names}, {})
    with pytest.raises(InputError, match=r"a\.pth: the weights of RetinaNet"):
        start_from(mini(4), tmp_path / "a.pth")


@pytest.mark.parametrize("names", [5, ["a"], [1, 2, 3, 4], ["a", "\x1b[31m", "c", "d"]])
def test_class_names_that_are_none_are_refused(tmp_path, given, names):
    save_arrays(tmp_path / "a.npz", given[1], {"class_names": names})
    with pytest.raises(InputError, match=r"a\.npz: its class names are not 4 plain texts"):
        start_from(mini(4), tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(5, 128), (4, 64), (), (0,)])
def test_rows_that_are_not_one_per_class_are_refused(tmp_path, given, shape):
    state = {**given[1], "roi_heads.box_predictor.cls_score.weight": np.zeros(shape, np.float32)}
    save_arrays(tmp_path / "a.npz", state, {"class_names": ["background", "x", "y", "z"]})
    model = mini(3, rng=np.random.default_rng(1))
    model.class_names = ("background", "y", "z")
    with pytest.raises(InputError, match="1 of another shape"):
        start_from(model, tmp_path / "a.npz")
