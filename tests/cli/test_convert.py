"""`minimaskrcnn convert`: what it writes is what `--model` takes, and a bad file is one sentence."""

import json
import os
import pickle

import numpy as np
import pytest

from minimaskrcnn.io import load_model, load_weights, save_weights
from minimaskrcnn.models.presets import resnet, resnet_c4, resnet_c5

from .conftest import one_sentence


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """An untrained C4 Faster R-CNN of COCO's classes as a state dict of torch's."""
    path = tmp_path_factory.mktemp("published") / "detector.pth"
    model = resnet_c4(91, depth=18, masks=False)
    state = model.state_dict()
    state["roi_heads.box_predictor.cls_score.bias"][1] = 9  # it sees persons everywhere
    save_weights(path, state, {})
    return path


def test_a_detector_becomes_a_checkpoint_that_model_takes(run, published, tmp_path):
    code, out, err = run("convert", published, tmp_path / "coco.npz")
    assert (code, err) == (0, "")
    assert out.startswith(f"{tmp_path / 'coco.npz'}: ")
    assert "resnet_c4" in out
    model, facts = load_model(tmp_path / "coco.npz")
    assert facts["class_names"][1] == "person"
    assert facts["config"]["norm_eps"] == 0
    for name, array in load_weights(published).items():
        np.testing.assert_array_equal(model.state_dict()[name], array)


def test_a_backbone_is_copied_as_it_is(run, tmp_path):
    save_weights(tmp_path / "resnet18.pth", resnet(18).state_dict(), {})
    code, out, _ = run("convert", tmp_path / "resnet18.pth", tmp_path / "resnet18.npz", "--json")
    said = json.loads(out)
    assert code == 0
    assert said["model"] is None
    state = load_weights(tmp_path / "resnet18.npz")
    assert said["arrays"] == len(state)
    assert said["values"] == sum(array.size for array in state.values())


def test_ours_goes_out_and_comes_back(run, checkpoint, tmp_path):
    pytest.importorskip("safetensors")
    assert run("convert", checkpoint, tmp_path / "a.safetensors")[0] == 0
    assert run("convert", tmp_path / "a.safetensors", tmp_path / "b.npz")[0] == 0
    before, facts_before = load_model(checkpoint)
    after, facts = load_model(tmp_path / "b.npz")
    assert facts == facts_before
    for name, array in before.state_dict().items():
        np.testing.assert_array_equal(after.state_dict()[name], array)


class Trap:
    """Runs code when Python unpickles it."""

    def __reduce__(self):
        return (os.system, ("exit 1",))


@pytest.mark.parametrize("kind", ["missing", "hostile", "other model", "ending in", "ending out"])
def test_a_bad_file_is_one_sentence_and_nothing_is_written(run, published, tmp_path, kind, monkeypatch):
    source, target = tmp_path / "in.pth", tmp_path / "new" / "out.npz"
    trap = pickle.dumps(Trap())
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("the file ran a command"))
    if kind == "hostile":
        source.write_bytes(trap)
    elif kind == "other model":
        state = load_weights(published)
        del state["rpn.head.bbox_pred.weight"]
        save_weights(source, state, {})
    elif kind == "ending in":
        source = tmp_path / "in.h5"
    elif kind == "ending out":
        source, target = published, tmp_path / "new" / "out.onnx"
    code, out, err = run("convert", source, target)
    assert (code, out) == (2, "")
    assert one_sentence(err)
    assert (target.name if kind == "ending out" else source.name) in err
    assert not (tmp_path / "new").exists()


def test_help_teaches_the_formats(capsys):
    from minimaskrcnn.cli import build_parser

    with pytest.raises(SystemExit):
        build_parser().parse_args(["convert", "--help"])
    said = capsys.readouterr().out
    assert all(ending in said for ending in (".npz", ".pth", ".safetensors"))
    assert "convert maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth coco.npz" in said


def test_the_file_that_is_read_is_not_written(run, tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"kept")
    code, _, err = run("convert", path, tmp_path / "." / "a.npz")
    assert code == 2
    assert "is also the file to read" in err
    assert path.read_bytes() == b"kept"


def test_arch_says_what_the_weights_do_not(run, tmp_path):
    state = resnet_c5(2, depth=18, dilated=True, rng=np.random.default_rng(0)).state_dict()
    save_weights(tmp_path / "a.pth", state, {})
    for arch, dilated in (((), False), (("--arch", "resnet_c5_dilated"), True)):
        assert run("convert", tmp_path / "a.pth", tmp_path / f"{dilated}.npz", *arch)[0] == 0
        assert load_model(tmp_path / f"{dilated}.npz")[0].config.replace_stride_with_dilation[-1] is dilated


def test_weights_with_a_prefix_become_a_checkpoint_that_model_takes(run, published, tmp_path):
    state = {f"module.{name}": array for name, array in load_weights(published).items()}
    save_weights(tmp_path / "a.pth", state, {})
    code, _, err = run("convert", tmp_path / "a.pth", tmp_path / "a.npz", "--norm-eps", "1e-5")
    assert code == 0
    assert "left out 'module.'" in err
    model, _ = load_model(tmp_path / "a.npz")
    assert model.config.norm_eps == 1e-5


def test_weights_that_predict_would_refuse_are_not_converted(run, published, tmp_path):
    state = {f"module.{name}": array for name, array in load_weights(published).items()}
    save_weights(tmp_path / "a.pth", {**state, "other": np.zeros(2, np.float32)}, {})
    code, out, err = run("convert", tmp_path / "a.pth", tmp_path / "a.npz")
    assert (code, out) == (2, "")
    assert one_sentence(err)
    assert not (tmp_path / "a.npz").exists()
