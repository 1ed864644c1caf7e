"""A colour for each object that differs from the object itself and, if it can, from the others' colours.

    gain(colour) = min(|colour - mean of the object|, 0.6) - 0.15 * (how many have it)

Objects choose one after the other, the best first: an orange mask on an orange object would hide
its own edge.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.inspection import Trace
from minimaskrcnn.viz.style import CLASS_COLOURS

ENOUGH = 0.6  # a distance in RGB, of 0 to 1.73, at which two colours are told apart easily
SHARED = 0.15  # what it costs to have another object's colour


def object_colours(
    image: np.ndarray, boxes: np.ndarray, masks: np.ndarray | BoxMasks | None = None
) -> list[str]:
    """Choose a colour for each object of a picture; the first objects do not depend on those after them.

    Parameters
    ----------
    image : (3, H, W) float array in [0, 1]
    boxes : (N, 4) float array, pixels of `image`
    masks : (N, H, W) bool array or BoxMasks, optional
        Without them an object is taken to fill the middle of its box.

    Examples
    --------
    >>> orange = np.array([0.9, 0.62, 0.0])[:, None, None] * np.ones((3, 8, 8))
    >>> object_colours(orange, np.array([[0.0, 0.0, 4.0, 4.0]]))[0] == CLASS_COLOURS[0]
    False
    """
    palette = np.array([to_rgb(colour) for colour in CLASS_COLOURS])  # (colours, 3)
    uses = np.zeros(len(palette))
    chosen = []
    for mean in _means(image, boxes, masks):
        apart = np.linalg.norm(palette - mean, axis=1)
        best = int(np.argmax(np.minimum(apart, ENOUGH) - SHARED * uses))
        uses[best] += 1
        chosen.append(CLASS_COLOURS[best])
    return chosen


def detection_colours(trace: Trace) -> list[str]:
    """Colours of the detections of a trace, the same in every figure."""
    return object_colours(trace["input"], trace["boxes"], trace.masks if "masks" in trace else None)


def _means(image: np.ndarray, boxes: np.ndarray, masks: np.ndarray | BoxMasks | None) -> Sequence[np.ndarray]:
    """Mean colour (3,) of each object."""
    if masks is None:
        return [_middle(image, box) for box in boxes]
    cut = BoxMasks.of(masks)
    means = []
    for box, crop, (x1, y1, x2, y2) in zip(boxes, cut.crops, cut.windows, strict=True):
        seen = image[:, y1:y2, x1:x2][:, np.asarray(crop, bool)]
        means.append(seen.mean(axis=1) if seen.size else _middle(image, box))
    return means


def _middle(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Mean colour (3,) of the middle half of a box, of at least one pixel."""
    height, width = image.shape[1:]
    x1, y1, x2, y2 = (int(side) for side in (3 * box + np.roll(box, 2)) // 4)
    left, top = np.clip(x1, 0, width - 1), np.clip(y1, 0, height - 1)
    return image[:, top : max(y2, top + 1), left : max(x2, left + 1)].mean(axis=(1, 2))
