"""The RoI operators as one family: a rule is six switches; the published ones are named points.

====================  ============  ===========  =============  ==============  ======  =======
name                  quantise_box  include_end  quantise_bins  sampling_ratio  reduce  aligned
====================  ============  ===========  =============  ==============  ======  =======
``ROI_POOL``          yes           yes          yes            None (cells)    max     no
``ROI_WARP_END``      yes           yes          no             2 (bilinear)    mean    no
``ROI_WARP_END_MAX``  yes           yes          no             2 (bilinear)    max     no
``ROI_WARP``          yes           no           no             2 (bilinear)    mean    no
``ROI_WARP_MAX``      yes           no           no             2 (bilinear)    max     no
``ROI_ALIGN``         no            no           no             2 (bilinear)    mean    no
``ROI_ALIGN_MAX``     no            no           no             2 (bilinear)    max     no
``ROI_ALIGN_V2``      no            no           no             2 (bilinear)    mean    yes
====================  ============  ===========  =============  ==============  ======  =======

The steps every rule goes through, for each of the two directions (sizes in cells of the feature map):

1. scale:   ``start, end = coordinate * spatial_scale``, less half a cell when ``aligned``.
2. box:     quantised, ``start, end = round(start), round(end)``, halves away from zero.
3. size:    ``size = end - start``, one more with ``include_end``; at least 1 unless ``aligned``.
4. bins:    bin p is ``[start + p*size/bins, start + (p+1)*size/bins)``; quantised, its ends move outwards to
            whole cells (floor, ceil), so that neighbours may overlap.
5. sample:  the whole cells of the bin (those whose index lies in it), or n evenly spaced points read by
            bilinear interpolation; n is ``sampling_ratio``, or ``ceil(bin length)`` where that is <= 0.
6. reduce:  the mean or the largest.

Cells outside the map are not there. A point below -1 or beyond the map's side is outside: it counts as a zero
in a mean and does not compete in a maximum. Other points are clamped to the map. An empty bin is 0.

RoIWarp is RoIAlign with one switch thrown, the rounded box: so it stands in table 2c of Mask R-CNN, and so
the code of its authors (MNC) computes the size, ``end - start``. That code reads one point at the start of
each cell of a finer grid, and then pools; here every bilinear rule reads the same points. ``ROI_WARP_END``
adds RoIPool's end cell. It was called RoIWarp here before the end had a switch of its own.

Sources: RoIPool, Girshick 2015 (Fast R-CNN, section 2.1); RoIWarp, Dai et al. 2016 (MNC, section 3.2), with
the quantised box that He et al. 2017 (Mask R-CNN, section 3 and table 2c) ascribe to it; RoIAlign, He et al.
2017.
"""

from dataclasses import dataclass, replace

from minimaskrcnn.errors import InputError


@dataclass(frozen=True)
class RoIRule:
    """How a box becomes a fixed grid of numbers; see the module for what each switch means.

    Parameters
    ----------
    quantise_box : bool
        Round the scaled box to whole cells.
    quantise_bins : bool
        Widen every bin to whole cells.
    sampling_ratio : int or None
        None reads the whole cells of a bin; n > 0 reads n x n bilinear points; n <= 0 chooses n for each box.
    reduce : {"mean", "max"}
    aligned : bool
        Shift by half a cell, so that continuous coordinate 0.5 is the centre of cell 0. As in torchvision,
        boxes may then be smaller than a cell.
    include_end : bool
        The cell at the end belongs to the box: its size is one more.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(ROI_ALIGN, aligned=True) == ROI_ALIGN_V2
    True
    """

    quantise_box: bool
    quantise_bins: bool
    sampling_ratio: int | None
    reduce: str
    aligned: bool
    include_end: bool = False

    def __post_init__(self) -> None:
        """Refuse a reduction that does not exist."""
        if self.reduce not in ("mean", "max"):
            raise InputError(f"RoIRule: reduce must be 'mean' or 'max'; got {self.reduce!r}.")

    @property
    def is_align(self) -> bool:
        """Whether this is RoIAlign: the mean of bilinear points in the box as it is."""
        changes_box = self.quantise_box or self.include_end or self.quantise_bins
        return not changes_box and self.sampling_ratio is not None and self.reduce == "mean"


ROI_ALIGN = RoIRule(quantise_box=False, quantise_bins=False, sampling_ratio=2, reduce="mean", aligned=False)
ROI_ALIGN_MAX = replace(ROI_ALIGN, reduce="max")
ROI_ALIGN_V2 = replace(ROI_ALIGN, aligned=True)
ROI_WARP = replace(ROI_ALIGN, quantise_box=True)
ROI_WARP_MAX = replace(ROI_WARP, reduce="max")
ROI_WARP_END = replace(ROI_WARP, include_end=True)
ROI_WARP_END_MAX = replace(ROI_WARP_END, reduce="max")
ROI_POOL = replace(ROI_WARP_END_MAX, quantise_bins=True, sampling_ratio=None)
