"""A module finds its parameters, buffers and modules by dotted names, and loads all of them or none."""

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.errors import InputError


class Small(nn.Module):
    def __init__(self, rng):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, rng=rng), nn.BatchNorm2d(4), nn.ReLU())
        self.head = nn.Linear(4, 2, rng=rng)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def test_names_are_paths(rng):
    assert [name for name, _ in Small(rng).named_parameters()] == [
        "body.0.weight",
        "body.0.bias",
        "body.1.weight",
        "body.1.bias",
        "head.weight",
        "head.bias",
    ]
    assert "body.1.running_mean" in Small(rng).state_dict()


def test_state_travels_to_another_model(rng):
    first, second = Small(rng), Small(rng)
    x = Tensor(rng.standard_normal((2, 3, 5, 5)).astype(np.float32))
    assert not np.array_equal(first.eval()(x).data, second.eval()(x).data)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first(x).data, second(x).data)


def test_state_is_a_copy(rng):
    model = Small(rng)
    state = model.state_dict()
    state["head.bias"][:] = 7
    assert not model.head.bias.data.any()


def test_a_wrong_state_changes_nothing_and_lists_everything(rng):
    model = Small(rng)
    before = model.state_dict()
    state = model.state_dict()
    state["head.weight"] = np.zeros((9, 9), np.float32)
    state["extra"] = state.pop("body.0.bias")
    with pytest.raises(
        InputError,
        match=r"1 missing \(body\.0\.bias \(.*1 of another shape \(head\.weight is \(9, 9\) and not .*"
        r"1 unexpected \(extra\)",
    ):
        model.load_state_dict(state)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_shared_module_is_counted_once(rng):
    block = nn.Linear(4, 4, rng=rng)
    model = nn.ModuleDict({"a": block, "b": block})
    assert [name for name, _ in model.named_parameters()] == ["a.weight", "a.bias"]
    assert list(model.state_dict()) == ["a.weight", "a.bias"]


def test_modes_reach_every_module(rng):
    model = Small(rng).eval()
    assert not any(module.training for _, module in model.named_modules())
    assert all(module.training for _, module in model.train().named_modules())


def test_batch_norm_counts_and_learns_only_in_training(rng):
    norm = nn.BatchNorm2d(3)
    x = Tensor(rng.standard_normal((4, 3, 5, 5)).astype(np.float32) + 2)
    norm.eval()(x)
    assert norm.state_dict()["num_batches_tracked"] == 0
    norm.train()(x)
    state = norm.state_dict()
    assert state["num_batches_tracked"] == 1
    np.testing.assert_allclose(state["running_mean"], 0.1 * x.data.mean((0, 2, 3)), rtol=1e-5)


def test_astype_converts_parameters_and_buffers(rng):
    model = Small(rng).astype(np.float64)
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float64)}
    assert model.state_dict()["body.1.running_var"].dtype == np.float64
    assert model.state_dict()["body.1.num_batches_tracked"].dtype == np.int64


def test_initial_signals_keep_their_size(rng):
    x = Tensor(rng.standard_normal((2, 64, 16, 16)).astype(np.float32))
    for layer in (nn.Conv2d(64, 64, 3, padding=1, rng=rng), nn.ConvTranspose2d(64, 64, 2, 2, rng=rng)):
        # He: the variance doubles before a ReLU, which halves it again.
        assert layer(x).data.var() == pytest.approx(2.0, rel=0.2)


def test_containers_are_indexed_and_counted(rng):
    first, second = nn.Linear(2, 3, rng=rng), nn.ReLU()
    block = nn.Sequential(first, second)
    assert (block[0], block[-1], len(block)) == (first, second, 2)
    named = nn.ModuleDict({"a": first, "b": second})
    assert (list(named), len(named), named["b"]) == (["a", "b"], 2, second)


def test_named_arrays_are_the_state_itself_and_no_copies():
    layer = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3))
    arrays, state = dict(layer.named_arrays()), layer.state_dict()
    assert list(arrays) == list(state)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, state[name], strict=True)
        assert not np.shares_memory(array, state[name])
    assert arrays["0.weight"] is layer[0].weight.data
