"""Anchors: the same few boxes at every cell of every feature map, from which the RPN starts.

An anchor of size s and aspect ratio r = h/w has area s*s: w = s / sqrt(r), h = s * sqrt(r).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minimaskrcnn.checks import check_number, check_pair_of_sides, describe
from minimaskrcnn.detection.checks import as_real
from minimaskrcnn.errors import InputError

SMALLEST, LARGEST = 1e-4, 1e6  # of a size in pixels, and of a ratio


class AnchorGenerator:
    """Anchors for a list of feature maps, one tuple of sizes (and of ratios) for each.

    The rules are torchvision's: the corners of a cell's anchors are rounded to whole pixels (halves to even),
    the anchors of cell (0, 0) are centred on the image's corner (no half-stride offset), the stride of an
    axis is ``image side // grid side``, and nothing is clipped to the image.

    Parameters
    ----------
    sizes : for each level the sizes of its anchors, pixels
    aspect_ratios : for each level its ratios h/w; one tuple alone serves every level

    Raises
    ------
    InputError
        If the two lists differ in length.

    Examples
    --------
    >>> anchors = AnchorGenerator(sizes=((32,), (64,)))
    >>> anchors.num_anchors_per_location()
    [3, 3]
    >>> anchors((64, 96), [(2, 3), (1, 1)])[0][:4]
    array([[-23., -11.,  23.,  11.],
           [-16., -16.,  16.,  16.],
           [-11., -23.,  11.,  23.],
           [  9., -11.,  55.,  11.]], dtype=float32)
    """

    def __init__(
        self,
        sizes: Sequence[Sequence[float]] = ((32,), (64,), (128,), (256,), (512,)),
        aspect_ratios: Sequence[Any] = (0.5, 1.0, 2.0),
    ) -> None:
        for name, values in (("sizes", sizes), ("aspect_ratios", aspect_ratios)):
            if not isinstance(values, tuple | list) or not values:
                raise InputError(
                    f"AnchorGenerator: {name} must have an entry for each level; got {describe(values)}."
                )
        each = isinstance(aspect_ratios[0], Sequence) and not isinstance(aspect_ratios[0], str | bytes)
        ratios = aspect_ratios if each else [aspect_ratios] * len(sizes)
        if len(ratios) != len(sizes):
            raise InputError(
                f"AnchorGenerator: sizes has {len(sizes)} levels and aspect_ratios {len(ratios)}; give one "
                "tuple of ratios for each level, or a single tuple for all."
            )
        self.cells = [cell_anchors(s, r) for s, r in zip(sizes, ratios, strict=True)]
        self.sizes = [tuple(map(float, level)) for level in sizes]

    def num_anchors_per_location(self) -> list[int]:
        """Number of anchors A in a cell of each level."""
        return [len(cell) for cell in self.cells]

    def __call__(
        self, image_size: tuple[int, int], grid_sizes: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """All anchors of an image (or batch) of one padded size.

        Parameters
        ----------
        image_size : (height, width) of the padded batch, pixels
        grid_sizes : (h, w) of each level's feature map, cells

        Returns
        -------
        anchors : a float32 array (h*w*A, 4) for each level, row by row, then the anchors of a cell

        Raises
        ------
        InputError
            If the number of maps is not the number of levels.
        """
        image_size = check_pair_of_sides("AnchorGenerator", image_size, "image_size")
        if not isinstance(grid_sizes, tuple | list):
            raise InputError(f"AnchorGenerator: grid_sizes must list (h, w); got {describe(grid_sizes)}.")
        if len(grid_sizes) != len(self.cells):
            raise InputError(
                f"AnchorGenerator: got {len(grid_sizes)} feature maps for {len(self.cells)} levels of "
                "anchors; sizes needs one entry for each feature map."
            )
        grid_sizes = [check_pair_of_sides("AnchorGenerator", g, "a feature map") for g in grid_sizes]
        strides = anchor_strides(image_size, grid_sizes)
        return [
            _shifted(cell, stride, grid)
            for cell, stride, grid in zip(self.cells, strides, grid_sizes, strict=True)
        ]


def anchor_strides(
    image_size: tuple[int, int], grid_sizes: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Distance (y, x) in pixels between neighbouring cells of each level: ``image side // grid side``.

    >>> anchor_strides((64, 96), [(16, 24), (8, 12)])
    [(4, 4), (8, 8)]
    """
    return [(image_size[0] // height, image_size[1] // width) for height, width in grid_sizes]


def cell_anchors(sizes: Sequence[float], aspect_ratios: Sequence[float]) -> np.ndarray:
    """The anchors of one cell, centred on the origin: (len(aspect_ratios) * len(sizes), 4), ratio by ratio.

    Examples
    --------
    >>> cell_anchors([32], [0.5])
    array([[-23., -11.,  23.,  11.]], dtype=float32)
    """
    size = _above_zero(sizes, "sizes")
    root = np.sqrt(_above_zero(aspect_ratios, "aspect_ratios"))[:, None]  # (R, 1)
    w, h = (1 / root * size).ravel(), (root * size).ravel()  # (R*S,)
    return np.round(np.stack([-w, -h, w, h], axis=1) / 2)


def _above_zero(values: Sequence[float], name: str) -> np.ndarray:
    """The numbers, all above 0, as float32 (N,)."""
    numbers = as_real("cell_anchors", values, name)
    if numbers.ndim != 1:
        raise InputError(f"cell_anchors: {name} must be a list of numbers > 0; got {describe(values)}.")
    for number in numbers:
        check_number("cell_anchors", number, f"each of {name}", least=SMALLEST, most=LARGEST)
    return numbers.astype(np.float32)


def _shifted(cell: np.ndarray, stride: tuple[int, int], grid: tuple[int, int]) -> np.ndarray:
    """A copy of the cell's anchors at every cell of the grid."""
    y, x = np.meshgrid(np.arange(grid[0]) * stride[0], np.arange(grid[1]) * stride[1], indexing="ij")
    corner = np.stack([x, y, x, y], axis=-1).astype(cell.dtype)  # (h, w, 4)
    return (corner[:, :, None] + cell).reshape(-1, 4)  # (h, w, A, 4) -> (h*w*A, 4)
