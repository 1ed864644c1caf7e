"""The three meanings of the mask logits and the MLP head: losses by hand, gradients, prediction, refusals."""

from dataclasses import asdict

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data import Shapes
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.io import load_model, save_model
from minimaskrcnn.io.transfer import start_from
from minimaskrcnn.io.weights_file import with_the_same_roi_operator
from minimaskrcnn.models import MINI, MINI_C4, RESNET_FPN, build, mini
from minimaskrcnn.models.mask_head import MaskMLPPredictor, mask_loss
from minimaskrcnn.models.mask_output import CLASS_AGNOSTIC, MASK_RULES, SIGMOID, SOFTMAX
from minimaskrcnn.testing import gradcheck

NARROW = {"out_channels": 8, "representation_size": 8, "mask_layers": (8,), "mask_dim_reduced": 8}
LABELS = np.array([2, 1])


def rng(seed=0):
    return np.random.default_rng(seed)


def some_logits(channels, dtype=np.float64):
    return rng().standard_normal((2, channels, 3, 3)).astype(dtype)


def some_truth():
    """Whole and partly covered pixels."""
    return rng(1).choice([0.0, 0.25, 1.0], (2, 3, 3))


# ---- losses ------------------------------------------------------------------------------------------------


def test_before_anything_is_learnt_the_losses_are_logarithms_of_the_number_of_answers():
    nothing = {name: Tensor(np.zeros((2, rule.channels(5), 3, 3))) for name, rule in MASK_RULES.items()}
    losses = {name: rule.loss(nothing[name], LABELS, some_truth()).data for name, rule in MASK_RULES.items()}
    expected = {"sigmoid": np.log(2), "softmax": np.log(5), "class_agnostic": np.log(2)}
    assert losses == pytest.approx(expected)


def test_the_softmax_loss_pixel_by_pixel():
    logits, truth = some_logits(4), some_truth()
    expected = []
    for k, y, x in np.ndindex(2, 3, 3):
        p = np.exp(logits[k, :, y, x]) / np.exp(logits[k, :, y, x]).sum()
        t = truth[k, y, x]
        expected.append(-t * np.log(p[LABELS[k]]) - (1 - t) * np.log(p[0]))
    assert SOFTMAX.loss(Tensor(logits), LABELS, truth).data == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("rule", "learning"),
    [(SIGMOID, [0, 1, 1, 0]), (SOFTMAX, [1, 1, 1, 1]), (CLASS_AGNOSTIC, [1])],
    ids=list(MASK_RULES),
)
def test_which_channels_learn(rule, learning):
    """With a softmax every class of every pixel gets a gradient: the classes compete."""
    logits = Tensor(some_logits(len(learning)), requires_grad=True)
    rule.loss(logits, LABELS, some_truth()).backward()
    assert logits.grad.any((0, 2, 3)).tolist() == [bool(one) for one in learning]


@pytest.mark.parametrize("name", MASK_RULES)
def test_the_gradients_of_the_losses(name):
    rule, truth = MASK_RULES[name], some_truth()
    gradcheck(lambda z: rule.loss(z, LABELS, truth), [some_logits(rule.channels(4))])


def test_the_mask_loss_takes_the_rule():
    logits = Tensor(np.zeros((1, 3, 2, 2)))
    whole = Target(np.array([[0.0, 0, 8, 8]]), np.array([2]), np.ones((1, 8, 8), bool))
    of = [np.array([[1.0, 1, 6, 6]])], [np.array([2])], [np.array([0])], [whole]
    assert mask_loss(logits, *of, SOFTMAX).data == pytest.approx(np.log(3))


# ---- probabilities -----------------------------------------------------------------------------------------


def test_what_each_rule_predicts():
    logits = np.zeros((2, 3, 1, 1))
    logits[:, 1] = np.log(2)
    of = {name: rule.probabilities(logits, LABELS).ravel() for name, rule in MASK_RULES.items()}
    np.testing.assert_allclose(of["sigmoid"], [1 / 2, 2 / 3])
    np.testing.assert_allclose(of["softmax"], [1 / 4, 2 / 4])  # the classes share one certainty
    np.testing.assert_allclose(of["class_agnostic"], [1 / 2, 1 / 2])  # channel 0, whatever the label


# ---- whole models ------------------------------------------------------------------------------------------


MODELS = [(MINI, output, head) for output in MASK_RULES for head in ("fcn", "mlp")]
MODELS += [(MINI_C4, output, "fcn") for output in MASK_RULES]


