"""Weights from any file into a model: names old and new, what is recognised, what does not fit, and back."""

import io
import tracemalloc
import zipfile
from dataclasses import asdict

import numpy as np
import pytest

from minimaskrcnn.detection.coco_names import COCO_NAMES
from minimaskrcnn.detection.skeleton import PERSON
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_backbone, load_model, load_weights, save_model, save_weights
from minimaskrcnn.io.architecture import recognise
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.io.formats.torch_writer import write_torch
from minimaskrcnn.io.transfer import start_from
from minimaskrcnn.io.weight_names import NEW_NAMES, modern_names
from minimaskrcnn.models import PRESETS, build, configure, mini
from minimaskrcnn.models.aliases import DEPTHS
from minimaskrcnn.models.builder import describe_model
from minimaskrcnn.models.presets import keypointrcnn_resnet50_fpn, resnet, resnet_c4, resnet_c5, resnet_fpn

# Small where a model may be small: ResNet-18, no mask head, 3 classes.
SMALL = {"depth": 18, "masks": False}
OLD_NAMES = {new: old for old, new in NEW_NAMES.items()}


def write_pth(path, arrays):
    with open(path, "wb") as stream:
        write_torch(stream, arrays)
    return path


def assert_same(state, expected):
    assert state.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(state[name], array, err_msg=name, strict=True)


def numbered(model):
    """The model with another number in each entry of its state: quick to make, and no two can be swapped."""
    state = model.state_dict()
    model.load_state_dict({n: np.full_like(array, i) for i, (n, array) in enumerate(state.items(), 1)})
    return model


@pytest.fixture(scope="module")
def detector():
    return numbered(resnet_fpn(3, **SMALL))


@pytest.fixture
def toy(rng):
    """A model of this project's own, small enough to write in every format."""
    return mini(3, masks=False, rng=rng)


# ---- names ---------------------------------------------------------------------------------------------


def test_the_table_is_that_of_torchvisions_modules():
    assert NEW_NAMES["rpn.head.conv.weight"] == "rpn.head.conv.0.0.weight"
    assert NEW_NAMES["backbone.fpn.inner_blocks.3.bias"] == "backbone.fpn.inner_blocks.3.0.bias"
    assert NEW_NAMES["backbone.fpn.layer_blocks.0.weight"] == "backbone.fpn.layer_blocks.0.0.weight"
    assert NEW_NAMES["roi_heads.mask_head.mask_fcn1.weight"] == "roi_heads.mask_head.0.0.weight"
    assert NEW_NAMES["roi_heads.mask_head.mask_fcn4.bias"] == "roi_heads.mask_head.3.0.bias"
    assert len(NEW_NAMES) == len(set(NEW_NAMES.values())) == 26


def test_every_new_name_is_one_of_the_full_model():
    state = resnet_fpn(2, depth=18, masks=True).state_dict()
    assert set(NEW_NAMES.values()) <= state.keys()
    assert not NEW_NAMES.keys() & state.keys()
    old = {OLD_NAMES.get(name, name): array for name, array in state.items()}
    assert list(modern_names(old)) == list(state)


def test_a_layer_under_both_names_is_refused():
    with pytest.raises(InputError, match=r"rpn\.head\.conv\.bias both"):
        modern_names({"rpn.head.conv.bias": np.zeros(1), "rpn.head.conv.0.0.bias": np.zeros(1)})


# ---- formats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".npz", ".pth", ".pt", ".safetensors"])
def test_what_is_saved_comes_back_equal(tmp_path, toy, ending):
    if ending == ".safetensors":
        pytest.importorskip("safetensors")
    path = tmp_path / f"toy{ending}"
    save_weights(path, toy.state_dict(), {"config": toy.config, "class_names": ["background", "a", "b"]})
    assert_same(load_weights(path), toy.state_dict())
    if ending in (".npz", ".safetensors"):
        model, facts = load_model(path)
        assert model.config == toy.config
        assert facts["class_names"] == ["background", "a", "b"]
        assert model.class_names == ("background", "a", "b")
    else:
        with pytest.raises(InputError, match=r"own comes as \.npz or \.safetensors"):
            load_model(path)


