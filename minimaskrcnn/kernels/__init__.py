"""Floor 0: the numerical work, on plain arrays. Two editions of one truth, and one switch between them.

`reference` is loops to trace with a finger; `fast` gives the same answers from a few large array operations.
Both have the same names and signatures. The rest of the package asks `active()` for the edition in use.
"""

from minimaskrcnn.kernels.registry import active, available, register, use

__all__ = ["active", "available", "register", "use"]
