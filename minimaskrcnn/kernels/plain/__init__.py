"""The plain edition: the vectorised NumPy that comes after loops. Here is where to learn it.

A convolution is windows times filters, pooling takes the largest of windows, a RoI operator gathers cells
with weights, non-maximum suppression walks down a matrix of IoUs. Formula first, then the line; the fast
edition gives the same answers in the time a machine can.
"""

from minimaskrcnn.kernels.plain.conv import *
from minimaskrcnn.kernels.plain.norm import *
from minimaskrcnn.kernels.plain.pool import *
from minimaskrcnn.kernels.plain.resize import *
from minimaskrcnn.kernels.plain.roi import *
from minimaskrcnn.kernels.plain.suppression import *
