"""The reference edition: one window, one group, one cell at a time, to trace with a finger.

Same names and signatures as `minimaskrcnn.kernels.fast`; the two check each other. Slow by design.
"""

from minimaskrcnn.kernels.reference.conv import (
    conv2d,
    conv2d_input_grad,
    conv2d_weight_grad,
    conv_transpose2d,
    conv_transpose2d_input_grad,
    conv_transpose2d_weight_grad,
)
from minimaskrcnn.kernels.reference.norm import (
    affine_norm,
    affine_norm_backward,
    batch_norm,
    batch_norm_backward,
    group_norm,
    group_norm_backward,
)
from minimaskrcnn.kernels.reference.pool import (
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from minimaskrcnn.kernels.reference.resize import (
    resize_bilinear,
    resize_bilinear_backward,
    resize_nearest,
    resize_nearest_backward,
)
from minimaskrcnn.kernels.reference.roi import (
    roi_align,
    roi_align_backward,
    roi_features,
    roi_features_backward,
    roi_pool,
    roi_pool_backward,
)
from minimaskrcnn.kernels.reference.suppression import nms

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
