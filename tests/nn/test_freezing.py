"""Freezing: by name, at no cost, and for good; the backbone also by torchvision's number of layers."""

import numpy as np
import pytest

from minimaskrcnn import kernels, nn
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.models import mini, mini_c4
from minimaskrcnn.models.freezing import freeze_backbone
from minimaskrcnn.models.presets import resnet_c4, resnet_fpn
from minimaskrcnn.nn import freeze, optim, unfreeze
from minimaskrcnn.nn.freezing import trainable_parameters
from minimaskrcnn.training.learner import total_loss


@pytest.fixture
def model():
    return mini(4, image_size=(64, 64), proposals=(20, 10), samples=(32, 8), rng=np.random.default_rng(0))


def trained(model):
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def step(model, pictures=1):
    images, targets = zip(*(Shapes("train")[i] for i in range(pictures)), strict=True)
    model.train()
    model.zero_grad()
    loss = total_loss(model.losses(images, targets, np.random.default_rng(1)))
    loss.backward()
    return loss.item()


# ---- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("rpn.head.cls_logits.bias", lambda name: name == "rpn.head.cls_logits.bias"),
        ("rpn", lambda name: name.startswith("rpn.")),
        ("backbone.body.layer1", lambda name: name.startswith("backbone.body.layer1.")),
        ("backbone.body.layer[12]", lambda name: ".layer1." in name or ".layer2." in name),
        (
            "backbone.body.layer?.0",
            lambda name: name.startswith("backbone.body.layer") and name.split(".")[3] == "0",
        ),
        ("*.bias", lambda name: name.endswith(".bias")),
        ("*", lambda name: True),
    ],
)
def test_a_pattern_names_parameters_or_modules(model, pattern, matches):
    names = [name for name, _ in model.named_parameters()]
    expected = [name for name in names if matches(name)]
    assert freeze(model, pattern) == expected != []
    assert trained(model) == [name for name in names if name not in expected]
    assert unfreeze(model, pattern) == expected
    assert trained(model) == names


def test_a_module_is_not_the_beginning_of_a_name():
    layers = nn.ModuleDict({"conv1": nn.Linear(2, 2), "conv10": nn.Linear(2, 2)})
    assert freeze(layers, "conv1") == ["conv1.weight", "conv1.bias"]


def test_a_pattern_that_fits_nothing_changes_nothing(model):
    with pytest.raises(InputError, match=r"'backbone.layer1': no parameter .* backbone.body, backbone.fpn"):
        freeze(model, "rpn", "backbone.layer1")
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_constant_norms_count_as_names():
    assert freeze(resnet_fpn(depth=18), "backbone.body.bn1") == []


# ---- no work, no change --------------------------------------------------------------------------------


def test_frozen_parameters_stay_the_same_bytes_and_the_rest_does_not(model):
    frozen = set(freeze(model, "backbone.body", "*.bias"))
    optimizer = optim.AdamW(trainable_parameters(model), lr=1e-2, weight_decay=0.1)
    before = {name: parameter.data.tobytes() for name, parameter in model.named_parameters()}
    for _ in range(2):
        step(model)
        optimizer.step()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == (name in frozen), name
        assert (parameter.data.tobytes() == before[name]) == (name in frozen), name


def test_freezing_changes_no_other_gradient(model):
    step(model)
    everything = {name: parameter.grad for name, parameter in model.named_parameters()}
    freeze(model, "backbone.body", "rpn.head.conv")
    step(model)
    for name in trained(model):
        np.testing.assert_array_equal(dict(model.named_parameters())[name].grad, everything[name])


def test_a_frozen_body_is_not_even_recorded(model):
    freeze(model, "backbone.body")
    x = Tensor(np.random.default_rng(0).random((1, 3, 64, 64), np.float32))
    assert all(features.node is None for features in model.backbone.body(x).values())
    assert all(features.node is not None for features in model.backbone(x).pyramid.values())


class Counting:
    """The fast kernels, counting how often each is called."""

    def __init__(self):
        self.calls = {}

    def __getattr__(self, name):
        self.calls[name] = self.calls.get(name, 0) + 1
        return getattr(kernels.fast, name)


@pytest.mark.parametrize(
    "patterns", [("backbone.body",), ("backbone.body.layer3", "rpn.head.conv"), ("*.weight",)]
)
def test_no_gradient_is_computed_for_frozen_weights(model, patterns, monkeypatch):
    step(model)
    convolutions = [m for _, m in model.named_modules() if isinstance(m, nn.Conv2d)]
    shared = {id(m) for _, m in model.rpn.head.named_modules()}  # its three convolutions serve three levels
    uses = {id(m): 3 if id(m) in shared else 1 for m in convolutions}
    freeze(model, *patterns)
    expected = sum(uses[id(m)] for m in convolutions if m.weight.requires_grad)
    counting = Counting()
    monkeypatch.setattr(kernels, "active", lambda: counting)
    step(model)
    assert counting.calls.get("conv2d_weight_grad", 0) == expected


# ---- the backbone by a number --------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["frozen", "batch"])
@pytest.mark.parametrize("layers", range(6))
def test_trainable_layers_are_counted_from_the_last(layers, norm):
    names = trained(resnet_fpn(depth=18, trainable_backbone_layers=layers, norm=norm))
    parts = {name.split(".")[2] for name in names if name.startswith("backbone.body.")}
    stem = {"conv1", "bn1"} if norm == "batch" else {"conv1"}
    assert parts == {f"layer{i}" for i in range(5 - layers, 5) if i > 0} | (stem if layers == 5 else set())
    others = [name for name, _ in resnet_fpn(depth=18).named_parameters() if "backbone.body" not in name]
    assert set(others) <= set(names)


@pytest.mark.parametrize("layers", range(6))
def test_in_a_c4_model_the_last_stage_is_in_the_head(layers):
    names = trained(resnet_c4(depth=18, trainable_backbone_layers=layers))
    assert any(".res5." in name for name in names) == (layers >= 1)
    assert any(".layer3." in name for name in names) == (layers >= 2)
    assert ("backbone.body.conv1.weight" in names) == (layers == 5)


@pytest.mark.parametrize("layers", range(6))
def test_a_body_of_three_stages_is_counted_from_its_own_last(layers):
    names = trained(mini(2, trainable_backbone_layers=layers))
    parts = {name.split(".")[2] for name in names if name.startswith("backbone.body.")}
    stem = {"conv1", "bn1"} if layers >= 4 else set()
    assert parts == {f"layer{i}" for i in range(4 - layers, 4) if i > 0} | stem


@pytest.mark.parametrize("layers", [-1, 6, 2.5, "all"])
def test_another_number_of_layers_is_refused(layers):
    with pytest.raises(InputError, match=r"0 .none. to 5"):
        freeze_backbone(mini_c4(2), layers)
