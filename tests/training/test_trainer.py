"""Training: same seed, same bytes; a resumed run ends where an uninterrupted one does; NaN stops it."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn.data import Compose, HorizontalFlip, Shapes
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.io import load_model
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.training import RECIPES, Recipe, Trainer, evaluate, read_log
from minimaskrcnn.training.trainer import make_schedule

SHORT = replace(RECIPES["shapes"], steps=4, batch_size=1, warmup=2, checkpoint_every=2, evaluate_every=100)
TERMS = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask")


def trainer(folder, recipe=SHORT, seed=0, **more):
    return Trainer(recipe, Shapes("train", size=16), folder, seed, augment=Compose(HorizontalFlip()), **more)


def test_same_seed_same_bytes(tmp_path):
    for name in "ab":
        trainer(tmp_path / name).run()
    trainer(tmp_path / "c", seed=1).run()
    a, b, c = ((tmp_path / name / "model.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c
    assert (tmp_path / "a" / "state.npz").read_bytes() == (tmp_path / "b" / "state.npz").read_bytes()


@pytest.mark.thorough
def test_same_bytes_after_twenty_steps(tmp_path):
    recipe = replace(RECIPES["shapes"], evaluate_every=10**6)
    for name in "ab":
        trainer(tmp_path / name, recipe).run(stop_at=20)
    assert (tmp_path / "a" / "state.npz").read_bytes() == (tmp_path / "b" / "state.npz").read_bytes()


def test_a_resumed_run_ends_with_the_same_bytes(tmp_path):
    trainer(tmp_path / "whole").run()
    trainer(tmp_path / "parts").run(stop_at=2)
    assert not (tmp_path / "parts" / "model.npz").exists()
    trainer(tmp_path / "parts").run(resume=True)
    for name in ("model.npz", "state.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    steps = [[r["step"] for r in read_log(tmp_path / f / "log.jsonl")] for f in ("whole", "parts")]
    assert steps[0] == steps[1] == [1, 2, 3, 4]


def test_lines_after_the_checkpoint_are_written_again_not_twice(tmp_path):
    trainer(tmp_path).run(stop_at=2)
    with open(tmp_path / "log.jsonl", "a") as log:  # a crash: one more whole line and half of the next
        log.write(json.dumps({"step": 3, "loss": 1.0}) + '\n{"step": 4, "lo')
    trainer(tmp_path).run(resume=True)
    assert [r["step"] for r in read_log(tmp_path / "log.jsonl")] == [1, 2, 3, 4]


def test_a_log_that_is_none_is_named(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\x89PNG\xff")
    with pytest.raises(InputError, match=r"log.jsonl: not a text file"):
        read_log(log)
    log.write_text('{"step": 1}\n{"st\n{"step": 3}\n')
    with pytest.raises(InputError, match="line 2 is not JSON"):
        read_log(log)
    log.write_text('{"step": 1}\n{"st')
    assert read_log(log) == [{"step": 1}]


def test_the_log_has_what_a_plot_needs(tmp_path):
    seen = []
    trainer(tmp_path, on_record=seen.append).run(stop_at=2)
    assert seen == read_log(tmp_path / "log.jsonl")
    assert {"step", "loss", "lr", "grad_norm", "seconds", *TERMS} <= seen[0].keys()
    assert seen[0]["loss"] == pytest.approx(sum(seen[0][term] for term in TERMS), rel=1e-5)
    assert seen[0]["fg_anchors"] + seen[0]["bg_anchors"] == 128  # what mini samples of its one picture
    assert seen[0]["fg_rois"] + seen[0]["bg_rois"] == 64
    assert 0 < seen[0]["fg_anchors"] < 64


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    trainer(tmp_path).run(stop_at=1)
    with pytest.raises(InputError, match="--resume"):
        trainer(tmp_path).run()


def test_resuming_with_other_settings_is_refused(tmp_path):
    trainer(tmp_path).run(stop_at=1)
    with pytest.raises(InputError, match="other settings"):
        trainer(tmp_path, replace(SHORT, lr=0.5)).run(resume=True)
    with pytest.raises(InputError, match="no such file"):
        trainer(tmp_path / "elsewhere").run(resume=True)


def test_a_loss_that_is_not_a_number_names_term_step_and_cause(tmp_path):
    run = trainer(tmp_path)
    run.model.roi_heads.mask_predictor.mask_fcn_logits.bias.data[:] = np.nan
    with pytest.raises(TrainingDivergedError, match=r"loss_mask is nan at step 1: .*learning rate"):
        run.run()
    assert not (tmp_path / "model.npz").exists()


def test_the_trained_model_loads_and_evaluates(tmp_path):
    trainer(tmp_path, validation=Shapes("val", size=2)).run()
    model, meta = load_model(tmp_path / "model.npz")
    assert meta["class_names"] == ["background", "circle", "square", "triangle"]
    assert model.class_names == trainer(tmp_path / "other").model.class_names == tuple(meta["class_names"])
    assert meta["step"] == 4
    result = evaluate(model, Shapes("val"), indices=range(2))
    last = read_log(tmp_path / "log.jsonl")[-1]
    assert last["box_AP"] == result.box["AP"]
    assert last["mask_AP"] == result.mask["AP"]


@pytest.mark.parametrize("change", [{"optimizer": "adagrad"}, {"schedule": "never"}])
def test_unknown_choices_name_the_known_ones(tmp_path, change):
    with pytest.raises(InputError, match="choose"):
        trainer(tmp_path, replace(SHORT, **change))


def test_a_recipe_may_predict_with_other_settings_than_it_learns_with(tmp_path):
    closer = {"image_size": [160, 256], "score_thresh": 0.01}
    run = trainer(tmp_path, replace(SHORT, predict=closer))
    learnt = run.run()
    saved, facts = load_model(tmp_path / "model.npz")
    assert learnt.transform.min_size == 128
    assert (saved.transform.min_size, saved.roi_heads.postprocess.score_thresh) == (160, 0.01)
    assert saved.config["image_size"] == facts["recipe"]["predict"]["image_size"] == [160, 256]
    for name, array in learnt.state_dict().items():
        np.testing.assert_array_equal(saved.state_dict()[name], array)


def test_step_schedule_drops_twice():
    lr = make_schedule(Recipe(steps=900, batch_size=1, lr=1.0, schedule="steps", warmup=10))
    assert [lr(s) for s in (0, 100, 700, 850)] == pytest.approx([0.1, 1.0, 0.1, 0.01])


# ---- starting from weights, and freezing ---------------------------------------------------------------

HEADS = replace(SHORT, freeze=("backbone", "rpn"))


@pytest.fixture
def trained(tmp_path):
    """The file of a model that was trained for a few steps."""
    trainer(tmp_path / "first").run()
    return tmp_path / "first" / "model.npz"


def test_a_run_starts_from_given_weights(tmp_path, trained):
    run = trainer(tmp_path / "second", weights=trained)
    first, _ = load_model(trained)
    for name, array in run.model.state_dict().items():
        np.testing.assert_array_equal(array, first.state_dict()[name])
    assert run.fresh == []
    assert run.facts()["weights"] == hashlib.sha256(trained.read_bytes()).hexdigest()
    assert trainer(tmp_path / "third").facts()["weights"] is None


def test_what_is_frozen_is_not_trained(tmp_path, trained):
    before = load_model(trained)[0].state_dict()
    after = trainer(tmp_path / "heads", HEADS, weights=trained).run().state_dict()
    for name, array in after.items():
        frozen = name.startswith(("backbone.", "rpn."))
        assert (array.tobytes() == before[name].tobytes()) == frozen, name


def test_a_resumed_run_keeps_its_frozen_parts(tmp_path, trained):
    trainer(tmp_path / "whole", HEADS, weights=trained).run()
    trainer(tmp_path / "parts", HEADS, weights=trained).run(stop_at=2)
    trainer(tmp_path / "parts", HEADS, weights=trained).run(resume=True)
    for name in ("model.npz", "state.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_resuming_with_other_frozen_parts_or_weights_is_refused(tmp_path, trained):
    trainer(tmp_path / "run", HEADS, weights=trained).run(stop_at=1)
    with pytest.raises(InputError, match=r"other settings .*freeze \['backbone', 'rpn'\] -> \['backbone'\]"):
        trainer(tmp_path / "run", replace(HEADS, freeze=("backbone",)), weights=trained).run(resume=True)
    with pytest.raises(InputError, match=r"other settings .*weights [0-9a-f]{64} -> None"):
        trainer(tmp_path / "run", HEADS).run(resume=True)


def test_a_state_from_before_there_was_freezing_can_be_resumed(tmp_path):
    trainer(tmp_path).run(stop_at=1)
    arrays, meta = load_arrays(tmp_path / "state.npz")
    del meta["recipe"]["freeze"], meta["weights"], meta["format"]
    save_arrays(tmp_path / "state.npz", arrays, meta)
    trainer(tmp_path).run(resume=True)
    assert (tmp_path / "model.npz").is_file()


def test_freezing_everything_is_refused(tmp_path):
    with pytest.raises(InputError, match="every parameter is frozen"):
        trainer(tmp_path, replace(SHORT, freeze=("*",)))
