"""The colour of an object's mask is not the colour of the object."""

import numpy as np
from matplotlib.colors import to_rgb

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.viz.object_colours import detection_colours, object_colours
from minimaskrcnn.viz.style import CLASS_COLOURS


def picture_of(colours):
    """Squares of 10 pixels in these colours side by side on black, and their boxes."""
    image = np.zeros((3, 20, 20 * len(colours)))
    boxes = np.array([[20 * k + 5, 5, 20 * k + 15, 15] for k in range(len(colours))], float)
    for k, colour in enumerate(colours):
        image[:, 5:15, 20 * k + 5 : 20 * k + 15] = np.array(to_rgb(colour))[:, None, None]
    return image, boxes


def masks_of(image):
    columns = np.arange(image.shape[2]) // 20
    inside = image.max(axis=0) > -1
    inside[:5], inside[15:] = False, False
    return np.array([inside & (columns == k) for k in range(columns.max() + 1)])


def test_no_object_gets_its_own_colour_with_masks_or_without():
    image, boxes = picture_of(CLASS_COLOURS)
    for masks in (None, masks_of(image), BoxMasks.of(masks_of(image))):
        chosen = object_colours(image, boxes, masks)
        far = [
            np.linalg.norm(np.subtract(to_rgb(a), to_rgb(b)))
            for a, b in zip(chosen, CLASS_COLOURS, strict=True)
        ]
        assert min(far) > 0.5


def test_on_a_dark_ground_the_objects_differ_and_take_turns():
    image, boxes = picture_of(["#000000"] * 9)
    chosen = object_colours(image, boxes)
    assert len(set(chosen[:4])) == 4
    assert object_colours(image, boxes[:4]) == chosen[:4]


def test_a_box_outside_the_picture_or_without_area_has_a_colour():
    image = np.zeros((3, 8, 8))
    boxes = np.array([[-9, -9, -5, -5], [20, 20, 30, 30], [3, 3, 3, 3.0]])
    assert (
        len(object_colours(image, boxes, np.zeros((3, 8, 8), bool))) == len(object_colours(image, boxes)) == 3
    )


def test_each_detection_of_a_trace_has_its_colour(trace):
    assert len(detection_colours(trace)) == len(trace["boxes"])