def test_safetensors_with_bfloat16_and_torchs_names(tmp_path):
    pytest.importorskip("safetensors")
    header = (
        b'{"rpn.head.conv.bias":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},'
        b'"n":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}'
    )
    data = np.array([0x3F80, 0xC049], "<u2").tobytes() + np.array(7, "<i8").tobytes()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    state = load_weights(path)
    np.testing.assert_array_equal(
        state["rpn.head.conv.0.0.bias"], np.array([1.0, -3.140625], np.float32), strict=True
    )
    np.testing.assert_array_equal(state["n"], np.array(7), strict=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8 + b"{}",
        (60).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}   ',
        (60).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}     1234',
    ],
)
def test_a_hostile_safetensors_file(tmp_path, content):
    pytest.importorskip("safetensors")
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.safetensors: not a sound"):
        load_weights(tmp_path / "a.safetensors")


def test_numbers_that_numpy_lacks(tmp_path):
    pytest.importorskip("safetensors")
    header = b'{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    with pytest.raises(InputError, match="F8_E4M3, which NumPy lacks"):
        load_weights(tmp_path / "a.safetensors")


def test_without_the_library_one_sentence_tells_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    (tmp_path / "a.safetensors").touch()
    with pytest.raises(InputError, match=r"pip install 'minimaskrcnn\[safetensors\]'"):
        load_weights(tmp_path / "a.safetensors")


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "a.npz"])
def test_a_missing_file(tmp_path, name):
    with pytest.raises(InputError, match=rf"{name}: there is no such file"):
        load_weights(tmp_path / name)
    with pytest.raises(InputError, match="published_weights"):
        load_weights(tmp_path / "a.pth")


