"""Sizes of feature maps before and after a window slides over them. Lengths in cells, one axis at a time."""

import math


def conv_output_size(side: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Count the windows that fit: floor((side + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    >>> conv_output_size(128, kernel=7, stride=2, padding=3)
    64
    """
    return (side + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv_transpose_output_size(
    side: int, kernel: int, stride: int, padding: int, output_padding: int = 0, dilation: int = 1
) -> int:
    """Side of the map whose convolution has `side` windows; `output_padding` picks among those that do.

    >>> conv_transpose_output_size(14, kernel=2, stride=2, padding=0)
    28
    """
    return (side - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def pool_output_size(
    side: int, kernel: int, stride: int, padding: int, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """Count the windows of a pool; with `ceil_mode` a last window may hang over the far edge.

    A window that would start beyond the map and its near padding is never made.

    >>> pool_output_size(9, kernel=2, stride=2, padding=0), pool_output_size(9, 2, 2, 0, ceil_mode=True)
    (4, 5)
    """
    if not ceil_mode:
        return conv_output_size(side, kernel, stride, padding, dilation)
    count = math.ceil((side + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    starts_inside = (count - 1) * stride < side + padding
    return count if starts_inside else count - 1
