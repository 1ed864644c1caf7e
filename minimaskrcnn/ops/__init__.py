"""Differentiable ops: Tensors in, Tensors out; indices, boxes and targets are plain arrays.

Functions of `torch.nn.functional` and `torchvision.ops` keep the names, argument order and defaults they have
there (``dim``), and options in another order than torch's are keyword-only; functions of NumPy keep NumPy's
(``axis``, ``keepdims``). An op keeps its input's dtype, and takes arrays of any strides.
"""

from minimaskrcnn.autograd.tensor import define_operators
from minimaskrcnn.ops.arithmetic import add, divide, maximum, minimum, multiply, subtract, where
from minimaskrcnn.ops.conv import conv2d, conv_transpose2d
from minimaskrcnn.ops.elementwise import (
    abs,
    clip,
    exp,
    hardswish,
    log,
    negative,
    power,
    relu,
    sigmoid,
    sqrt,
    tanh,
)
from minimaskrcnn.ops.losses import binary_cross_entropy_with_logits, cross_entropy, smooth_l1_loss
from minimaskrcnn.ops.norm import batch_norm, frozen_batch_norm, group_norm
from minimaskrcnn.ops.pool import avg_pool2d, max_pool2d
from minimaskrcnn.ops.products import linear, matmul
from minimaskrcnn.ops.reduce import log_softmax, max, mean, softmax, sum
from minimaskrcnn.ops.resize import interpolate
from minimaskrcnn.ops.roi import roi_align, roi_features, roi_pool, roi_warp
from minimaskrcnn.ops.shape import concatenate, flatten, getitem, pad, permute, reshape, stack, transpose

define_operators(
    abs=abs,
    add=add,
    divide=divide,
    flatten=flatten,
    getitem=getitem,
    matmul=matmul,
    max=max,
    mean=mean,
    multiply=multiply,
    negative=negative,
    permute=permute,
    power=power,
    reshape=reshape,
    subtract=subtract,
    sum=sum,
    transpose=transpose,
)

__all__ = [
    "abs",
    "add",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "clip",
    "concatenate",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "divide",
    "exp",
    "flatten",
    "frozen_batch_norm",
    "getitem",
    "group_norm",
    "hardswish",
    "interpolate",
    "linear",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "pad",
    "permute",
    "power",
    "relu",
    "reshape",
    "roi_align",
    "roi_features",
    "roi_pool",
    "roi_warp",
    "sigmoid",
    "smooth_l1_loss",
    "softmax",
    "sqrt",
    "stack",
    "subtract",
    "sum",
    "tanh",
    "transpose",
    "where",
]
