"""Every number of the fast edition that was found by measuring, in one table.

Another value gives the same answers, or in a sum others in the last digits, at another speed. All were chosen
on the machine of benchmarks/results.md (AMD EPYC, 2 cores; OpenBLAS 0.3.31, kernel SkylakeX; NumPy 2.4), by
the rows of `benchmarks.run` that the headings name. `python -m benchmarks.tuning NAME` times other values.
"""

# ---- copies and cores: rows "conv2d" ---------------------------------------------------------------------

SHARED_COPY_BYTES = 1 << 20
"""Copy a map of at least this many bytes in pieces, on several cores."""

CHANNELS_PER_COPY = 8
"""Copy this many channels at once where all channels of a cell fall on the same places of the first cache."""

TOTALS = 4
"""Keep a sum over pieces in this many totals; at most this many cores help. It decides the last digits."""

SHARED_WORK = 8_000_000
"""Cut a map into two parts at least, one for another core, from this many multiplications on."""

# ---- convolution by strips: rows "conv2d" ----------------------------------------------------------------

STRIP_BYTES = 4 << 20
"""Keep a strip and its product within this many bytes: they fit the outer cache and still have many rows."""

MANY_WINDOWS = 20
"""Use strips from this many windows per filter on: each phase of a strip reads all filters again."""

FEW_CHANNELS = 4
"""Copy up to this many channels one by one, so that it does not matter how they lie in memory."""

LARGE_IMAGE = 1 << 15
"""Give an image that is not stored channels-last a matrix product of its own from this many numbers on."""

SMALL_MATRIX = 4096
"""Lay filters of up to this many weights out in columns: the BLAS multiplies small matrices faster so."""

DEPTHWISE_RUN = 256
"""Read a map of fewer channels row by row, and one of more cell by cell, in a depthwise convolution."""

DEPTHWISE_BYTES = 1 << 20
"""Work on bands of this many bytes in a depthwise convolution: a band stays in a core's cache."""

# ---- convolution by Winograd's method: rows "conv2d" -----------------------------------------------------

WINOGRAD_CHANNELS = 64
"""Use it from this many channels on; with fewer, the changes of basis cost more than the products save."""

WINOGRAD_TILES = 128
"""Work on about this many tiles at once: rows enough for a good product, few enough for the outer cache."""

WINOGRAD_COLUMNS = 1 << 14
"""Change the basis of this many filters (pairs of channels) at once."""

ROW_GAP = 16
"""Leave this many numbers between two rows of a matrix: one line of the cache."""

# ---- pooling: rows "max_pool2d" --------------------------------------------------------------------------

POOL_BYTES = 1 << 18
"""Read this many bytes of a map at once; the maximum and its position, made from them, fit the cache too."""

# ---- operators on RoIs: rows "roi_align", "roi_pool" -----------------------------------------------------

ROI_FEW_CHANNELS = 4
"""Use two small dense products per RoI for up to this many channels; a sparse matrix pays only for more."""

ROI_BYTES = 1 << 20
"""Compute this many bytes of bins at once, so that they are put in place while they are in the cache."""

ROI_NEAR_BINS = 49
"""Put this many bins in place at once: addresses 1 KiB apart share about 48 places of the first cache."""

ROI_GRAD_CHANNELS = 128
"""Hand back the gradient of this many channels at once."""

MATRIX_ENTRIES = 1 << 17
"""Spread this many entries of the sparse matrix over the plane at once."""

CELL_MAX_ROIS = 32
"""Take the maximum over whole cells of this many RoIs in one piece."""

CELL_MAX_PLANES = 32
"""Hand back the gradient of a maximum for this many channels at once: their planes stay in the cache."""

POINT_MAX_ROIS = 32
"""Hold the bilinear points of this many RoIs in memory at once."""

# ---- non-maximum suppression: rows "nms" -----------------------------------------------------------------

NMS_BLOCK = 128
"""Let this many boxes settle matters among themselves before they clear the rest."""

NMS_TILE = 1024
"""Compare a block with this many boxes at once, so that the table of overlaps stays in the cache."""
