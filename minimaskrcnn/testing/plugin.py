"""The pytest option ``--kernels``: run tests on an edition of the kernels, built in or your own.

``pytest --kernels=reference``
    the operator suite (tests marked `operators`) on the loops; ``plain`` on the NumPy that comes after them.
``pytest --kernels=my_kernels``
    the same on the functions of ``my_kernels.py``: a kernel it lacks comes from the fast edition.
``pytest --kernels=my_kernels tests/models``
    any other tests on it.

The installed package registers this file with pytest. It also offers the Hypothesis profiles
`minimaskrcnn-dev`, `minimaskrcnn-ci` and `minimaskrcnn-nightly` (``--hypothesis-profile=NAME``):
20 examples per test, 100 that are always the same, and 2,000. Your own profiles and Hypothesis' stay
as they are.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from minimaskrcnn.kernels import Kernels


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --kernels."""
    parser.getgroup("minimaskrcnn").addoption(
        "--kernels",
        metavar="EDITION",
        help="run the operator suite, or the paths given, on an edition of the kernels: reference, plain, "
        "fast, a registered name, or a module of your own",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Register the Hypothesis profiles before any conftest is read, which may replace them."""
    try:
        from hypothesis import settings
    except ImportError:
        return
    settings.register_profile("minimaskrcnn-dev", deadline=None, max_examples=20)
    settings.register_profile(
        "minimaskrcnn-ci", deadline=None, max_examples=100, derandomize=True, print_blob=True
    )
    settings.register_profile("minimaskrcnn-nightly", deadline=None, max_examples=2000, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of the operator suite, and switch to the edition of --kernels."""
    config.addinivalue_line("markers", "operators: the operator suite, which --kernels runs on any edition")
    if name := config.getoption("kernels"):
        config.stash[_EDITION] = _use(name, str(config.invocation_params.dir))


_EDITION = pytest.StashKey["Kernels"]()


def _use(name: str, folder: str) -> Kernels:
    """Switch to an edition by its name, or to a module that is registered under its own."""
    from minimaskrcnn import kernels
    from minimaskrcnn.errors import InputError

    try:
        if name not in kernels.available():
            if folder not in sys.path:
                sys.path.insert(0, folder)
            kernels.register(name, importlib.import_module(name))
        kernels.use(name)
    except ModuleNotFoundError as error:
        raise pytest.UsageError(
            f"--kernels={name}: no module named {error.name!r} from {folder}, and no edition of that name; "
            f"there are {', '.join(kernels.available())}. Give a module as you would import it."
        ) from None
    except InputError as error:
        raise pytest.UsageError(f"--kernels={name}: {error}") from None
    return kernels.active()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which kernels are the edition's own."""
    if _EDITION not in config.stash:
        return None
    from minimaskrcnn.kernels import KERNELS, fast

    edition = config.stash[_EDITION]
    own = [name for name in KERNELS if getattr(edition, name) is not getattr(fast, name)]
    rest = "" if len(own) == len(KERNELS) else ", the others from fast"
    return f"kernels: {config.getoption('kernels')} ({', '.join(own) or 'none of its own'}{rest})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --kernels and no path, keep the operator suite."""
    if _EDITION not in config.stash or config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    others = [item for item in items if not item.get_closest_marker("operators")]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item.get_closest_marker("operators")]
