"""Masks of one picture, each kept as the part that lies in its box: a large picture holds mostly zeros.

    masks = model.predict([image])[0].masks    behaves as a (D, H, W) bool array
    masks[3]                                   one whole mask (H, W)
    masks.crops[3], masks.windows[3]           the same mask, cut out, and where it was cut out
    np.asarray(masks)                          the whole array, D * H * W bytes

Three hundred nuclei in a picture of 6,000 x 6,000 pixels are 10 GB as an array and 4 MB in their boxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minimaskrcnn.detection.boxes import boxes_from_masks
from minimaskrcnn.errors import InputError


class BoxMasks(NDArrayOperatorsMixin):
    """A read-only (D, H, W) bool array of which each mask is stored cut to a window, and False outside it.

    Indexing along the first axis gives one whole mask, or `BoxMasks` of several. Whatever else an array can
    do (operators, methods, other indices, NumPy's functions) is asked of the whole array, made for the
    occasion.

    Parameters
    ----------
    crops : sequence of D (h, w) bool arrays, not copied
    corners : (D, 2) int array
        Where the first pixel of each crop lies in the picture: x, y.
    size : (H, W) of the picture

    Attributes
    ----------
    crops : list of (h, w) bool arrays
    windows : (D, 4) int64, x1 y1 x2 y2 of each crop in pixels, x2 and y2 excluded
    shape : (D, H, W)

    Raises
    ------
    InputError
        If a crop is not a bool array of two axes, or leaves the picture.

    Examples
    --------
    >>> masks = BoxMasks([np.ones((1, 2), bool)], np.array([[1, 0]]), (2, 4))
    >>> masks[0].astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 0, 0]])
    >>> masks.areas(), np.array_equal(~~masks, masks)
    (array([2]), True)
    """

    dtype = np.dtype(bool)
    ndim = 3

    def __init__(self, crops: Sequence[np.ndarray], corners: np.ndarray, size: tuple[int, int]):
        for k, crop in enumerate(crops):
            if np.ndim(crop) != 2 or crop.dtype != bool:
                raise InputError(f"BoxMasks: crops[{k}] must be an (h, w) bool array; use mask > 0.")
        sides = np.array([crop.shape[::-1] for crop in crops], np.int64).reshape(len(crops), 2)  # (D, w h)
        if np.shape(corners) != sides.shape:
            raise InputError(
                f"BoxMasks: corners must be {sides.shape}, x and y of each crop; got {np.shape(corners)}."
            )
        first = np.asarray(corners, np.int64)
        outside = np.flatnonzero(((first < 0) | (first + sides > size[::-1])).any(axis=1))
        if len(outside):
            raise InputError(
                f"BoxMasks: crops[{outside[0]}] leaves the {size[0]} x {size[1]} picture; cut it there."
            )
        self.crops, self.windows = list(crops), np.concatenate([first, first + sides], axis=1)
        self.shape = (len(crops), *size)

    @classmethod
    def of(cls, masks: np.ndarray | BoxMasks) -> BoxMasks:
        """Masks as they are, or an array (N, H, W) seen through the smallest window around each mask.

        The crops of an array are views of it.

        Examples
        --------
        >>> BoxMasks.of(np.eye(4, dtype=bool)[None, 1:3]).windows
        array([[1, 0, 3, 2]])
        """
        if isinstance(masks, BoxMasks):
            return masks
        if np.ndim(masks) != 3 or masks.dtype != bool:
            raise InputError(
                f"masks: must be (N, H, W) bool; got {np.shape(masks)} {getattr(masks, 'dtype', '')}. "
                "Use masks > 0."
            )
        windows = (
            boxes_from_masks(masks).astype(np.int64) if masks.size else np.zeros((len(masks), 4), np.int64)
        )
        crops = [mask[y1:y2, x1:x2] for mask, (x1, y1, x2, y2) in zip(masks, windows, strict=True)]
        return cls(crops, windows[:, :2], masks.shape[1:])

    def areas(self) -> np.ndarray:
        """Count the pixels of each mask, (D,) int64."""
        return np.array([np.count_nonzero(crop) for crop in self.crops], np.int64)

    def boxes(self) -> np.ndarray:
        """The smallest box around each mask, (D, 4) float32, as `boxes_from_masks` of the whole array."""
        boxes = np.zeros((len(self), 4), np.float32)
        for box, crop, window in zip(boxes, self.crops, self.windows, strict=True):
            rows, columns = np.flatnonzero(crop.any(axis=1)), np.flatnonzero(crop.any(axis=0))
            if len(rows):
                box[:] = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
                box += np.tile(window[:2], 2)
        return boxes

    def cells(self, rows: np.ndarray, columns: np.ndarray) -> BoxMasks:
        """The masks at the crossings of some rows and columns, each in ascending order, as an index would.

        Parameters
        ----------
        rows : (H',) int array
        columns : (W',) int array

        Returns
        -------
        BoxMasks, (D, H', W') : the same as ``masks[:, rows][:, :, columns]``

        Examples
        --------
        >>> masks = BoxMasks([np.ones((1, 2), bool)], np.array([[1, 0]]), (2, 4))
        >>> masks.cells(np.array([0]), np.array([0, 1, 1])).astype(int)
        array([[[0, 1, 1]]])
        """
        x1, x2 = np.searchsorted(columns, self.windows[:, [0, 2]].T)
        y1, y2 = np.searchsorted(rows, self.windows[:, [1, 3]].T)
        crops = [
            crop[np.ix_(rows[top:bottom] - window[1], columns[left:right] - window[0])]
            for crop, window, left, top, right, bottom in zip(
                self.crops, self.windows, x1, y1, x2, y2, strict=True
            )
        ]
        return BoxMasks(crops, np.stack([x1, y1], axis=1), (len(rows), len(columns)))

    def __len__(self) -> int:
        """Number of masks."""
        return len(self.crops)

    def __iter__(self) -> Iterator[np.ndarray]:
        """One whole mask (H, W) after the other."""
        return (self._whole(k) for k in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple) or np.ndim(index) > 1:
            return np.asarray(self)[index]
        chosen = np.arange(len(self))[index]  # by NumPy's own rules
        if chosen.ndim == 0:
            return self._whole(chosen)
        if chosen.ndim > 1:
            return np.asarray(self)[index]
        return BoxMasks([self.crops[k] for k in chosen], self.windows[chosen, :2], self.shape[1:])

    def _whole(self, k: int) -> np.ndarray:
        mask = np.zeros(self.shape[1:], bool)
        x1, y1, x2, y2 = self.windows[k]
        mask[y1:y2, x1:x2] = self.crops[k]
        return mask

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """The whole array, (D, H, W); always a new one."""
        if copy is False:
            raise ValueError("BoxMasks hold no whole array that could be handed out without making it")
        whole = np.zeros(self.shape, self.dtype if dtype is None else dtype)
        for mask, crop, (x1, y1, x2, y2) in zip(whole, self.crops, self.windows, strict=True):
            mask[y1:y2, x1:x2] = crop
        return whole

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Arithmetic and comparison are those of the whole array; nothing can be written into the masks."""
        if any(isinstance(answer, BoxMasks) for answer in options.get("out", ())):
            return NotImplemented
        whole = [np.asarray(x) if isinstance(x, BoxMasks) else x for x in inputs]
        return getattr(ufunc, method)(*whole, **options)

    def __getattr__(self, name: str) -> Any:
        """What only an array has (`sum`, `any`, `astype`, ...) is asked of the whole array."""
        if name.startswith("_"):  # protocols, such as those of copying and of NumPy's interfaces
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __repr__(self) -> str:
        """Their number and the size of the picture; the pixels would fill pages."""
        number, height, width = self.shape
        return f"<BoxMasks: {number} of {height} x {width} pixels>"
