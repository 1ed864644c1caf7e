"""Which edition of the kernels is in use: `use` switches, `active` answers, `register` adds your own."""

import inspect
import os
from collections.abc import Callable
from types import ModuleType, SimpleNamespace, TracebackType

from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import fast, reference


def _edition(module: ModuleType | SimpleNamespace) -> SimpleNamespace:
    """Every kernel by name: the module's own where it has one, else the fast one."""
    return SimpleNamespace(**{name: getattr(module, name, getattr(fast, name)) for name in fast.__all__})


_editions = {"fast": _edition(fast), "reference": _edition(reference)}


def _named(name: str) -> SimpleNamespace:
    if name not in _editions:
        raise InputError(f"kernels: there is no edition {name!r}; choose one of {', '.join(_editions)}")
    return _editions[name]


_active = _named(os.environ.get("MINIMASKRCNN_KERNELS", "fast"))


def active() -> SimpleNamespace:
    """Return the kernels in use, by name.

    >>> sorted(name for name in vars(active()) if name.startswith("max_pool"))
    ['max_pool2d', 'max_pool2d_backward']
    """
    return _active


def available() -> tuple[str, ...]:
    """Names that `use` accepts."""
    return tuple(_editions)


class use:  # noqa: N801 - read as a verb: kernels.use("reference")
    """Switch to an edition: for good as a plain call, or for a while as a context manager.

    Parameters
    ----------
    name : "fast", "reference", or a name given to `register`

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
        global _active
        self._before = _active
        _active = _named(name)

    def __enter__(self) -> SimpleNamespace:
        return _active

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _active
        _active = self._before


def register(name: str, module: ModuleType | SimpleNamespace) -> None:
    """Add an edition of your own, so that `use(name)` runs a whole model on it.

    Parameters
    ----------
    name : what to call it
    module : a module (or namespace) of functions
        Each public function must bear a kernel's name and take its arguments; a kernel that is missing comes
        from the fast edition. Names that start with an underscore, and functions imported from elsewhere, are
        left alone.

    Raises
    ------
    InputError
        If a function is not a kernel, or its arguments are not the kernel's.
    """
    if name in ("fast", "reference"):
        raise InputError(f"kernels.register: {name!r} is built in; choose another name")
    for function_name, function in _own_functions(module):
        _check_signature(name, function_name, function)
    _editions[name] = _edition(module)


def _own_functions(module: ModuleType | SimpleNamespace) -> list[tuple[str, Callable]]:
    home = getattr(module, "__name__", None)
    return [
        (name, value)
        for name, value in vars(module).items()
        if inspect.isfunction(value) and not name.startswith("_") and home in (None, value.__module__)
    ]


def _check_signature(edition: str, name: str, function: Callable) -> None:
    if name not in fast.__all__:
        raise InputError(
            f"kernels.register: {edition}.{name} is not the name of a kernel; the kernels are "
            f"{', '.join(fast.__all__)}. Start the names of helpers with an underscore"
        )
    expected = list(inspect.signature(getattr(fast, name)).parameters)
    got = list(inspect.signature(function).parameters)
    if got != expected:
        raise InputError(
            f"kernels.register: {edition}.{name}({', '.join(got)}) must take ({', '.join(expected)})"
        )
