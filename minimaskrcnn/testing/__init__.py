"""Tools to check an op, ours or your own.

`check_op` runs what applies of `assert_kernels_agree`, `assert_adjoint`, `gradcheck` and `assert_contract`,
each of which can be called alone. Hypothesis strategies for cases are in `minimaskrcnn.testing.strategies`,
which needs the `test` extra; the pytest option ``--kernels`` is in `minimaskrcnn.testing.plugin`.
"""

from minimaskrcnn.testing.adjoint import assert_adjoint
from minimaskrcnn.testing.case import Case
from minimaskrcnn.testing.check import check_op
from minimaskrcnn.testing.contract import assert_contract
from minimaskrcnn.testing.gradients import GradientError, NonSmoothPoint, gradcheck
from minimaskrcnn.testing.parity import assert_kernels_agree

__all__ = [
    "Case",
    "GradientError",
    "NonSmoothPoint",
    "assert_adjoint",
    "assert_contract",
    "assert_kernels_agree",
    "check_op",
    "gradcheck",
]
