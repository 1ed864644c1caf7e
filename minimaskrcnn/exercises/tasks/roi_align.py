"""RoIAlign of one box, aligned: 2 x 2 bilinear samples in each bin, their mean, nothing rounded."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import kernels
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words
from minimaskrcnn.exercises.worlds import boxes_on
from minimaskrcnn.viz.style import VERMILLION, halo

SIDE = 4
DIGITS = np.array([[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8], [9, 7, 9, 3]], float)
MAP = np.stack([DIGITS, DIGITS.T])  # (2, y, x)
EDGES = [0.0, 0.5, 1.25, 2.0, 3.0, 4.0]
SAMPLES = 2  # per direction in each bin


def reference(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The package's kernel, for one box of one picture."""
    roi = np.concatenate([[0], box])[None].astype(features.dtype)  # (1, 5): picture, x1 y1 x2 y2
    return kernels.active().roi_align(features[None], roi, (bins, bins), 1.0, SAMPLES, True)[0]


def world() -> Iterator[Case]:
    """Two channels of 4 x 4 cells, and all boxes on a few edges; one bin, then 2 x 2."""
    for bins in (1, 2):
        for box in boxes_on(EDGES):
            yield MAP, box, bins


def draw(ax: Axes, value: Any, features: np.ndarray, box: np.ndarray, bins: int) -> str:
    """The first channel with the bins and the samples on it; cell i is the square [i, i + 1)."""
    draw_values(ax, features[0])
    draw_bins(ax, box, bins)
    outputs = " and ".join(in_words(channel) for channel in value)
    return f"output {outputs}; red: the box in the first channel, dots: where to read"


def draw_bins(ax: Axes, box: np.ndarray, bins: int) -> None:
    """The bins of a box on a map, and the samples in them."""
    x1, y1, x2, y2 = box - 0.5  # the picture puts the centre of cell 0 at 0
    for edge in np.linspace(0, 1, bins + 1):
        ax.plot([x1 + edge * (x2 - x1)] * 2, [y1, y2], color=VERMILLION, linewidth=2)
        ax.plot([x1, x2], [y1 + edge * (y2 - y1)] * 2, color=VERMILLION, linewidth=2)
    samples = (np.arange(bins * SAMPLES) + 0.5) / (bins * SAMPLES)
    xs, ys = np.meshgrid(x1 + samples * (x2 - x1), y1 + samples * (y2 - y1))
    ax.plot(xs.ravel(), ys.ravel(), ".", color="white", markersize=5, path_effects=halo(1.2))


def bilinear(features: np.ndarray, y: float, x: float, beyond: Any = "clip") -> np.ndarray:
    """The channels (C,) between the four cells around (y, x); `beyond` the map as `np.take` has it."""
    top, left = int(np.floor(y)), int(np.floor(x))
    rows = features.take([top, top + 1], axis=1, mode=beyond)
    corners = rows.take([left, left + 1], axis=2, mode=beyond)  # (C, 2, 2)
    return corners @ np.array([1 - (x - left), x - left]) @ np.array([1 - (y - top), y - top])


def roi_align(
    features: np.ndarray,
    box: np.ndarray,
    bins: int,
    shift: float = 0.5,
    within: float = 0.5,
    samples: int = SAMPLES,
    read: Callable[..., np.ndarray] = bilinear,
    reduce: Callable[..., np.ndarray] = np.mean,
) -> np.ndarray:
    """RoIAlign with everything that people get wrong as an argument."""
    x1, y1, x2, y2 = box - shift
    steps = (np.arange(bins * samples) + within) / (bins * samples)  # in box lengths
    ys, xs = y1 + steps * (y2 - y1), x1 + steps * (x2 - x1)
    values = np.array([[read(features, y, x) for x in xs] for y in ys])  # (bins * S, bins * S, C)
    cells = values.reshape(bins, samples, bins, samples, -1)
    return reduce(cells, axis=(1, 3)).transpose(2, 0, 1)  # (bins, bins, C) -> (C, bins, bins)


def no_half_cell(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The operator of the first implementations, half a cell too far to the lower right."""
    return roi_align(features, box, bins, shift=0)


def x_and_y_swapped(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """`features[:, x, y]`."""
    return roi_align(features, box, bins, read=lambda f, y, x: bilinear(f, x, y))


def wrapped_round(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """Index -1 is the last row: Python counts from the end."""
    return roi_align(features, box, bins, read=lambda f, y, x: bilinear(f, y, x, beyond="wrap"))


def samples_at_the_corners(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The samples begin at the edge of the bin, not in the middle of its quarters."""
    return roi_align(features, box, bins, within=0)


def one_sample(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The centre of each bin only."""
    return roi_align(features, box, bins, samples=1)


def box_is_rounded(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """What RoIAlign was invented to avoid."""
    return roi_align(features, np.floor(box + 0.5), bins)


def maximum_for_mean(features: np.ndarray, box: np.ndarray, bins: int) -> np.ndarray:
    """The largest sample, as in RoIPool."""
    return roi_align(features, box, bins, reduce=np.max)


def as_kernel(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel gets all boxes of all pictures, in pixels; an answer gets one box, in cells."""

    def kernel(
        x: np.ndarray,
        rois: np.ndarray,
        output_size: tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool,
    ) -> np.ndarray:
        shift = (
            0 if aligned else 0.5
        )  # an answer subtracts half a cell, which this model was not trained with
        out = [answer(x[int(roi[0])], roi[1:] * spatial_scale + shift, output_size[0]) for roi in rois]
        return np.asarray(out, x.dtype).reshape(len(rois), x.shape[1], *output_size)

    return kernel


EXERCISE = Exercise(
    name="roi_align",
    task="Write my_roi_align(features, box, bins): features (C, H, W), box (4,) x1 y1 x2 y2 in cells, where "
    "cell i covers [i, i + 1); return (C, bins, bins). Each bin is the mean of 2 x 2 bilinear samples in the "
    "middle of its quarters. Subtract half a cell from the box first: values stand at the centres of cells.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Along x there are 2 * bins samples; sample i stands at x1 + (i + 0.5) / (2 * bins) * (x2 - x1).",
        "The box loses 0.5 on all sides before that, because features[:, 0, 0] is the value at (0.5, 0.5).",
        "A sample may lie half a cell beyond the outermost centres. Clamp it to [0, H - 1] and [0, W - 1].",
    ),
    wrong={
        "without the half cell": no_half_cell,
        "x and y are swapped": x_and_y_swapped,
        "a negative index wraps round": wrapped_round,
        "samples at the corners": samples_at_the_corners,
        "one sample": one_sample,
        "the box is rounded": box_is_rounded,
        "the maximum for the mean": maximum_for_mean,
    },
    kernel=as_kernel,
)
