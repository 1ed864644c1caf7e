"""One step of the pyramid: the coarse map, enlarged to twice its size, plus the fine one from the side."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.exercises.drawing import draw_values
from minimaskrcnn.exercises.exercise import Case, Exercise
from minimaskrcnn.exercises.wording import in_words


def reference(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The package's own enlarging, as its pyramid uses it."""
    height, width = side.shape[1:]
    return ops.interpolate(Tensor(top[None]), size=(height, width), mode="nearest").data[0] + side


def world() -> Iterator[Case]:
    """Coarse maps of 1 to 3 cells, fine maps of twice as many or one less; one channel, then two."""
    for channels, h, w in itertools.product((1, 2), (1, 2, 3), (1, 2, 3)):
        top = 10 * np.arange(1.0, channels * h * w + 1).reshape(channels, h, w)
        for height, width in itertools.product((2 * h, 2 * h - 1), (2 * w, 2 * w - 1)):
            yield top, np.arange(1.0, channels * height * width + 1).reshape(channels, height, width)


def draw(ax: Axes, value: Any, top: np.ndarray, side: np.ndarray) -> str:
    """The first channel of the sum."""
    draw_values(ax, value[0])
    return f"the sum; coarse {in_words(top[0])}, fine {in_words(side[0])}"


def merged(
    top: np.ndarray, side: np.ndarray, cell: Callable[[np.ndarray, int, int], np.ndarray]
) -> np.ndarray:
    """`cell(i, coarse, fine)` names the coarse cell that each fine cell i reads, along one axis."""
    rows, columns = (
        cell(np.arange(fine), coarse, fine)
        for coarse, fine in zip(top.shape[1:], side.shape[1:], strict=True)
    )
    return side + top[:, rows][:, :, columns]


def tiled(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """`np.tile` repeats the map, `repeat` repeats its cells."""
    return merged(top, side, lambda i, coarse, fine: i % coarse)


def no_odd_sides(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The enlarged map is one cell too large if the fine one has an odd side."""
    return side + top.repeat(2, axis=1).repeat(2, axis=2)


def rounded_up(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """A fine cell reads the coarse cell that begins after it."""
    return merged(top, side, lambda i, coarse, fine: np.minimum((i + 1) // 2, coarse - 1))


def corners_aligned(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """First and last cells are laid on each other, and the steps between are stretched."""

    def cell(i: np.ndarray, coarse: int, fine: int) -> np.ndarray:
        return np.floor(i * (coarse - 1) / max(fine - 1, 1) + 0.5).astype(int)

    return merged(top, side, cell)


def averaged(top: np.ndarray, side: np.ndarray) -> np.ndarray:
    """The mean of the two terms."""
    return merged(top, side, lambda i, coarse, fine: i // 2) / 2


EXERCISE = Exercise(
    name="merge",
    task="Write my_merge(top, side): top (C, h, w) is the coarse map, side (C, H, W) the fine one, already "
    "brought to the same channels; H is 2h or 2h - 1, and W likewise. Return side plus top enlarged by "
    "its nearest cells, (C, H, W): fine cell i reads coarse cell i // 2.",
    reference=reference,
    world=world,
    draw=draw,
    hints=(
        "Each coarse cell becomes a square of 2 x 2 equal cells: repeat along both axes.",
        "np.repeat doubles every cell; np.tile repeats the whole map, which is something else.",
        "A side of 5 becomes 3 on the coarse map and 6 when enlarged. Cut it to [:, :H, :W].",
    ),
    wrong={
        "the map is tiled": tiled,
        "no odd sides": no_odd_sides,
        "rounded up": rounded_up,
        "corners are aligned": corners_aligned,
        "the mean of both": averaged,
    },
)
