"""The kernels: what each one is given and what it answers, said once for every edition.

    for each kernel of `Kernels`:  edition.name(arguments, in this order) -> arrays

An edition is a module, or a namespace, of functions with these names and arguments. A kernel leaves its
arguments as they are and returns new arrays. Floats keep the dtype of the features; indices among the results
are int64. Arrays are (N, C, H, W): images, channels, rows, columns. Pairs are (y, x).
"""

from typing import Protocol

import numpy as np

from minimaskrcnn.kernels.roi_rules import RoIRule

Array = np.ndarray
Pair = tuple[int, int]
Shape = tuple[int, ...]
MapShape = tuple[int, int, int, int]
Step = tuple[float, float]


class Kernels(Protocol):
    """An edition of the kernels."""

    # ---- convolution -----------------------------------------------------------------------------------

    def conv2d(
        self,
        x: Array,
        weight: Array,
        bias: Array | None,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Array:
        """Dot product of every window with every filter of its group (a correlation: nothing is flipped).

            out[n, o, oy, ox] = bias[o] + sum over (c, ky, kx) of
                weight[o, c, ky, kx] * x[n, g*C/groups + c, oy*SY - PY + ky*DY, ox*SX - PX + kx*DX]

        where g is the group of o; cells outside the map are 0.

        Parameters
        ----------
        x : (N, C, H, W) float array
        weight : (O, C/groups, KH, KW), dtype of x
        bias : (O,) or None
        stride, padding, dilation : in cells of x
        groups : divides C and O

        Returns
        -------
        out : (N, O, OH, OW), dtype of x
        """

    def conv2d_input_grad(
        self,
        grad: Array,
        weight: Array,
        x_shape: Shape,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Array:
        """Gradient (N, C, H, W) of the features, from that of the output, (N, O, OH, OW)."""

    def conv2d_weight_grad(
        self,
        grad: Array,
        x: Array,
        weight_shape: Shape,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Array:
        """Gradient (O, C/groups, KH, KW) of the filters, from that of the output, (N, O, OH, OW)."""

    def conv_transpose2d(
        self,
        x: Array,
        weight: Array,
        bias: Array | None,
        stride: Pair,
        padding: Pair,
        output_padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Array:
        """Every cell of x stamps its filter, scaled by its value, onto the output; stamps that overlap add.

        For every channel i of x in group g, then + bias:

            out[n, g*C_out/groups + c, iy*SY - PY + ky*DY, ix*SX - PX + kx*DX]
                += x[n, i, iy, ix] * weight[i, c, ky, kx]

        It is the adjoint of conv2d with the same weight: <conv2d(a), b> = <a, conv_transpose2d(b)>.

        Parameters
        ----------
        x : (N, C_in, H, W) float array
        weight : (C_in, C_out/groups, KH, KW), dtype of x
        bias : (C_out,) or None
        stride, padding, dilation : in cells of the output
        output_padding : rows and columns added at the far side of the output
        groups : divides C_in and C_out

        Returns
        -------
        out : (N, C_out, OH, OW), dtype of x, with OH = (H-1)*SY - 2*PY + DY*(KH-1) + output_padding_y + 1
        """

    def conv_transpose2d_input_grad(
        self, grad: Array, weight: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> Array:
        """Gradient (N, C_in, H, W) of the features, from that of the output, (N, C_out, OH, OW)."""

    def conv_transpose2d_weight_grad(
        self,
        grad: Array,
        x: Array,
        weight_shape: Shape,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
    ) -> Array:
        """Gradient (C_in, C_out/groups, KH, KW) of the filters, from that of the output."""

    # ---- pooling ---------------------------------------------------------------------------------------

    def max_pool2d(
        self, x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
    ) -> tuple[Array, Array]:
        """Largest value under each window, and where it was.

        out[n, c, oy, ox] = max over (ky, kx) of x[n, c, oy*SY - PY + ky*DY, ox*SX - PX + kx*DX]; cells
        outside the map do not compete. Of equal values the first in row-major order wins; a window with a
        NaN gives NaN.

        Parameters
        ----------
        x : (N, C, H, W) float array
        kernel, stride, padding, dilation : in cells of x
        ceil_mode : whether a last window that hangs over the far edge counts

        Returns
        -------
        out : (N, C, OH, OW), dtype of x
        argmax : (N, C, OH, OW) int64, flat index y*W + x of the winner
        """

    def max_pool2d_backward(self, grad: Array, argmax: Array, x_shape: Shape) -> Array:
        """Gradient (N, C, H, W) of the features; a cell that won in several windows adds what they hand it.

        Parameters
        ----------
        grad, argmax : (N, C, OH, OW)
        x_shape : (N, C, H, W)
        """

    def avg_pool2d(
        self, x: Array, kernel: Pair, stride: Pair, padding: Pair, ceil_mode: bool, count_include_pad: bool
    ) -> Array:
        """Mean of the cells under each window.

        out[n, c, oy, ox] = sum of the window's cells inside the map / count, where count is the number of
        its cells inside the map or, with `count_include_pad`, inside the map and its padding. Cells beyond
        the padding never count.

        Parameters
        ----------
        x : (N, C, H, W) float array
        kernel, stride, padding : in cells of x
        ceil_mode : whether a last window that hangs over the far edge counts
        count_include_pad : whether zeros of the padding are part of the mean

        Returns
        -------
        out : (N, C, OH, OW), dtype of x
        """

    def avg_pool2d_backward(
        self,
        grad: Array,
        x_shape: Shape,
        kernel: Pair,
        stride: Pair,
        padding: Pair,
        ceil_mode: bool,
        count_include_pad: bool,
    ) -> Array:
        """Gradient (N, C, H, W) of the features, from that of the output, (N, C, OH, OW)."""

    # ---- normalisation ---------------------------------------------------------------------------------

    def batch_norm(self, x: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array, Array]:
        """Normalise each channel with the statistics of the batch (Ioffe and Szegedy 2015, algorithm 1).

        out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c]

        Parameters
        ----------
        x : (N, C, H, W) float array
        weight, bias : (C,), dtype of x
        eps : added to the variance

        Returns
        -------
        out : (N, C, H, W), dtype of x
        mean, var : (C,), statistics of the batch; var is biased (divided by N*H*W)
        """

    def batch_norm_backward(
        self, grad: Array, x: Array, weight: Array, mean: Array, var: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Gradients dx (N, C, H, W), dweight and dbias (C,), through the statistics as well."""

    def affine_norm(self, x: Array, mean: Array, var: Array, weight: Array, bias: Array, eps: float) -> Array:
        """Normalise each channel with given statistics: batch norm when it evaluates, or is frozen.

        out[:, c] = (x[:, c] - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], dtype of x

        Parameters
        ----------
        x : (N, C, H, W) float array
        mean, var, weight, bias : (C,), dtype of x
        """

    def affine_norm_backward(
        self, grad: Array, x: Array, mean: Array, var: Array, weight: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Gradients dx (N, C, H, W), dweight and dbias (C,), with the statistics held constant."""

    def group_norm(
        self, x: Array, num_groups: int, weight: Array, bias: Array, eps: float
    ) -> tuple[Array, Array, Array]:
        """Normalise each group of channels of each image by itself (Wu and He 2018, equations 1 to 3).

        out[n, c] = (x[n, c] - mean[n, g]) * rstd[n, g] * weight[c] + bias[c], where g is the group of c
        and rstd = 1 / sqrt(var + eps) with the biased variance of the group.

        Parameters
        ----------
        x : (N, C, H, W) float array
        num_groups : divides C; channels of a group are neighbours
        weight, bias : (C,), dtype of x

        Returns
        -------
        out : (N, C, H, W), dtype of x
        mean, rstd : (N, num_groups)
        """

    def group_norm_backward(
        self, grad: Array, x: Array, num_groups: int, weight: Array, mean: Array, rstd: Array
    ) -> tuple[Array, Array, Array]:
        """Gradients dx (N, C, H, W), dweight and dbias (C,), through the statistics as well."""

    # ---- resizing --------------------------------------------------------------------------------------

    def resize_nearest(self, x: Array, size: Pair, step: Step) -> Array:
        """Copy a cell: out[n, c, oy, ox] = x[n, c, floor(oy*step_y), floor(ox*step_x)].

        Parameters
        ----------
        x : (N, C, H, W) float array
        size : (OH, OW)
        step : (y, x), cells of x from one output cell to the next; positions are computed in float32, as in
            torch, which decides what is read where oy*step is all but a whole number

        Returns
        -------
        out : (N, C, OH, OW), dtype of x
        """

    def resize_nearest_backward(self, grad: Array, x_shape: Shape, step: Step) -> Array:
        """Gradient (N, C, H, W) of the features: each output cell hands its own to the cell it copied."""

    def resize_bilinear(self, x: Array, size: Pair, step: Step, align_corners: bool) -> Array:
        """Weighted mean of the four source cells around each output cell; positions are clamped to the map.

        By default cells are areas: the centre of output cell i lies at (i + 0.5)*step - 0.5 in the source.

        Parameters
        ----------
        x : (N, C, H, W) float array
        size : (OH, OW)
        step : (y, x), cells of x from one output cell to the next; not used with `align_corners`
        align_corners : whether cells are points, and the corner cells of both maps coincide

        Returns
        -------
        out : (N, C, OH, OW), dtype of x
        """

    def resize_bilinear_backward(self, grad: Array, x_shape: Shape, step: Step, align_corners: bool) -> Array:
        """Gradient (N, C, H, W) of the features: each output cell hands its own to its four source cells."""

    # ---- regions of interest ---------------------------------------------------------------------------
    # rois : (K, 5) float array, the index of the image and the box x1, y1, x2, y2 in pixels
    # output_size : (OH, OW), bins;  spatial_scale : cells of the map per pixel

    def roi_align(
        self,
        x: Array,
        rois: Array,
        output_size: Pair,
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> Array:
        """Mean of bilinear points in each bin, nothing rounded (He et al. 2017, section 3).

        Every rule of `roi_rules` with the mean of bilinear points and no switch but `aligned` comes here.

        Parameters
        ----------
        x : (N, C, H, W) float array
        rois, output_size, spatial_scale : as above
        sampling_ratio : points per bin and axis; 0 or less chooses ceil(bin length) for each box
        aligned : whether half a cell is taken off after scaling

        Returns
        -------
        out : (K, C, OH, OW), dtype of x
        """

    def roi_align_backward(
        self,
        grad: Array,
        rois: Array,
        x_shape: MapShape,
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> Array:
        """Gradient (N, C, H, W) of the features, from that of the output, (K, C, OH, OW)."""

    def roi_pool(self, x: Array, rois: Array, output_size: Pair, spatial_scale: float) -> tuple[Array, Array]:
        """Largest cell of each bin, box and bins rounded to whole cells (Girshick 2015, section 2.1).

        Returns
        -------
        out : (K, C, OH, OW), dtype of x; 0 for an empty bin
        argmax : (K, C, OH, OW) int64, flat index y*W + x of the winner; -1 for an empty bin
        """

    def roi_pool_backward(self, grad: Array, rois: Array, argmax: Array, x_shape: MapShape) -> Array:
        """Gradient (N, C, H, W) of the features; a cell that won in several bins adds what they hand it."""

    def roi_features(
        self, x: Array, rois: Array, output_size: Pair, spatial_scale: float, rule: RoIRule
    ) -> tuple[Array, Array | None]:
        """Any member of the family: the mean, or the largest, of the points that the rule reads in each bin.

        The model asks `roi_align` and `roi_pool` for the rules that are theirs, and this kernel for the rest.

        Returns
        -------
        out : (K, C, OH, OW), dtype of x
        argmax : None for a mean; else (K, C, OH, OW) int64
            The winner: a flat cell y*W + x where whole cells are read, the row-major number of the point in
            its bin where points are; -1 where nothing competed.
        """

    def roi_features_backward(
        self,
        grad: Array,
        rois: Array,
        argmax: Array | None,
        x_shape: MapShape,
        spatial_scale: float,
        rule: RoIRule,
    ) -> Array:
        """Gradient (N, C, H, W) of the features, from that of the output, (K, C, OH, OW)."""

    # ---- boxes -----------------------------------------------------------------------------------------

    def nms(self, boxes: Array, scores: Array, iou_threshold: float) -> Array:
        """Non-maximum suppression: indices of the boxes that survive, best score first.

        A box goes if its IoU with a kept one exceeds the threshold; a NaN never does. Equal scores: by index.

        Parameters
        ----------
        boxes : (N, 4) float array, x1 y1 x2 y2; the IoU is worked out in their precision
        scores : (N,) float array; NaN comes before all others

        Returns
        -------
        keep : (M,) int64
        """


KERNELS: tuple[str, ...] = tuple(name for name in vars(Kernels) if not name.startswith("_"))
"""The names of all kernels, in the order of the contract."""
