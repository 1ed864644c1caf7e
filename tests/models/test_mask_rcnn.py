"""The whole detector: both kernel editions agree, its gradient is the derivative, bad input is refused."""

from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn import kernels
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data import Shapes
from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.mask_rcnn import _evaluating
from minimaskrcnn.models.roi_extractor import OPERATORS
from minimaskrcnn.testing import gradcheck
from minimaskrcnn.training.learner import total_loss

LOSSES = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"}


def small_model(make=mini, seed=3, **settings):
    """A float64 model on 32-pixel pictures that samples only a few RoIs, so that loops can run it."""
    model = make(4, image_size=(32, 32), proposals=(12, 4), rng=np.random.default_rng(seed), **settings)
    model.roi_heads.sampler = BalancedSampler(4, 0.5)
    return model.astype(np.float64)


def small_batch():
    """One 32x32 picture with two objects."""
    rng = np.random.default_rng(5)
    image = rng.random((3, 32, 32))
    masks = np.zeros((2, 32, 32), bool)
    masks[0, 4:18, 5:20] = True
    masks[1, 14:30, 12:28] = True
    image[0, masks[0]] += 1
    boxes = np.array([[5.0, 4.0, 20.0, 18.0], [12.0, 14.0, 28.0, 30.0]])
    target = Target(boxes, np.array([1, 3]), masks, np.zeros(2, bool), 0)
    return [image / 2], [target]


def losses_of(model, images, targets, seed=11):
    model.train()
    model.zero_grad()
    return model.losses(images, targets, np.random.default_rng(seed))


def hold_proposals(model, images, targets):
    """Fix the proposals at their present value: to backward they are constants."""
    found = []
    propose = model.rpn.propose
    model.rpn.propose = lambda *args: found.extend(propose(*args)) or found
    losses_of(model, images, targets)
    model.rpn.propose = lambda *args: found


@pytest.mark.parametrize("make", [mini, pytest.param(mini_c4, marks=pytest.mark.thorough)])
def test_all_editions_train_alike(make):
    model = small_model(make)
    images, targets = small_batch()
    grads = {}
    for edition in ("fast", "plain", "reference"):
        with kernels.use(edition):
            losses = losses_of(model, images, targets)
            total_loss(losses).backward()
        grads[edition] = {name: p.grad for name, p in model.named_parameters()}
        grads[edition] |= {name: loss.data for name, loss in losses.items()}
    assert set(losses) == LOSSES
    for name, slow in grads["reference"].items():
        for edition in ("fast", "plain"):
            np.testing.assert_allclose(grads[edition][name], slow, rtol=1e-8, atol=1e-10, err_msg=name)


def test_all_editions_predict_alike():
    model = small_model(detections_per_img=2)
    images, _ = small_batch()
    with kernels.use("fast"):
        fast = model.predict(images)[0]
    with kernels.use("reference"):
        slow = model.predict(images)[0]
    assert len(fast) == 2
    np.testing.assert_allclose(fast.boxes, slow.boxes, atol=1e-9)
    np.testing.assert_array_equal(fast.labels, slow.labels)
    np.testing.assert_array_equal(fast.masks, slow.masks)


@pytest.mark.parametrize(
    "operator",
    ["roi_align", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("roi_warp", "roi_pool"))],
)
def test_the_summed_loss_passes_a_gradient_check(operator):
    """Every parameter of the network, along random directions, at weights that lie on no kink of a ReLU.

    Thousands of ReLUs lie close to a kink; the shorter the step, the fewer of them it crosses.
    """
    model = small_model(roi_operator=operator, seed=4)
    images, targets = small_batch()
    hold_proposals(model, images, targets)
    parameters = model.parameters()

    def summed_loss(*values: Tensor) -> Tensor:
        return total_loss(losses_with(model, values, images, targets))

    gradcheck(
        summed_loss,
        [p.data for p in parameters],
        step=1e-7,
        rtol=1e-4,
        atol=1e-6,
        max_elements=1,
        directions=1,
    )