@pytest.mark.parametrize(("base", "output", "head"), MODELS)
def test_every_model_learns_and_predicts(base, output, head):
    narrow = NARROW if base is MINI else {}
    few = {"rpn_post_nms_top_n_test": 8, "box_detections_per_img": 4, "box_score_thresh": 0.0}
    config = base.changed(num_classes=4, mask_output=output, mask_head=head, **narrow, **few)
    model, (image, target) = build(config, rng()), Shapes("train", size=1)[0]
    loss = model.losses([image], [target], rng(1))["loss_mask"]
    assert loss.data == pytest.approx(np.log(4 if output == "softmax" else 2), abs=0.1)
    loss.backward()
    assert all(p.grad.any() for n, p in model.named_parameters() if "mask_predictor" in n)
    side = 28 if base is MINI else 14
    channels = 1 if output == "class_agnostic" else 4
    trace = model.trace(image)
    assert trace["mask_logits"].shape == (4, channels, side, side)
    assert trace["mask_probs"].shape == (4, side, side)


def test_the_mlp_is_the_papers():
    """Table 2e: fully connected layers of 1024, 1024 and 80 * 28 * 28; here with 91 classes."""
    assert RESNET_FPN.representation_size == 1024
    predictor = MaskMLPPredictor(16, 3, 28, rng=rng())
    assert predictor.mask_mlp_logits.weight.shape == (3 * 28 * 28, 16)
    x = np.zeros((2, 16), np.float32)
    x[1, 5] = 1
    masks = predictor(Tensor(x)).data
    assert masks.shape == (2, 3, 28, 28)
    column = predictor.mask_mlp_logits.weight.data[:, 5]
    np.testing.assert_allclose(masks[1] - masks[0], column.reshape(3, 28, 28), atol=1e-6)


@pytest.mark.parametrize("setting", ["mask_head", "mask_output"])
def test_a_choice_changes_nothing_but_the_mask_branch(setting):
    """Runs that are compared start from the same weights elsewhere; `mini` draws its masks last."""
    value = {"mask_head": "mlp", "mask_output": "class_agnostic"}[setting]
    one, other = (build(MINI.changed(num_classes=4, **c), rng()).state_dict() for c in ({}, {setting: value}))
    shared = [name for name in one if not name.startswith("roi_heads.mask_")]
    assert len(shared) > 50
    for name in shared:
        np.testing.assert_array_equal(one[name], other[name])


# ---- refusals and files ------------------------------------------------------------------------------------


def test_the_mlp_is_refused_with_res5_and_where_it_would_be_too_wide():
    with pytest.raises(InputError, match="mask_head mlp needs another box_head"):
        MINI_C4.changed(mask_head="mlp")
    with pytest.raises(InputError, match=r"a layer of the mask MLP .* 536,870,912 weights"):
        RESNET_FPN.changed(mask_head="mlp", num_classes=1000)
    RESNET_FPN.changed(mask_head="mlp", num_classes=1000, mask_output="class_agnostic")


@pytest.mark.parametrize("changes", [{"mask_head": "mlp"}, {"mask_output": "class_agnostic"}])
def test_a_model_comes_back_from_its_file(changes, tmp_path):
    model = mini(4, rng=rng(), **NARROW, **changes)
    save_model(tmp_path / "m.npz", model, {})
    again, _ = load_model(tmp_path / "m.npz")
    assert again.config == model.config
    image = Shapes("val")[0][0]
    np.testing.assert_array_equal(model.trace(image)["mask_probs"], again.trace(image)["mask_probs"])


def test_other_classes_start_from_a_class_agnostic_mask_and_draw_rows_of_an_mlp(tmp_path):
    for changes, fresh in (
        ({"mask_output": "class_agnostic"}, set()),
        ({"mask_output": "class_agnostic", "mask_head": "mlp"}, set()),
        ({"mask_head": "mlp"}, {"mask_mlp_logits"}),
    ):
        save_model(tmp_path / "m.npz", mini(4, rng=rng(), **NARROW, **changes), {})
        names = start_from(mini(3, rng=rng(1), **NARROW, **changes), tmp_path / "m.npz")
        assert {name.split(".")[-2] for name in names} == {"cls_score", "bbox_pred"} | fresh


@pytest.mark.parametrize(("before", "today"), [("roi_warp", "roi_warp_end"), ("roi_align", "roi_align")])
def test_a_file_from_before_computes_what_it_learnt(before, today):
    config = asdict(MINI.changed(roi_operator=before))
    assert with_the_same_roi_operator(config) == config
    del config["mask_output"]
    assert with_the_same_roi_operator(config)["roi_operator"] == today
