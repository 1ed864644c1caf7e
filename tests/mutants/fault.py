"""What a planted fault is: a class whose static methods are kernels that are wrong in one way.

Its docstring says the mistake, as a student might make it. `planted.py` makes an edition of each class, as
`pytest --kernels=my_kernels` does of a student's module: what the class lacks comes from `base`.
"""

import inspect
import re
from types import SimpleNamespace

from minimaskrcnn import kernels
from minimaskrcnn.kernels import fast

FAULTS: dict[str, type["Fault"]] = {}
"""Every fault by its name, dropped-half-pixel for DroppedHalfPixel."""


class Fault:
    """Base of the faults; a subclass is one."""

    suite = ""
    """Which tests of the operator suite concern it: an expression for pytest -k."""

    base = fast
    """The edition that has no fault: what a class lacks comes from it."""

    def __init_subclass__(cls, listed=True):
        if listed:
            name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
            # pytest imports each file twice: to look for doctests, and as planted.py does
            known = FAULTS.get(name, cls)
            assert inspect.getfile(known) == inspect.getfile(cls), f"two faults are called {name}"
            FAULTS[name] = cls

    @classmethod
    def kernels(cls):
        return {
            name: method.__func__ for name, method in vars(cls).items() if isinstance(method, staticmethod)
        }

    @classmethod
    def plant(cls, name):
        """Make the edition; `--kernels=NAME` then uses it."""
        sound = {kernel: getattr(cls.base, kernel) for kernel in kernels.KERNELS}
        kernels.register(name, SimpleNamespace(**sound | cls.kernels()))