def test_an_unknown_ending(tmp_path, toy):
    for act in (load_weights, lambda path: save_weights(path, toy.state_dict(), {})):
        with pytest.raises(InputError, match=r"must end in one of \.npz, \.pth"):
            act(tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


# ---- our own files are not trusted either --------------------------------------------------------------


def npz_member(descr, shape, data=b""):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue() + data


def npz(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("members", "method", "said"),
    [
        ({"a.npy": npz_member("<f4", (2**40,))}, zipfile.ZIP_DEFLATED, "more numbers than it has bytes"),
        ({"a.npy": npz_member("<f4", (2**20, 2**20))}, zipfile.ZIP_STORED, "more numbers than it has bytes"),
        ({"a.npy": npz_member("<f4", (-4,), b"1234")}, zipfile.ZIP_STORED, "not a plain array"),
        ({"a.npy": bytes(2**27)}, zipfile.ZIP_DEFLATED, r"claims \d+ times as many bytes as it has"),
        ({"a.npy": npz_member("<f4", (2,), b"12345678")}, zipfile.ZIP_BZIP2, "in a way that NumPy does not"),
        ({"a.npy": npz_member("|O", (1,), b"12345678")}, zipfile.ZIP_STORED, "pickled objects are refused"),
        ({"a.npy": b"not an array"}, zipfile.ZIP_STORED, "not a plain"),
    ],
)
def test_an_oversized_or_hostile_npz(tmp_path, members, method, said):
    path = npz(tmp_path / "a.npz", members, method)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=said):
            load_arrays(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


# ---- which model ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("masks", [False, True])
def test_depth_and_masks_are_recognised(depth, masks):
    names = {name: np.empty(a.shape, "?") for name, a in resnet(depth).state_dict().items()}
    state = {f"backbone.body.{name}": array for name, array in names.items()}
    state |= {"backbone.fpn.inner_blocks.0.0.weight": np.zeros(1)}
    state |= {"roi_heads.box_predictor.cls_score.bias": np.zeros(7)}
    state |= {"roi_heads.mask_predictor.mask_fcn_logits.bias": np.zeros(7)} if masks else {}
    expected = {"preset": "resnet_fpn", "depth": depth, "masks": masks, "num_classes": 7, "norm": "frozen"}
    assert recognise(state) == expected


@pytest.mark.parametrize("make", [resnet_fpn, resnet_c4, resnet_c5])
@pytest.mark.parametrize("norm", ["frozen", "batch"])
def test_each_kind_of_detector_is_recognised(make, norm):
    model = make(3, norm=norm, **SMALL)
    config = recognise(model.state_dict())
    assert (config["preset"], config["norm"]) == (make.__name__, norm)
    assert build(config).config == model.config


def test_cocos_classes_mean_the_published_models_eps():
    state = resnet_c4(91, **SMALL).state_dict()
    assert recognise(state)["norm_eps"] == 0
    assert "norm_eps" not in recognise(resnet_c4(90, **SMALL).state_dict())
    assert "norm_eps" not in recognise(resnet_c4(91, norm="batch", **SMALL).state_dict())


def test_what_weights_do_not_tell_can_be_said():
    model = resnet_c5(3, dilated=True, **SMALL)
    state = model.state_dict()
    assert build(recognise(state)).config != model.config
    assert build(recognise(state, "resnet_c5_dilated")).config == model.config
    assert recognise(state, "maskrcnn_resnet50_fpn")["masks"]


def test_weights_of_no_detector_are_refused():
    with pytest.raises(InputError, match=r"first are conv1\.weight, bn1\.weight, bn1\.bias\)"):
        recognise(resnet(18).state_dict())


@pytest.mark.parametrize(
    "name",
    [
        "maskrcnn_resnet50_fpn_v2",
        "fasterrcnn_resnet50_fpn_v2",
        "fasterrcnn_mobilenet_v3_large_fpn",
        "keypointrcnn_resnet50_fpn",
    ],
)
@pytest.mark.parametrize("norm", ["batch", "frozen"])
def test_torchvisions_other_detectors_are_recognised(name, norm):
    heads = {"head_norm": norm} if name.endswith("v2") else {}
    eps = 0.0 if ("keypoint" in name and norm == "frozen") else 1e-5
    model = describe_model(PRESETS[name].changed(norm=norm, norm_eps=eps, **heads))
    assert configure(recognise(model.state_dict())) == model.config


def test_the_size_for_which_a_mobilenet_was_trained_can_be_said():
    name = "fasterrcnn_mobilenet_v3_large_320_fpn"
    state = describe_model(PRESETS[name]).state_dict()
    assert configure(recognise(state, name)) == PRESETS[name]
    assert configure(recognise(state)) == PRESETS["fasterrcnn_mobilenet_v3_large_fpn"]


def test_an_odd_backbone_is_refused(detector):
    state = {name: a for name, a in detector.state_dict().items() if ".layer3.1." not in name}
    with pytest.raises(InputError, match=r"backbone of \(2, 2, 1, 2\) residual blocks.*ResNet-18, -34"):
        recognise(state)


# ---- into the model and back ---------------------------------------------------------------------------


def test_a_published_file_becomes_its_model(tmp_path, detector):
    state = {OLD_NAMES.get(name, name): array for name, array in detector.state_dict().items()}
    assert len(NEW_NAMES.keys() & state.keys()) == 18
    model, facts = load_model(write_pth(tmp_path / "a.pth", state))
    assert model.config == detector.config
    assert not model.training
    assert "class_names" not in facts
    assert model.class_names[:2] == ("background", "class 1")
    assert_same(model.state_dict(), detector.state_dict())


def test_a_model_of_91_classes_knows_cocos_names(tmp_path):
    model = resnet_c4(91, **SMALL)
    loaded, facts = load_model(write_pth(tmp_path / "a.pth", model.state_dict()))
    assert facts["class_names"] == COCO_NAMES
    assert loaded.config.norm_eps == 0
    assert len(COCO_NAMES) == 91
    assert [COCO_NAMES[label] for label in (0, 1, 12, 13, 18, 90)] == [
        "background",
        "person",
        "N/A",
        "stop sign",
        "dog",
        "toothbrush",
    ]
    assert COCO_NAMES.count("N/A") == 10


def test_our_model_goes_out_and_comes_back_the_same(tmp_path):
    model = numbered(resnet_c4(3, **SMALL))
    save_model(tmp_path / "ours.npz", model, {"class_names": ["background", "a", "b"]})
    arrays = load_weights(tmp_path / "ours.npz")
    save_weights(tmp_path / "theirs.pth", arrays, {})
    back, _ = load_model(tmp_path / "theirs.pth")
    assert back.config == model.config
    assert_same(back.state_dict(), arrays)


def test_counters_of_batch_norm_are_dropped_or_filled_in(tmp_path):
    trained = resnet_c4(3, norm="batch", **SMALL)
    full = trained.state_dict()
    bare = {name: array for name, array in full.items() if not name.endswith("num_batches_tracked")}
    assert len(bare) < len(full)
    frozen, _ = load_model(write_pth(tmp_path / "bare.pth", bare))
    assert frozen.config.norm == "frozen"
    save_model(tmp_path / "trained.npz", trained, {})
    arrays, meta = load_arrays(tmp_path / "trained.npz")
    save_weights(tmp_path / "no_counters.npz", {n: a for n, a in arrays.items() if n in bare}, meta)
    model, _ = load_model(tmp_path / "no_counters.npz")
    assert model.state_dict().keys() == full.keys()


def test_all_that_does_not_fit_is_in_one_sentence(tmp_path, detector):
    state = detector.state_dict()
    state["roi_heads.box_head.fc7.weight"] = np.zeros((8, 8), np.float32)
    for i in range(6):
        state[f"extra{i}"] = np.zeros(2, np.float32)
    del state["rpn.head.bbox_pred.bias"]
    with pytest.raises(InputError) as refused:
        load_model(write_pth(tmp_path / "a.pth", state))
    said = str(refused.value)
    assert "a.pth" in said
    assert "1 missing (rpn.head.bbox_pred.bias (12,))" in said
    assert "1 of another shape (roi_heads.box_head.fc7.weight is (8, 8) and not (1024, 1024))" in said
    assert "6 unexpected (extra0, extra1, extra2, extra3, and 2 more)" in said
    assert "\n" not in said


@pytest.mark.parametrize("name", ["\x1b[2Jgone", "two\nlines", "x" * 201])
def test_a_name_with_escape_codes_never_reaches_a_message(tmp_path, name):
    with pytest.raises(InputError, match="cannot be printed"):
        load_weights(write_pth(tmp_path / "a.pth", {name: np.zeros(1, np.float32)}))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"config": {"num_classes": 10**12}}, "num_classes: expected a whole number"),
        ({"config": {"num_classes": 4}}, "another model: 3 classes, and its config says 4"),
        ({"config": {"anchor_sizes": "large"}}, "anchor_sizes: expected a list"),
        ({"config": {"proposals": 3}}, "proposals: expected two whole numbers"),
        ({"config": {"preset": ["mini"]}}, "preset .* is unknown"),
        ({"class_names": ["background", "a"]}, "class names are not 3"),
        ({"class_names": ["background", "a", "\x1b[2J"]}, "class names are not 3"),
        ({"class_names": 3}, "class names are not 3"),
        ({"category_ids": [0, 1]}, "category ids are not 3"),
        ({"category_ids": [0, 1, "2"]}, "category ids are not 3"),
    ],
)
def test_facts_that_do_not_fit_the_weights_are_refused(tmp_path, toy, facts, said):
    config = {**asdict(toy.config), **facts.pop("config", {})}
    save_weights(tmp_path / "a.npz", toy.state_dict(), {"config": config, **facts})
    with pytest.raises(InputError, match=said):
        load_model(tmp_path / "a.npz")