def losses_with(model, values, images, targets):
    """The losses of the model with other Tensors in the place of its parameters."""
    homes = [(module, name) for _, module in model.named_modules() for name in module._parameters]
    originals = [getattr(module, name) for module, name in homes]
    try:
        for (module, name), value in zip(homes, values, strict=True):
            object.__setattr__(module, name, value)
        return model.losses(images, targets, np.random.default_rng(11))
    finally:
        for (module, name), original in zip(homes, originals, strict=True):
            object.__setattr__(module, name, original)


@pytest.mark.parametrize("operator", list(OPERATORS))
def test_the_roi_operator_is_one_argument(operator):
    model = mini(4, roi_operator=operator, rng=np.random.default_rng(0))
    images, targets = zip(*(Shapes("train")[i] for i in range(2)), strict=True)
    losses = losses_of(model, images, targets)
    assert set(losses) == LOSSES
    total_loss(losses).backward()
    assert all(np.isfinite(p.grad).all() for p in model.parameters())


def test_about_a_million_parameters():
    assert 0.9e6 < sum(p.size for p in mini(4).parameters()) < 1.2e6


def test_expected_losses_at_initialisation():
    """Nothing is known yet: objectness ln 2, classes ln K, masks ln 2."""
    model = mini(4, rng=np.random.default_rng(0))
    images, targets = zip(*(Shapes("train")[i] for i in range(4)), strict=True)
    losses = losses_of(model, images, targets)
    assert losses["loss_objectness"].item() == pytest.approx(np.log(2), rel=0.1)
    assert losses["loss_classifier"].item() == pytest.approx(np.log(4), rel=0.1)
    assert losses["loss_mask"].item() == pytest.approx(np.log(2), rel=0.1)


def test_without_masks_it_is_faster_rcnn():
    model = mini(4, masks=False, rng=np.random.default_rng(0))
    images, targets = zip(*(Shapes("train")[i] for i in range(2)), strict=True)
    assert set(losses_of(model, images, targets)) == LOSSES - {"loss_mask"}
    assert model.predict(images)[0].masks is None
    assert not any("mask" in name for name in model.state_dict())


def test_training_stays_in_float32():
    model = mini(4, rng=np.random.default_rng(0))
    images, targets = zip(*(Shapes("train")[i] for i in range(2)), strict=True)
    losses = losses_of(model, images, targets)
    assert {loss.dtype for loss in losses.values()} == {np.dtype(np.float32)}
    total_loss(losses).backward()
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}


def test_a_picture_without_objects_teaches_background_only():
    model = small_model()
    images, _ = small_batch()
    empty = Target(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros((0, 32, 32), bool), np.zeros(0, bool), 1)
    losses = losses_of(model, images, [empty])
    assert losses["loss_mask"].item() == losses["loss_box_reg"].item() == 0
    assert losses["loss_classifier"].item() > 0
    total_loss(losses).backward()


def test_crowds_are_not_learnt_from():
    model = small_model()
    images, targets = small_batch()
    first_only = replace(
        targets[0], boxes=targets[0].boxes[:1], labels=targets[0].labels[:1],
        masks=targets[0].masks[:1], iscrowd=targets[0].iscrowd[:1],
    )  # fmt: skip
    crowded = replace(targets[0], iscrowd=np.array([False, True]))
    with_crowd = losses_of(model, images, [crowded])
    without = losses_of(model, images, [first_only])
    assert {n: x.item() for n, x in with_crowd.items()} == {n: x.item() for n, x in without.items()}


def test_masks_in_their_boxes_teach_as_whole_ones_do():
    """What a model found may be what another learns from."""
    model = small_model()
    images, targets = small_batch()
    boxed = [replace(target, masks=BoxMasks.of(target.masks)) for target in targets]
    losses, wanted = losses_of(model, images, boxed), losses_of(model, images, targets)
    assert {n: x.item() for n, x in losses.items()} == {n: x.item() for n, x in wanted.items()}


