"""The reference edition: one window, one group, one cell at a time, to trace with a finger. Slow."""

from minimaskrcnn.kernels.reference.conv import *
from minimaskrcnn.kernels.reference.norm import *
from minimaskrcnn.kernels.reference.pool import *
from minimaskrcnn.kernels.reference.resize import *
from minimaskrcnn.kernels.reference.roi import *
from minimaskrcnn.kernels.reference.suppression import *