# ---- a backbone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "module._orig_mod."])
def test_a_prefix_of_all_names_is_left_out_and_said(tmp_path, detector, prefix, caplog):
    state = {prefix + name: array for name, array in detector.state_dict().items()}
    path = write_pth(tmp_path / "a.pth", state | {"n_averaged": np.array(3)})
    model, _ = load_model(path)
    assert_same(model.state_dict(), detector.state_dict())
    assert f"left out {prefix!r}, which all names begin with" in caplog.text


def test_a_prefix_of_some_names_stays(tmp_path, detector):
    state = {f"module.{name}": array for name, array in detector.state_dict().items()}
    path = write_pth(tmp_path / "a.pth", state | {"other.weight": np.zeros(2, np.float32)})
    with pytest.raises(InputError, match=r"no weights of a detector .* module\.backbone"):
        load_model(path)


def test_the_epsilon_of_frozen_batch_norm_can_be_said(tmp_path, detector, caplog):
    path = write_pth(tmp_path / "a.pth", detector.state_dict())
    assert load_model(path)[0].config.norm_eps == 1e-5
    assert "cannot be seen in the weights" in caplog.text
    assert "--norm-eps 0" in caplog.text
    caplog.clear()
    model, facts = load_model(path, norm_eps=0.0)
    assert (model.config.norm_eps, facts["config"]["norm_eps"], caplog.text) == (0.0, 0.0, "")
    assert model.backbone.body.bn1.eps == 0.0


