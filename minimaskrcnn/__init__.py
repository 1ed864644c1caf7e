"""All of Mask R-CNN from scratch in NumPy, made to be read, stepped through, plotted and trusted.

>>> import minimaskrcnn as mrcnn
>>> mrcnn.autograd.Tensor([1.0, 2.0]) + 1
Tensor([2., 3.])

A subpackage is imported when it is first used, so `import minimaskrcnn` by itself loads nothing heavy.
"""

import logging
import sys
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
        exercises,
        experiments,
        explorer,
        inspection,
        io,
        kernels,
        models,
        nn,
        notebooks,
        ops,
        testing,
        training,
        viz,
        weights,
    )

__version__ = "0.2.0"

if (
    sys.platform == "emscripten"
):  # in a browser Matplotlib lists its fonts in each session, and warns of the wait
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

__all__ = [
    "autograd",
    "data",
    "detection",
    "errors",
    "evaluation",
    "exercises",
    "experiments",
    "explorer",
    "inspection",
    "io",
    "kernels",
    "models",
    "nn",
    "notebooks",
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