def test_prediction_leaves_the_mode_alone():
    model = small_model().train()
    images, _ = small_batch()
    model.predict(images)
    assert all(module.training for _, module in model.named_modules())


def test_pictures_of_several_sizes_share_a_batch():
    model = mini(4, rng=np.random.default_rng(0))
    images = [np.zeros((3, 40, 60), np.float32), np.zeros((3, 130, 70), np.float32)]
    found = model.predict(images)
    assert [d.masks.shape[1:] for d in found] == [(40, 60), (130, 70)]
    for detections, image in zip(found, images, strict=True):
        assert (detections.boxes[:, 2] <= image.shape[2]).all()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.zeros((48, 48, 3), np.float32), r"must be \(3, H, W\)"),
        (np.zeros((1, 3, 48, 48), np.float32), r"must be \(3, H, W\)"),
        (np.zeros((3, 0, 48), np.float32), r"must be \(3, H, W\)"),
        (np.zeros((3, 48, 48), np.uint8), "Divide by 255"),
        (np.full((3, 48, 48), 255.0, np.float32), "Divide by 255"),
        (np.full((3, 48, 48), np.nan, np.float32), "NaN"),
        ("photo.jpg", "read_image"),
    ],
)
def test_a_picture_that_is_none_is_refused(image, says):
    with pytest.raises(InputError, match=says):
        mini(4).predict([image])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": np.array([0, 1])}, "label"),
        ({"labels": np.array([1, 4])}, "label"),
        ({"boxes": np.array([[5.0, 4, 5, 18], [12, 14, 28, 30]])}, "box"),
        ({"boxes": np.array([[5.0, np.nan, 20, 18], [12, 14, 28, 30]])}, "box"),
        ({"masks": np.zeros((2, 40, 40), bool)}, "mask"),
        ({"masks": None}, "masks=False"),
    ],
)
def test_a_bad_target_is_refused(change, says):
    images, targets = small_batch()
    with pytest.raises(InputError, match=says):
        losses_of(small_model(), images, [replace(targets[0], **change)])


def test_images_and_targets_must_pair_up():
    images, _ = small_batch()
    with pytest.raises(InputError, match="one Target for each"):
        losses_of(small_model(), images, [])


def test_a_tiny_picture_works():
    found = mini(4, rng=np.random.default_rng(0)).predict([np.zeros((3, 1, 1), np.float32)])
    assert found[0].masks.shape[1:] == (1, 1)


def test_no_proposal_gives_no_detection_and_no_picture_no_answer():
    model = mini(3, proposals=(10, 0), rng=np.random.default_rng(0))
    (found,) = model.predict([np.zeros((3, 64, 64), np.float32)])
    assert (len(found), found.masks.shape) == (0, (0, 64, 64))
    assert model.predict([]) == []


def test_predictions_that_overlap_leave_the_model_in_its_mode():
    model = small_model()
    model.train()
    first, second = _evaluating(model), _evaluating(model)
    with first:
        second.__enter__()
        assert not model.training
    assert not model.training  # the second still predicts
    second.__exit__(None, None, None)
    assert all(module.training for _, module in model.named_modules())


@pytest.mark.parametrize(
    "images", [None, 5, "x", np.zeros((3, 8, 8), np.float32), [None], [np.zeros((8, 8))]]
)
def test_what_is_no_list_of_pictures_is_refused(images):
    with pytest.raises(InputError, match=r"images?: must be"):
        small_model().predict(images)


@pytest.mark.parametrize("part", ["backbone", "roi_heads.box_head"])
def test_weights_so_large_that_activations_overflow_are_no_empty_answer(part):
    net = mini(3, rng=np.random.default_rng(0))
    for name, parameter in net.named_parameters():
        if name.startswith(part):
            parameter.data[...] = 1e30
    image = np.random.default_rng(1).random((3, 48, 48)).astype(np.float32)
    for answer in (lambda: net.predict([image]), lambda: net.trace(image)):
        with pytest.raises(InputError, match="activations of the network became NaN or infinite"):
            answer()