OTHER_MODELS = {
    "RetinaNet": ("head.classification_head.cls_logits.bias", "head.regression_head.bbox_reg.bias"),
    "FCOS": ("head.classification_head.cls_logits.bias", "head.regression_head.bbox_ctrness.bias"),
    "SSD": (
        "backbone.features.0.bias",
        "head.classification_head.module_list.0.bias",
        "head.regression_head.x",
    ),
    "a ResNet classifier": ("conv1.weight", "layer1.0.conv1.weight", "fc.bias"),
    "a classifier": ("features.0.weight", "classifier.0.bias"),
    "DETR": ("transformer.encoder.layers.0.norm1.bias", "query_embed.weight"),
}


@pytest.mark.parametrize("kind", OTHER_MODELS)
def test_the_weights_of_another_network_are_named(tmp_path, kind):
    path = write_pth(tmp_path / "a.pth", {name: np.zeros(3, np.float32) for name in OTHER_MODELS[kind]})
    with pytest.raises(InputError, match=f"the weights of {kind} "):
        load_model(path)


FIRST = "backbone.body.conv1.weight"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: np.full_like(a, np.nan), "NaN or infinity"),
        (lambda a: np.where(a == a.max(), np.inf, a), "NaN or infinity"),
        (lambda a: np.full(a.shape, 1e300), "beyond 1e.18"),
        (lambda a: a.astype("c8"), "complex64 and not numbers"),
        (lambda a: np.full(a.shape, "1.5"), "<U3 and not numbers"),
        (lambda a: a > 0, "bool and not floating numbers"),
        (lambda a: np.full(a.shape, 2**62), "int64 and not floating numbers"),
        (lambda a: a.astype("M8[s]"), "not a plain array"),
        (lambda a: np.zeros(a.shape, "V4"), "not a plain array"),
        (lambda a: np.zeros(a.shape, [("a", "f4")]), "not a plain array"),
    ],
)
def test_weights_are_finite_floating_numbers(tmp_path, toy, change, said):
    state = toy.state_dict()
    save_weights(tmp_path / "a.npz", {**state, FIRST: change(state[FIRST])}, {"config": toy.config})
    with pytest.raises(InputError, match=rf"a\.npz: {FIRST} .*{said}"):
        load_model(tmp_path / "a.npz")


def test_a_negative_variance_is_refused(tmp_path):
    model = resnet_c4(3, norm="batch", **SMALL)
    state = model.state_dict()
    state["backbone.body.bn1.running_var"] -= 2
    with pytest.raises(InputError, match="negative variance"):
        load_model(write_pth(tmp_path / "a.pth", state))


