"""Optimisers go on where they stopped; schedules and clipping do what their formulas say."""

import numpy as np
import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.nn import Parameter, optim


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_restored_optimiser_takes_the_same_step(kind, rng):
    first, second = (Parameter(np.ones((3, 2), np.float32)) for _ in range(2))
    one = kind([first], 0.1)
    for _ in range(3):
        first.grad = rng.standard_normal((3, 2)).astype(np.float32)
        one.step()
    two = kind([second], 0.1)
    two.load_state_dict(one.state_dict())
    second.data = first.data.copy()
    first.grad = second.grad = rng.standard_normal((3, 2)).astype(np.float32)
    one.step()
    two.step()
    assert first.data.tobytes() == second.data.tobytes()
    assert first.dtype == np.float32


@pytest.mark.parametrize("array", [np.ones(3), np.ones((3, 2), int)])
def test_a_state_of_other_parameters_is_refused(array):
    optimizer = optim.Adam([Parameter(np.ones((3, 2), np.float32))], 0.1)
    with pytest.raises(InputError, match=r"state's mean.0 is .*expected floating numbers of shape \(3, 2\)"):
        optimizer.load_state_dict({**optimizer.state_dict(), "mean.0": array})
    with pytest.raises(InputError, match=r"square\.0"):
        optimizer.load_state_dict({"steps": np.array(1), "mean.0": np.zeros((3, 2))})


def test_only_marked_parameters_decay():
    weight, bias = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = optim.AdamW([weight, bias], 0.1, weight_decay=0.5, decay_mask=[True, False])
    weight.grad, bias.grad = np.zeros(2), np.zeros(2)
    optimizer.step()
    np.testing.assert_allclose(weight.data, 0.95)
    np.testing.assert_array_equal(bias.data, 1.0)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW])
@pytest.mark.parametrize("shape", [(), (7,), (40, 3, 2), (1, 500)])
def test_an_update_in_parts_is_the_update_as_a_whole_to_the_byte(kind, shape, rng, monkeypatch):
    start, grads = rng.standard_normal(shape), rng.standard_normal((3, *shape))
    moved = []
    for piece in (2**15, 10):
        monkeypatch.setattr(optim, "PIECE", piece)
        parameter = Parameter(start.astype(np.float32))
        optimizer = kind([parameter], 0.1, weight_decay=0.01)
        for grad in grads.astype(np.float32):
            parameter.grad = grad
            optimizer.step()
        moved.append((parameter.data.tobytes(), *(a.tobytes() for a in optimizer.state_dict().values())))
    assert moved[0] == moved[1]


def test_parts_have_every_row_once_in_any_layout(rng):
    array = rng.standard_normal((9, 4)).T  # (4, 9), not in order in memory
    parts = list(optim.pieces(array, array.copy()))
    assert len(parts) == 1
    parts = [a for a, _ in optim.pieces(np.arange(10 * optim.PIECE).reshape(10, -1), np.zeros((10, 1)))]
    assert len(parts) == 10
    np.testing.assert_array_equal(np.concatenate(parts).ravel(), np.arange(10 * optim.PIECE))


def test_no_parameters_is_an_error():
    with pytest.raises(InputError, match="no parameters"):
        optim.SGD([], 0.1)


def test_clipping_scales_to_the_limit_and_tells_the_norm_before():
    parameters = [Parameter(np.zeros(2)), Parameter(np.zeros(1))]
    parameters[0].grad, parameters[1].grad = np.array([3.0, 0.0]), np.array([4.0])
    assert optim.clip_grad_norm(parameters, 1.0) == pytest.approx(5.0)
    assert optim.grad_norm(parameters) == pytest.approx(1.0)
    assert optim.clip_grad_norm(parameters, 2.0) == pytest.approx(1.0)
    assert optim.grad_norm(parameters) == pytest.approx(1.0)


def test_warm_up_then_cosine():
    lr = optim.warmup_cosine(1.0, steps=110, warmup=10, final=0.01)
    assert [lr(0), lr(9), lr(10)] == pytest.approx([0.1, 1.0, 1.0])
    assert lr(60) == pytest.approx(0.01 + 0.99 * 0.5)
    assert lr(109) < 0.011


def test_warm_up_then_steps():
    lr = optim.warmup_steps(1.0, 2, (5, 8))
    assert [lr(i) for i in (0, 1, 4, 5, 8)] == pytest.approx([0.5, 1.0, 1.0, 0.1, 0.01])


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam, optim.AdamW])
def test_a_step_between_two_backward_passes_of_one_forward_is_noticed(optimizer):
    weight = Parameter(np.array([2.0]))
    forward = weight * weight
    first, second = forward.sum(), (3 * forward).sum()
    first.backward(retain_graph=True)
    optimizer([weight], 0.1).step()
    with pytest.raises(InputError, match="an optimiser has changed the weights of Multiply"):
        second.backward()
    (weight * weight).sum().backward()  # a new forward pass has the new weights
