"""ResNet bodies: torchvision's names and sizes, dilation that changes the grid only, norms of two kinds."""

import numpy as np
import pytest

from minimaskrcnn.autograd import Tensor, no_grad
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.presets import resnet

# Parameters of torchvision's networks without their last layer, and entries of their states.
SIZES = {
    18: (11_689_512 - 513_000, 120),
    34: (21_797_672 - 513_000, 216),
    50: (25_557_032 - 2_049_000, 318),
    101: (44_549_160 - 2_049_000, 624),
}


@pytest.mark.parametrize("depth", SIZES)
def test_size_and_names(depth):
    body = resnet(depth, norm="batch")
    state = body.state_dict()
    parameters, entries = SIZES[depth]
    assert sum(p.size for p in body.parameters()) == parameters
    assert len(state) == entries
    last = {18: "layer4.1.conv2", 34: "layer4.2.conv2", 50: "layer4.2.conv3", 101: "layer4.2.conv3"}[depth]
    assert list(state)[:2] == ["conv1.weight", "bn1.weight"]
    assert f"{last}.weight" in state
    assert state["layer3.0.downsample.0.weight"].shape[2:] == (1, 1)
    assert ("layer1.0.downsample.0.weight" in state) == (depth >= 50)
    assert "layer1.1.downsample.0.weight" not in state


def test_frozen_norm_has_the_same_names_but_the_counters():
    frozen, trained = resnet(50).state_dict(), resnet(50, norm="batch").state_dict()
    counters = {name for name in trained if name.endswith("num_batches_tracked")}
    assert len(counters) == 53
    assert list(frozen) == [name for name in trained if name not in counters]


def test_an_unknown_depth_or_norm():
    with pytest.raises(InputError, match="18, 34, 50, 101"):
        resnet(42)
    with pytest.raises(InputError, match="frozen, batch"):
        resnet(18, norm="layer")


# ---- maps ----------------------------------------------------------------------------------------------


def maps_of(body, height=70, width=45, dtype=np.float64):
    x = np.random.default_rng(1).standard_normal((1, 3, height, width)).astype(dtype)
    with no_grad():
        return {name: features.data for name, features in body(Tensor(x)).items()}


@pytest.mark.parametrize("depth", [18, 50])
def test_strides_and_channels(depth):
    body = resnet(depth, rng=np.random.default_rng(0))
    assert body.out_strides == [4, 8, 16, 32]
    maps = maps_of(body, 64, 96, np.float32)
    assert list(maps) == ["C2", "C3", "C4", "C5"]
    for features, stride, channels in zip(maps.values(), body.out_strides, body.out_channels, strict=True):
        assert features.shape == (1, channels, 64 // stride, 96 // stride)


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize(
    ("dilation", "strides"),
    [
        ((False, False, True), [4, 8, 16, 16]),
        ((False, True, True), [4, 8, 8, 8]),
        ((False, True, False), [4, 8, 8, 16]),
        ((True, True, True), [4, 4, 4, 4]),
    ],
)
def test_dilation_computes_the_strided_map_at_more_places(depth, dilation, strides):
    """Each cell sees what it saw before; sides that no stride divides are the hard case."""
    strided = resnet(depth, rng=np.random.default_rng(0)).astype(np.float64)
    dilated = resnet(depth, replace_stride_with_dilation=dilation).astype(np.float64)
    dilated.load_state_dict(strided.state_dict())
    assert dilated.out_strides == strides
    coarse, fine = maps_of(strided), maps_of(dilated)
    for name, stride, before in zip(coarse, strides, strided.out_strides, strict=True):
        step = before // stride
        np.testing.assert_allclose(fine[name][:, :, ::step, ::step], coarse[name], rtol=1e-9)


# ---- norms ---------------------------------------------------------------------------------------------


def a_step(norm, eps=1e-5):
    """A ResNet-18 after one forward in training and one backward."""
    body = resnet(18, norm=norm, norm_eps=eps, rng=np.random.default_rng(0)).train()
    x = np.random.default_rng(1).random((2, 3, 32, 32), np.float32)
    body(Tensor(x))["C5"].mean().backward()
    return body


def test_frozen_norm_is_constant_and_has_no_gradient():
    body = a_step("frozen")
    fresh = resnet(18).state_dict()
    for name, array in body.named_buffers():
        np.testing.assert_array_equal(array, fresh[name])
    assert all("bn" not in name for name, _ in body.named_parameters())


def test_batch_norm_follows_the_batch_and_is_trained():
    body = a_step("batch")
    assert body.bn1.num_batches_tracked == 1
    assert abs(body.bn1.running_mean).max() > 0
    norms = {name: p for name, p in body.named_parameters() if "bn" in name}
    assert len(norms) == 2 * 17
    assert all(np.abs(p.grad).max() > 0 for name, p in norms.items() if name.endswith("bias"))


def test_both_norms_agree_in_evaluation():
    trained = a_step("batch", 1e-3).eval()
    frozen = resnet(18, norm_eps=1e-3)
    state = trained.state_dict()
    frozen.load_state_dict({name: state[name] for name in frozen.state_dict()})
    x = Tensor(np.random.default_rng(2).random((1, 3, 64, 64), np.float32))
    with no_grad():
        np.testing.assert_array_equal(trained(x)["C5"].data, frozen(x)["C5"].data)


@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_eps_reaches_every_norm(eps):
    norms = [m for _, m in resnet(50, norm_eps=eps).named_modules() if hasattr(m, "eps")]
    assert len(norms) == 53
    assert {norm.eps for norm in norms} == {eps}
