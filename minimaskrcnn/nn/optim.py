"""Optimisers: what to do with a gradient. And the two things done around it: schedules and clipping.

Every optimiser updates `parameter.data` in place, keeps its state in arrays by parameter index, and hands
that state over as plain arrays (`state_dict`), so that a resumed run continues to the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minimaskrcnn.checks import check_flag, check_number, check_whole, describe
from minimaskrcnn.errors import InputError
from minimaskrcnn.nn.module import Parameter

BELOW_1 = math.nextafter(1, 0)
PIECE = 2**15
_MISSING = np.zeros((), object)  # stands for an array that a state lacks


class Optimizer:
    """The part that all optimisers share: parameters, their weight decay, and slots of state.

    Parameters
    ----------
    parameters : sequence of Parameter
    lr : float
        Learning rate; set it anew before each step to follow a schedule.
    weight_decay : float
    decay_mask : sequence of bool, optional
        Which parameters are decayed; all by default.
    """

    slots: tuple[str, ...] = ()

    def __init__(
        self,
        parameters: Sequence[Parameter],
        lr: float,
        weight_decay: float = 0.0,
        decay_mask: Sequence[bool] | None = None,
    ):
        self.parameters = list(parameters)
        if not self.parameters:
            raise InputError("Optimizer: there are no parameters to train; pass model.parameters().")
        self.lr, self.steps = check_number("Optimizer", lr, "lr", least=0), 0
        weight_decay = check_number("Optimizer", weight_decay, "weight_decay", least=0)
        mask = [True] * len(self.parameters) if decay_mask is None else list(decay_mask)
        if len(mask) != len(self.parameters):
            raise InputError(
                f"Optimizer: decay_mask has {len(mask)} entries for {len(self.parameters)} parameters."
            )
        self.decay = [weight_decay if decayed else 0.0 for decayed in mask]
        self.state = {slot: [np.zeros_like(p.data) for p in self.parameters] for slot in self.slots}

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        self.steps += 1
        for index, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                state = (self.state[slot][index] for slot in self.slots)
                for piece in pieces(parameter.data, parameter.grad, *state):
                    self._update(self.decay[index], *piece)
                parameter.version += 1

    def _update(self, decay: float, weight: np.ndarray, grad: np.ndarray, *state: np.ndarray) -> None:
        """Update a part of a parameter and of its slots of state in place."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, np.ndarray]:
        """The step count and each slot's arrays, keyed `slot.index`."""
        arrays = {f"{slot}.{i}": a.copy() for slot in self.slots for i, a in enumerate(self.state[slot])}
        return {"steps": np.array(self.steps, np.int64), **arrays}

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state that `state_dict` gave.

        Raises
        ------
        InputError
            If an array is missing, or is not as the parameter it belongs to.
        """
        self.steps = check_whole("Optimizer", state.get("steps"), "steps", least=0)
        for slot in self.slots:
            arrays = [state.get(f"{slot}.{i}", _MISSING) for i in range(len(self.parameters))]
            for i, (array, parameter) in enumerate(zip(arrays, self.parameters, strict=True)):
                if array.shape != parameter.shape or array.dtype.kind != "f":
                    raise InputError(
                        f"Optimizer: the state's {slot}.{i} is {describe(array)}; expected floating numbers "
                        f"of shape {parameter.shape}. Was it saved for other parameters?"
                    )
            self.state[slot] = [np.array(array) for array in arrays]


def pieces(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield parts of arrays of one shape, rows that belong together, of about `PIECE` numbers each.

    An update reads and writes each number several times; a part stays in the cache meanwhile.
    """
    first = arrays[0]
    rows = max(1, PIECE // max(1, first[:1].size)) if first.ndim else 1
    if first.ndim == 0 or rows >= len(first):
        yield arrays
        return
    for start in range(0, len(first), rows):
        yield tuple(array[start : start + rows] for array in arrays)


class SGD(Optimizer):
    """v <- momentum v + (g + decay w);  w <- w - lr v  (nesterov: w <- w - lr (g + momentum v))."""

    slots = ("velocity",)

    def __init__(
        self,
        parameters: Sequence[Parameter],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        decay_mask: Sequence[bool] | None = None,
    ):
        super().__init__(parameters, lr, weight_decay, decay_mask)
        self.momentum = check_number("SGD", momentum, "momentum", 0, 1)
        self.nesterov = check_flag("SGD", nesterov, "nesterov")

    def _update(self, decay: float, weight: np.ndarray, grad: np.ndarray, *state: np.ndarray) -> None:
        (velocity,) = state
        grad = grad + decay * weight
        velocity *= self.momentum
        velocity += grad
        weight -= self.lr * (grad + self.momentum * velocity if self.nesterov else velocity)


class Adam(Optimizer):
    """m <- b1 m + (1-b1) g;  v <- b2 v + (1-b2) g^2;  w <- w - lr m' / (sqrt(v') + eps), ' = bias-corrected.

    Source: Kingma & Ba 2015, algorithm 1.
    """

    slots = ("mean", "square")

    def __init__(
        self,
        parameters: Sequence[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_mask: Sequence[bool] | None = None,
    ):
        super().__init__(parameters, lr, weight_decay, decay_mask)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise InputError(f"Adam: betas must be two numbers; got {describe(betas)}.")
        self.betas = (
            check_number("Adam", betas[0], "betas[0]", 0, BELOW_1),
            check_number("Adam", betas[1], "betas[1]", 0, BELOW_1),
        )
        self.eps = check_number("Adam", eps, "eps", least=0)

    def _update(self, decay: float, weight: np.ndarray, grad: np.ndarray, *state: np.ndarray) -> None:
        self._adam(weight, grad + decay * weight, *state)

    def _adam(self, weight: np.ndarray, grad: np.ndarray, mean: np.ndarray, square: np.ndarray) -> None:
        b1, b2 = self.betas
        mean *= b1
        mean += (1 - b1) * grad
        square *= b2
        square += (1 - b2) * (grad * grad)
        denominator = np.sqrt(square) / math.sqrt(1 - b2**self.steps) + self.eps
        weight -= (self.lr / (1 - b1**self.steps)) * (mean / denominator)


class AdamW(Adam):
    """Adam with the decay taken from the weight itself, w <- w - lr decay w, not from the gradient.

    Source: Loshchilov & Hutter 2019, algorithm 2.
    """

    def _update(self, decay: float, weight: np.ndarray, grad: np.ndarray, *state: np.ndarray) -> None:
        weight *= 1 - self.lr * decay
        self._adam(weight, grad, *state)


def grad_norm(parameters: Sequence[Parameter]) -> float:
    """The Euclidean norm of all gradients laid end to end."""
    # Each sum runs in float64: the squares of a million float32 numbers lose digits otherwise.
    squares = [np.sum(np.square(p.grad), dtype=np.float64) for p in parameters if p.grad is not None]
    return math.sqrt(float(sum(squares)))


def clip_grad_norm(parameters: Sequence[Parameter], max_norm: float) -> float:
    """Scale all gradients so that their joint norm is at most `max_norm`; return the norm before."""
    max_norm = check_number("clip_grad_norm", max_norm, "max_norm", above=0)
    norm = grad_norm(parameters)
    if norm > max_norm:
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = parameter.grad * (max_norm / norm)
    return norm


Schedule = Callable[[int], float]


def warmup_cosine(base_lr: float, steps: int, warmup: int, final: float = 0.01) -> Schedule:
    """Rise linearly for `warmup` steps, then follow half a cosine down to `final * base_lr`."""
    base_lr, warmup = _base_and_warmup("warmup_cosine", base_lr, warmup)
    steps = check_whole("warmup_cosine", steps, "steps", least=0)
    final = check_number("warmup_cosine", final, "final", 0, 1)

    def lr(step: int) -> float:
        step = check_whole("warmup_cosine", step, "a step", least=0)
        if step < warmup:
            return base_lr * (step + 1) / warmup
        progress = min(1, (step - warmup) / max(1, steps - warmup))
        return base_lr * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress)))

    return lr


def warmup_steps(base_lr: float, warmup: int, milestones: Sequence[int], gamma: float = 0.1) -> Schedule:
    """Rise linearly for `warmup` steps, then multiply by `gamma` at each milestone."""
    base_lr, warmup = _base_and_warmup("warmup_steps", base_lr, warmup)
    milestones = [check_whole("warmup_steps", m, "each milestone", least=0) for m in milestones]
    gamma = check_number("warmup_steps", gamma, "gamma", least=0)

    def lr(step: int) -> float:
        step = check_whole("warmup_steps", step, "a step", least=0)
        if step < warmup:
            return base_lr * (step + 1) / warmup
        return base_lr * gamma ** sum(step >= milestone for milestone in milestones)

    return lr


def _base_and_warmup(where: str, base_lr: float, warmup: int) -> tuple[float, int]:
    return check_number(where, base_lr, "base_lr", least=0), check_whole(where, warmup, "warmup", least=0)
