"""Which edition of the kernels is in use: `use` switches, `active` answers, `register` adds your own.

The switch is a context variable, as the modes of autograd are: another thread does not see it turned.
"""

import difflib
import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType, SimpleNamespace, TracebackType
from typing import Any, cast

from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import fast, plain, reference
from minimaskrcnn.kernels.contract import KERNELS, Kernels

BUILT_IN: dict[str, Kernels] = {"fast": fast, "plain": plain, "reference": reference}
_editions = dict(BUILT_IN)


def _named(name: str) -> Kernels:
    if name not in _editions:
        raise InputError(f"kernels: there is no edition {name!r}; choose one of {', '.join(_editions)}.")
    return _editions[name]


_active = ContextVar("kernels", default=_named(os.environ.get("MINIMASKRCNN_KERNELS", "fast")))  # noqa: B039 (none is changed)


def active() -> Kernels:
    """Return the kernels in use.

    >>> active().conv2d.__module__
    'minimaskrcnn.kernels.fast.conv'
    """
    return _active.get()


def available() -> tuple[str, ...]:
    """Names that `use` accepts."""
    return tuple(_editions)


class use:  # noqa: N801 - read as a verb: kernels.use("reference")
    """Switch to an edition: for good as a plain call, or for a while as a context manager.

    The switch holds in this thread (or asyncio task), and in the threads that work for a kernel that it
    calls. A thread that you start begins with the edition of the variable MINIMASKRCNN_KERNELS, else the
    fast one.

    Parameters
    ----------
    name : "fast", "plain", "reference", or a name given to `register`

    Raises
    ------
    InputError
        If no edition has that name.

    Examples
    --------
    >>> with use("reference"):
    ...     active().conv2d.__module__
    'minimaskrcnn.kernels.reference.conv'
    >>> active().conv2d.__module__
    'minimaskrcnn.kernels.fast.conv'
    """

    def __init__(self, name: str) -> None:
        self._before = _active.get()
        _active.set(_named(name))

    def __enter__(self) -> Kernels:
        return _active.get()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _active.set(self._before)


@contextmanager
def using(edition: Any) -> Iterator[None]:
    """Run the block on an edition that has no name: an object with every kernel."""
    token = _active.set(edition)
    try:
        yield
    finally:
        _active.reset(token)


def register(name: str, module: ModuleType | SimpleNamespace) -> None:
    """Add an edition of your own, so that `use(name)` runs a whole model on it.

    Parameters
    ----------
    name : what to call it
    module : a module (or namespace) of functions
        What bears a kernel's name must take the kernel's arguments, and is what the model runs; a kernel that
        is missing comes from the fast edition. Helpers may have any name that is not nearly a kernel's.

    Raises
    ------
    InputError
        If a kernel has other arguments than the contract says, if a function's name is nearly a kernel's,
        or if there is no kernel at all.
    """
    if name in BUILT_IN:
        raise InputError(f"kernels.register: {name!r} is built in; choose another name.")
    own = {kernel: f for kernel in KERNELS if callable(f := getattr(module, kernel, None))}
    for helper in _own_helpers(module):
        if near := difflib.get_close_matches(helper, KERNELS, 1, cutoff=0.8):
            raise InputError(
                f"kernels.register: {name}.{helper} is not the name of a kernel; did you mean {near[0]}? "
                "If it is a helper, start its name with an underscore."
            )
    if not own:
        raise InputError(f"kernels.register: {name} has no kernel; the kernels are {', '.join(KERNELS)}.")
    for kernel, function in own.items():
        _check_arguments(name, kernel, function)
    rest = {kernel: getattr(fast, kernel) for kernel in KERNELS}
    _editions[name] = cast(Kernels, SimpleNamespace(**rest | own))


def _own_helpers(module: ModuleType | SimpleNamespace) -> Iterator[str]:
    """Functions of the module itself that are no kernels; those that it imported do not count."""
    home = getattr(module, "__name__", None)
    for name, value in vars(module).items():
        if name.startswith("_") or name in KERNELS or not inspect.isfunction(value):
            continue
        if home in (None, value.__module__):
            yield name


def _check_arguments(edition: str, name: str, function: Callable[..., Any]) -> None:
    _, *expected = inspect.signature(getattr(Kernels, name)).parameters
    got = list(inspect.signature(function).parameters)
    if got != expected:
        raise InputError(
            f"kernels.register: {edition}.{name}({', '.join(got)}) must take ({', '.join(expected)})."
        )
