"""All of Mask R-CNN from scratch in NumPy, made to be read, stepped through, plotted and trusted.

>>> import minimaskrcnn as mrcnn
>>> mrcnn.autograd.Tensor([1.0, 2.0]) + 1
Tensor([2., 3.])

A subpackage is imported when it is first used, so `import minimaskrcnn` by itself loads nothing heavy.
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minimaskrcnn import (
        autograd,
        data,
        detection,
        errors,
        evaluation,
        experiments,
        inspection,
        io,
        kernels,
        models,
        nn,
        ops,
        testing,
        training,
        viz,
        weights,
    )

__version__ = "0.1.0"

__all__ = [
    "autograd",
    "data",
    "detection",
    "errors",
    "evaluation",
    "experiments",
    "inspection",
    "io",
    "kernels",
    "models",
    "nn",
    "ops",
    "testing",
    "training",
    "viz",
    "weights",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"minimaskrcnn.{name}")
    raise AttributeError(f"module 'minimaskrcnn' has no part {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
