"""A module owns parameters, buffers and other modules, and finds them all by dotted names.

``model.backbone.body.conv1.weight`` is reached by attribute; ``state_dict`` walks the same tree and
writes the same path as a key. Nothing else is automatic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from minimaskrcnn.autograd import Tensor, scope
from minimaskrcnn.checks import describe
from minimaskrcnn.errors import InputError

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class Parameter(Tensor):
    """A leaf Tensor that a module trains.

    Parameters
    ----------
    data : ndarray of a float dtype
    """

    def __init__(self, data: np.ndarray):
        super().__init__(data, requires_grad=True)


class Forward(Protocol[P, R]):
    """A module as its call sees it: its `forward` tells a type checker what the call takes and returns."""

    def scope(self) -> AbstractContextManager[None]:
        """The block in which a call runs."""
        ...

    def forward(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What a call computes."""
        ...


class Module:
    """The base of every layer and model: a tree of parameters, buffers and modules.

    Assigning a `Parameter` or a `Module` to an attribute registers it; arrays that are saved but not
    trained (running statistics) are declared with `register_buffer`.
    """

    _parameters: dict[str, Parameter]
    _buffers: dict[str, np.ndarray]
    _modules: dict[str, Module]
    _scope: str
    _is_called = True

    def __init__(self) -> None:
        object.__setattr__(self, "_parameters", {})
        object.__setattr__(self, "_buffers", {})
        object.__setattr__(self, "_modules", {})
        object.__setattr__(self, "_scope", "")
        self.training = True

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._modules[name] = value
            if not value._scope:  # a shared module keeps the name that its parameters have
                value._name_scope(name)
        elif name in self.__dict__.get("_buffers", ()):
            self._buffers[name] = value
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, value: np.ndarray) -> None:
        """Declare an array that belongs to the state but is not trained."""
        self._buffers[name] = value
        object.__setattr__(self, name, value)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What a call computes; each kind of module defines its own."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(...)")

    def __call__(self: Forward[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `forward` with the same arguments, its ops named after this module."""
        with self.scope():
            return self.forward(*args, **kwargs)

    def scope(self) -> AbstractContextManager[None]:
        """A block whose ops are named after this module, as those of a call are."""
        return scope(self._scope or type(self).__name__)

    def _name_scope(self, name: str) -> None:
        """Take a name; a list, which is never called itself, puts it in front of the names of its modules."""
        object.__setattr__(self, "_scope", name)
        if not self._is_called:
            for key, module in self._modules.items():
                module._name_scope(f"{name}/{key}")

    # ---- walking the tree ------------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Walk this module and every one below it, with dotted names; a shared module appears once."""
        return self._walk(prefix, set())

    def _walk(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
        if id(self) in seen:
            return
        seen.add(id(self))
        yield prefix, self
        for name, child in self._modules.items():
            yield from child._walk(f"{prefix}.{name}" if prefix else name, seen)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name, in the order of definition; a shared one appears once."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, parameter in module._parameters.items():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _join(prefix, name), parameter

    def parameters(self) -> list[Parameter]:
        """Every parameter, in the order of definition."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every buffer with its dotted name."""
        for prefix, module in self.named_modules():
            for name, array in module._buffers.items():
                yield _join(prefix, name), array

    # ---- modes -----------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all below to training (or, with False, to evaluation)."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch this module and all below to evaluation."""
        return self.train(False)

    def astype(self, dtype: np.typing.DTypeLike) -> Module:
        """Convert every float parameter and buffer, in place, and return the module."""
        for _, module in self.named_modules():
            for parameter in module._parameters.values():
                parameter.data = parameter.data.astype(dtype)
            for name, array in module._buffers.items():
                if np.issubdtype(array.dtype, np.floating):
                    module.register_buffer(name, array.astype(dtype))
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    # ---- state -----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Every parameter and buffer by dotted name, as copies."""
        return {name: array.copy() for name, array in self.named_arrays()}

    def named_arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every parameter and buffer by dotted name, in the order of definition; the arrays themselves."""
        for prefix, module in self.named_modules():
            for name, parameter in module._parameters.items():
                yield _join(prefix, name), parameter.data
            for name, array in module._buffers.items():
                yield _join(prefix, name), array

    def check_state(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Compare names and shapes of a state with those of this module.

        Raises
        ------
        InputError
            If a name is missing, unexpected or of another shape; all of them are listed.
        """
        problems = _state_problems({name: array.shape for name, array in self.named_arrays()}, shapes)
        if problems:
            raise InputError(
                f"load_state_dict: these weights are of another model: {'; '.join(problems)}. "
                "Build the model with the settings the weights were saved with."
            )

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Take every parameter and buffer from `state`, or change nothing and say all that is wrong.

        Raises
        ------
        InputError
            If a name is missing, unexpected or of another shape; all of them are listed.
        """
        if not isinstance(state, Mapping):
            raise InputError(
                f"load_state_dict: expected a dict of arrays by dotted name; got {describe(state)}."
            )
        strange = [f"{name} is {describe(x)}" for name, x in state.items() if not _are_weights(x)]
        if strange:
            raise InputError(f"load_state_dict: weights are arrays of numbers; {_shortened(strange)}.")
        self.check_state({name: array.shape for name, array in state.items()})
        for prefix, module in self.named_modules():
            for name, parameter in module._parameters.items():
                parameter.data = np.array(state[_join(prefix, name)], dtype=parameter.dtype, order="C")
            for name, array in module._buffers.items():
                module.register_buffer(name, np.array(state[_join(prefix, name)], dtype=array.dtype))


class ModuleList(Module):
    """A list of modules; named "0", "1", ... in the state."""

    _is_called = False

    def __init__(self, modules: Iterable[Module] = ()):
        super().__init__()
        for index, module in enumerate(modules):
            setattr(self, str(index), module)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int) -> Module:
        return list(self._modules.values())[index]


class Sequential(ModuleList):
    """Modules applied one after the other; `block[0]` is the first of them."""

    _is_called = True

    def __init__(self, *modules: Module):
        super().__init__(modules)

    def forward(self, x: Tensor) -> Tensor:
        """Hand x through all modules, first to last."""
        for module in self:
            x = module(x)
        return x


class ModuleDict(Module):
    """Modules by name."""

    _is_called = False

    def __init__(self, modules: Mapping[str, Module]):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, name: str) -> Module:
        return self._modules[name]


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


Shapes = Mapping[str, tuple[int, ...]]


def _state_problems(own: Shapes, given: Shapes) -> list[str]:
    """What is missing, of another shape, or unexpected: a phrase for each group that is not empty."""
    missing = [f"{name} {shape}" for name, shape in own.items() if name not in given]
    shapes = [
        f"{name} is {given[name]} and not {shape}"
        for name, shape in own.items()
        if given.get(name, shape) != shape
    ]
    unexpected = [str(name) for name in given if name not in own]
    groups = {"missing": missing, "of another shape": shapes, "unexpected": unexpected}
    return [f"{len(names)} {group} ({_shortened(names)})" for group, names in groups.items() if names]


def _are_weights(x: Any) -> bool:
    """An array of numbers, which can be read as the floats or counts of a state."""
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biuf"


def _shortened(names: list[str]) -> str:
    """The first few; a whole network's names would hide what they have in common."""
    return ", ".join(names[:4]) + (f", and {len(names) - 4} more" if len(names) > 4 else "")
