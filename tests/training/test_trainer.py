"""Training: same seed, same bytes; the model that was handed over is the one that learns; NaN stops it."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.io import load_model, load_weights
from minimaskrcnn.models import build, mini
from minimaskrcnn.models.transform import ImageTransform
from minimaskrcnn.training import RECIPES, Trainer, evaluate, read_log
from tests.training.conftest import SHORT, SMALL, make_trainer

TERMS = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask")


# ---- one's own model -------------------------------------------------------------------------------------


class Halved(nn.Module):
    """A box head with one linear layer more than the model's own."""

    def __init__(self, inner, rng):
        super().__init__()
        self.inner, self.extra = inner, nn.Linear(128, 128, rng=rng)

    def forward(self, x):
        return self.extra(self.inner(x))


@pytest.fixture
def changed():
    """A model whose box head is no longer what its config says."""
    rng = np.random.default_rng(0)
    model = build(SMALL, rng)
    model.roi_heads.box_head = Halved(model.roi_heads.box_head, rng)
    return model


def test_the_model_that_was_changed_is_the_one_that_learns(changed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = changed.state_dict()
    trainer = Trainer(changed, Shapes("train", size=4), replace(SHORT, warmup=0, steps=1))
    assert trainer.run() is changed
    for name, array in changed.state_dict().items():
        assert array.tobytes() != before[name].tobytes(), name
    assert list(tmp_path.iterdir()) == []  # without a folder nothing is written


def test_a_changed_model_is_kept_as_weights(changed, tmp_path):
    trained = Trainer(changed, Shapes("train", size=4), replace(SHORT, steps=1), tmp_path).run()
    arrays = load_weights(tmp_path / "model.npz")
    trained.load_state_dict(arrays)
    assert "roi_heads.box_head.extra.weight" in arrays


def test_a_changed_model_has_no_settings_of_prediction(changed):
    with pytest.raises(InputError, match="changed by hand"):
        Trainer(changed, Shapes("train", size=4), replace(SHORT, predict={"score_thresh": 0.5}))


def test_a_model_of_other_classes_is_refused():
    model = mini(3, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="the model has 3 classes and the data set 4"):
        Trainer(model, Shapes("train", size=4), SHORT)


def test_validation_data_of_other_classes_are_refused():
    other = Shapes("val", size=2)
    other.class_names = ["background", "square", "circle", "triangle"]
    with pytest.raises(InputError, match="to learn are circle, square, triangle, those of the validation"):
        make_trainer(None, validation=other)


def test_without_a_folder_there_is_nothing_to_resume():
    with pytest.raises(InputError, match="no folder"):
        make_trainer(None).run(resume=True)
    with pytest.raises(InputError, match="no folder"):
        make_trainer(None).save_state()


# ---- a run -----------------------------------------------------------------------------------------------


def test_same_seed_same_bytes(tmp_path):
    for name in "ab":
        make_trainer(tmp_path / name).run()
    make_trainer(tmp_path / "c", seed=1).run()
    a, b, c = ((tmp_path / name / "model.npz").read_bytes() for name in "abc")
    assert a == b
    assert a != c
    assert (tmp_path / "a" / "state.npz").read_bytes() == (tmp_path / "b" / "state.npz").read_bytes()


@pytest.mark.thorough
def test_same_bytes_after_twenty_steps(tmp_path):
    recipe = replace(RECIPES["shapes"], evaluate_every=10**6)
    for name in "ab":
        make_trainer(tmp_path / name, recipe).run(stop_at=20)
    assert (tmp_path / "a" / "state.npz").read_bytes() == (tmp_path / "b" / "state.npz").read_bytes()


def test_a_generator_that_drew_the_weights_makes_one_seed_of_all():
    rng = np.random.default_rng(3)
    own = Trainer(build(SMALL, rng), Shapes("train", size=16), SHORT, seed=rng)
    assert own.train_step() == make_trainer(None, seed=3).train_step()


def test_the_log_has_what_a_plot_needs(tmp_path):
    seen = []
    make_trainer(tmp_path, on_record=seen.append).run(stop_at=2)
    assert seen == read_log(tmp_path / "log.jsonl")
    assert {"step", "loss", "lr", "grad_norm", "seconds", *TERMS} <= seen[0].keys()
    assert seen[0]["loss"] == pytest.approx(sum(seen[0][term] for term in TERMS), rel=1e-5)
    assert seen[0]["fg_anchors"] + seen[0]["bg_anchors"] == 16  # what SMALL samples of its one picture
    assert seen[0]["fg_rois"] + seen[0]["bg_rois"] == 8
    assert 0 < seen[0]["fg_anchors"] <= 8


def test_a_loss_that_is_not_a_number_names_term_step_and_cause(tmp_path):
    run = make_trainer(tmp_path)
    run.model.roi_heads.mask_predictor.mask_fcn_logits.bias.data[:] = np.nan
    with pytest.raises(TrainingDivergedError, match=r"loss_mask is nan at step 1: .*learning rate"):
        run.run()
    assert not (tmp_path / "model.npz").exists()


def test_a_gradient_that_is_not_finite_names_step_and_cause(monkeypatch):
    run = make_trainer(None)
    monkeypatch.setattr("minimaskrcnn.training.learner.optim.clip_grad_norm", lambda *_: float("inf"))
    with pytest.raises(TrainingDivergedError, match=r"gradient is inf at step 1 .*finite"):
        run.train_step()


def test_the_trained_model_loads_and_evaluates(whole):
    model, meta = load_model(whole / "model.npz")
    assert meta["class_names"] == ["background", "circle", "square", "triangle"]
    assert model.class_names == make_trainer(None).model.class_names == tuple(meta["class_names"])
    assert meta["step"] == 4
    result = evaluate(model, Shapes("val"), indices=range(2))
    last = read_log(whole / "log.jsonl")[-1]
    assert last["box_AP"] == result.box["AP"]
    assert last["mask_AP"] == result.mask["AP"]


def test_a_recipe_may_predict_with_other_settings_than_it_learns_with(tmp_path):
    closer = {"image_size": [96, 128], "score_thresh": 0.01}
    learnt = make_trainer(tmp_path, replace(SHORT, predict=closer)).run(stop_at=None)
    saved, facts = load_model(tmp_path / "model.npz")
    assert learnt.transform.min_size == 64
    assert (saved.transform.min_size, saved.roi_heads.postprocess.score_thresh) == (96, 0.01)
    assert facts["recipe"]["predict"] == {"min_size": 96, "max_size": 128, "box_score_thresh": 0.01}
    for name, array in learnt.state_dict().items():
        np.testing.assert_array_equal(saved.state_dict()[name], array)


def test_settings_of_prediction_are_tried_before_the_first_step(tmp_path):
    with pytest.raises(InputError, match="of another model"):
        make_trainer(tmp_path / "run", replace(SHORT, predict={"representation_size": 64}))
    assert not (tmp_path / "run").exists()


# ---- starting from weights, and freezing -----------------------------------------------------------------

HEADS = replace(SHORT, freeze=("backbone", "rpn"))


def test_a_run_starts_from_given_weights(whole):
    weights = whole / "model.npz"
    run = make_trainer(None, weights=weights)
    first, _ = load_model(weights)
    for name, array in run.model.state_dict().items():
        np.testing.assert_array_equal(array, first.state_dict()[name])
    assert run.facts()["weights"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert make_trainer(None).facts()["weights"] is None


def test_what_is_frozen_is_not_trained(whole):
    before = load_model(whole / "model.npz")[0].state_dict()
    after = make_trainer(None, HEADS, weights=whole / "model.npz").run().state_dict()
    for name, array in after.items():
        frozen = name.startswith(("backbone.", "rpn."))
        assert (array.tobytes() == before[name].tobytes()) == frozen, name


def test_freezing_everything_is_refused():
    with pytest.raises(InputError, match="every parameter is frozen"):
        make_trainer(None, replace(SHORT, freeze=("*",)))


class Dim(Shapes):
    """Shapes at a fifth of their brightness."""

    def __getitem__(self, index):
        image, target = super().__getitem__(index)
        return image * np.float32(0.2), target


@pytest.mark.parametrize("steps", [(), ("grey", "stretch_contrast")])
def test_training_evaluation_and_the_file_agree_on_how_a_picture_is_prepared(tmp_path, monkeypatch, steps):
    seen, transform = [], ImageTransform.__call__
    watch = lambda self, images, *rest: (seen.append(images[0]), transform(self, images, *rest))[1]  # noqa: E731
    monkeypatch.setattr(ImageTransform, "__call__", watch)
    model, pictures = build(SMALL, np.random.default_rng(0)), Dim("train", size=2)
    Trainer(model, pictures, replace(SHORT, steps=1, prepare=steps), tmp_path).run()
    evaluate(model, pictures, indices=[0])
    trained, evaluated = seen
    assert trained.max() == evaluated.max() == pytest.approx(1 if steps else 0.2, abs=0.02)
    assert np.ptp(trained, axis=0).any() == np.ptp(evaluated, axis=0).any() == (not steps)
    loaded, facts = load_model(tmp_path / "model.npz")
    assert facts["object_size"] > 5
    assert loaded.prepare == model.prepare == tuple(facts["prepare"]) == steps


def test_pictures_that_the_data_set_prepared_are_not_prepared_again(tmp_path):
    pictures = Dim("train", size=2)
    pictures.prepared = ("grey",)
    trainer = Trainer(build(SMALL, np.random.default_rng(0)), pictures, SHORT)
    assert trainer.recipe.prepare == trainer.model.prepare == ("grey",)
    with pytest.raises(InputError, match="have been prepared by grey; open the data set with"):
        Trainer(trainer.model, pictures, replace(SHORT, prepare=("stretch_contrast",)))