def test_a_ckpt_or_bin_is_told_by_its_content(tmp_path, toy):
    pytest.importorskip("safetensors")
    facts = {"config": toy.config}
    for ending in (".npz", ".pth", ".safetensors"):
        save_weights(tmp_path / f"a{ending}", toy.state_dict(), facts)
        for other in (".ckpt", ".bin"):
            path = (tmp_path / f"a{ending}").with_suffix(other)
            path.write_bytes((tmp_path / f"a{ending}").read_bytes())
            assert_same(load_weights(path), toy.state_dict())


def test_an_array_in_the_place_of_the_facts_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r"named meta\.json"):
        save_weights(tmp_path / "a.npz", {"meta.json": np.zeros(2)}, {})
    assert not list(tmp_path.iterdir())


def test_a_model_is_described_without_memory_and_then_filled(toy):
    huge = toy.config.changed(block="bottleneck", blocks=(100, 100, 100), planes=(4096, 4096, 4096))
    tracemalloc.start()
    try:
        shapes = {name: array.shape for name, array in describe_model(huge).named_arrays()}
        assert tracemalloc.get_traced_memory()[1] < 2**25
    finally:
        tracemalloc.stop()
    assert shapes["backbone.body.layer3.99.conv3.weight"] == (16384, 4096, 1, 1)
    model = describe_model(toy.config)
    model.load_state_dict(toy.state_dict())
    assert_same(model.state_dict(), toy.state_dict())
    assert all(array.flags.writeable for _, array in model.named_arrays())


@pytest.mark.parametrize("make", [resnet_fpn, resnet_c4, resnet_c5])
def test_an_imagenet_backbone_goes_into_a_detector(tmp_path, make):
    classifier = numbered(resnet(18)).state_dict()
    fc = {"fc.weight": np.zeros((1000, 512), np.float32), "fc.bias": np.zeros(1000, np.float32)}
    counters = {"bn1.num_batches_tracked": np.array(5)}
    path = write_pth(tmp_path / "resnet18.pth", {**classifier, **fc, **counters})
    model = make(3, **SMALL)
    before = model.state_dict()
    load_backbone(model, path)
    after = model.state_dict()
    body = {name for name in after if name.startswith(("backbone.body.", "roi_heads.box_head.res5."))}
    assert len(body) == len(classifier)
    np.testing.assert_array_equal(after["backbone.body.conv1.weight"], classifier["conv1.weight"])
    last = "roi_heads.box_head.res5." if make is resnet_c4 else "backbone.body.layer4."
    np.testing.assert_array_equal(after[f"{last}1.conv2.weight"], classifier["layer4.1.conv2.weight"])
    for name in after.keys() - body:
        np.testing.assert_array_equal(after[name], before[name])


def test_a_backbone_of_another_depth_is_refused(tmp_path, detector):
    path = write_pth(tmp_path / "a.pth", resnet(34).state_dict())
    with pytest.raises(InputError, match=r"a\.pth.*unexpected \(backbone\.body\.layer1\.2\.conv1\.weight"):
        load_backbone(detector, path)


def test_a_claim_of_many_classes_without_their_weights_allocates_nothing(tmp_path):
    path = tmp_path / "claims.npz"
    save_arrays(path, {"a": np.zeros(1)}, {"config": {"preset": "mini", "num_classes": 30_000}})
    with pytest.raises(InputError, match=r"cls_score.bias is missing"):
        load_model(path)


def test_a_config_of_a_huge_model_is_refused_before_its_weights_take_memory(tmp_path, toy):
    """Each setting is in its range; the weights would take over 400 GB, were they ever written to."""
    huge = toy.config.changed(block="bottleneck", blocks=(100, 100, 100), planes=(4096, 4096, 4096))
    save_weights(tmp_path / "huge.npz", toy.state_dict(), {"config": huge})
    with pytest.raises(InputError, match=r"another model|too large for the memory"):
        load_model(tmp_path / "huge.npz")


