"""Floor 0: the numerical work, on plain arrays. Three editions of one truth, and one switch between them.

`reference` is loops to trace with a finger; `plain` says the same in the NumPy that a student writes next;
`fast` gives the same answers in the time a machine can. `contract` says once what every kernel is given and
what it answers. The rest of the package asks `active()` for the edition in use.
"""

from minimaskrcnn.kernels.contract import KERNELS, Kernels
from minimaskrcnn.kernels.registry import active, available, register, use

__all__ = ["KERNELS", "Kernels", "active", "available", "register", "use"]
