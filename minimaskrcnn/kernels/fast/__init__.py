"""The fast edition: the reference's names, signatures and answers, from a few large array operations.

Feature maps are (N, C, H, W) to the caller and channels-last in memory: a window's cells then lie in long
runs, and a convolution is a matrix product without a transpose.
"""

from minimaskrcnn.kernels.fast.conv import (
    conv2d,
    conv2d_input_grad,
    conv2d_weight_grad,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
)
from minimaskrcnn.kernels.fast.norm import (
    affine_norm,
    affine_norm_backward,
    batch_norm,
    batch_norm_backward,
    group_norm,
    group_norm_backward,
)
from minimaskrcnn.kernels.fast.pool import (
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from minimaskrcnn.kernels.fast.resize import (
    resize_bilinear,
    resize_bilinear_backward,
    resize_nearest,
    resize_nearest_backward,
)
from minimaskrcnn.kernels.fast.roi import (
    roi_align,
    roi_align_backward,
    roi_features,
    roi_features_backward,
    roi_pool,
    roi_pool_backward,
)
from minimaskrcnn.kernels.fast.suppression import nms

__all__ = [
    "affine_norm",
    "affine_norm_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_weight_grad",
    "conv_transpose2d",
    "conv_transpose2d_input_grad",
    "conv_transpose2d_weight_grad",
    "group_norm",
    "group_norm_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "nms",
    "resize_bilinear",
    "resize_bilinear_backward",
    "resize_nearest",
    "resize_nearest_backward",
    "roi_align",
    "roi_align_backward",
    "roi_features",
    "roi_features_backward",
    "roi_pool",
    "roi_pool_backward",
]
