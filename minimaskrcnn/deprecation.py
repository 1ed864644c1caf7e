"""Names that moved keep working for one release, with a warning that says where they are now.

    __getattr__ = forward(__name__, {"load_model": "minimaskrcnn.io"}, since="0.2", until="0.3")

A module that ends with this line still finds the names that it no longer has.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def forward(module: str, moved: Mapping[str, str], *, since: str, until: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__`` (PEP 562), which looks up `moved` names in their new modules.

    Parameters
    ----------
    module : str
        The ``__name__`` of the module that no longer has the names.
    moved : mapping
        From each name to the module that has it now.
    since, until : str
        The version that moved the names, and the version that will drop them here.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807
        if name not in moved:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        home = moved[name]
        warnings.warn(
            f"{module}.{name} moved to {home}.{name} in version {since}; {module} forgets it in {until}.",
            DeprecationWarning,
            stacklevel=2,
        )
        return getattr(import_module(home), name)

    return __getattr__
