"""The fast edition: the same answers in the time a machine can. To learn how, read `kernels.plain` first.

Feature maps are (N, C, H, W) to the caller and channels-last in memory: a window's cells then lie in long
runs, and a convolution is a matrix product without a transpose.
"""

from minimaskrcnn.deprecation import forward
from minimaskrcnn.kernels.fast.conv import *
from minimaskrcnn.kernels.fast.norm import *
from minimaskrcnn.kernels.fast.pool import *
from minimaskrcnn.kernels.fast.resize import *
from minimaskrcnn.kernels.fast.roi import *
from minimaskrcnn.kernels.fast.suppression import *

__getattr__ = forward(
    __name__,
    dict.fromkeys(("layout", "parallel", "strips", "winograd"), "minimaskrcnn.kernels.fast.engine"),
    since="0.2",
    until="0.3",
)