def test_a_file_that_describes_its_model_takes_no_architecture(tmp_path):
    path = tmp_path / "mini.npz"
    save_model(path, mini(2, rng=np.random.default_rng(0)), {})
    with pytest.raises(InputError, match="leave out the choice of resnet_c5_dilated"):
        load_model(path, "resnet_c5_dilated")


# ---- how pictures are prepared -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "steps"),
    [
        ({"class_names": ["background", "nucleus"]}, ("grey", "stretch_contrast")),
        ({"class_names": ["background", "nucleus"], "category_ids": [0, 1]}, ()),  # of a COCO file
        ({"class_names": ["background", "cell"]}, ()),
        ({"class_names": ["background", "nucleus"], "prepare": []}, ()),
        ({"class_names": ["background", "cell"], "prepare": ["grey"]}, ("grey",)),
    ],
)
def test_the_file_says_how_pictures_are_prepared(tmp_path, rng, facts, steps):
    """A file of version 0.1, which does not say it, was given stretched pictures if it is of `Nuclei`."""
    model = mini(2, masks=False, rng=rng)
    save_arrays(tmp_path / "m.npz", model.state_dict(), {**facts, "config": model.config})
    loaded, known = load_model(tmp_path / "m.npz")
    assert loaded.prepare == tuple(known["prepare"]) == steps
    save_model(tmp_path / "again.npz", loaded, {"class_names": ["background", "nucleus"]})
    assert load_model(tmp_path / "again.npz")[0].prepare == steps


@pytest.mark.parametrize("steps", ["grey", ["sharpen"], [3], {"grey": 1}, None])
def test_a_preparation_that_is_not_known_is_refused(tmp_path, rng, steps):
    model = mini(2, masks=False, rng=rng)
    save_arrays(tmp_path / "m.npz", model.state_dict(), {"prepare": steps, "config": model.config})
    with pytest.raises(InputError, match="preparation"):
        load_model(tmp_path / "m.npz")


def test_a_keypoint_rcnn_is_recognised_and_finds_persons(tmp_path):
    model = keypointrcnn_resnet50_fpn(depth=18)
    path = write_pth(tmp_path / "keypoints.pth", model.state_dict())
    loaded, _ = load_model(path)
    assert loaded.config.changed(norm_eps=1e-5) == model.config
    assert loaded.config.norm_eps == 0
    assert loaded.class_names == ("background", "person")
    assert loaded.skeleton is PERSON
    older, _ = load_model(path, norm_eps=1e-5)
    assert older.config == model.config


def test_keypoints_of_another_number_are_drawn_anew(tmp_path):
    given = mini(3, keypoints=5, keypoint_layers=(8,), rng=np.random.default_rng(0))
    path = tmp_path / "five.npz"
    save_model(path, given, {"class_names": ["background", "a", "b"]})
    model = mini(3, keypoints=2, keypoint_layers=(8,), rng=np.random.default_rng(1))
    model.class_names = ("background", "a", "b")
    before = model.state_dict()["roi_heads.keypoint_predictor.kps_score_lowres.weight"].copy()
    fresh = start_from(model, path)
    assert fresh == [f"roi_heads.keypoint_predictor.kps_score_lowres.{kind}" for kind in ("weight", "bias")]
    after = model.state_dict()
    np.testing.assert_array_equal(after["roi_heads.keypoint_predictor.kps_score_lowres.weight"], before)
    name = "roi_heads.keypoint_head.0.weight"
    np.testing.assert_array_equal(after[name], given.state_dict()[name])


@pytest.mark.parametrize(
    "skeleton",
    [3, {"names": ["a"]}, {"names": [1, 2]}, {"names": ["a", "b"], "limbs": [[0, 2]]}, {"names": "ab"}],
)
def test_a_hostile_skeleton_is_one_sentence(tmp_path, skeleton):
    path = tmp_path / "two.npz"
    save_model(path, mini(3, keypoints=2, keypoint_layers=()), {"skeleton": skeleton})
    with pytest.raises(InputError, match=r"two\.npz: .*skeleton"):
        load_model(path)
