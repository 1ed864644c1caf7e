"""Final detections: masks, boxes, labels on the input picture."""

import numpy as np
import pytest

from minimaskrcnn import viz
from minimaskrcnn.detection.structures import Detections


def detections(count, masks=True, side=64):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, side - 12, (count, 2))
    boxes = np.concatenate([corner, corner + 10], axis=1).astype(np.float32)
    filled = np.zeros((count, side, side), bool)
    for mask, (x1, y1, x2, y2) in zip(filled, boxes.astype(int), strict=True):
        mask[y1:y2, x1:x2] = True
    scores = np.linspace(0.99, 0.6, count).astype(np.float32)
    return Detections(boxes, np.ones(count, np.int64), scores, filled if masks else None)


IMAGE = np.full((3, 64, 64), 0.4, np.float32)


def test_a_detection_has_its_box_its_outline_and_its_label():
    ax = viz.draw_detections(IMAGE, detections(2), ["background", "cell"])
    (boxes,) = ax.collections
    np.testing.assert_array_equal(np.array(boxes.get_segments())[:, 0], detections(2).boxes[:, :2])
    assert len(ax.lines) == 2
    assert len(ax.images) == 2
    assert {text.get_text() for text in ax.texts[:2]} == {"0.99", "0.60"}
    assert (
        ax.get_label()
        == "Detections: 2 objects (all cells), scores 0.60 to 0.99; each object has a colour of its own"
    )


def test_box_outline_and_label_of_an_object_share_a_colour():
    ax = viz.draw_detections(IMAGE, detections(2))
    from matplotlib.colors import to_rgb

    for line, box, text in zip(ax.lines, ax.collections[0].get_colors(), ax.texts[:2], strict=True):
        assert to_rgb(line.get_color()) == tuple(box[:3]) == text.get_bbox_patch().get_facecolor()[:3]


@pytest.mark.parametrize("count", [0, 1, 25, 26, 100])
def test_any_number_of_detections(count):
    ax = viz.draw_detections(IMAGE, detections(count))
    labels = [text for text in ax.texts if text.get_text()[:2] in ("0.", "cl")]
    assert len(labels) <= 25
    assert (count in (1, 25)) == (len(labels) > 0)
    assert sum(len(lines.get_segments()) for lines in ax.collections) == count


def test_boxes_alone_when_there_are_no_masks():
    ax = viz.draw_detections(IMAGE, detections(3, masks=False))
    assert len(ax.images) == 1
    assert not ax.lines


def test_a_trace_is_drawn_in_input_pixels(trace):
    ax = viz.show_detections(trace)
    assert ax.images[0].get_extent() == [0, 160, 120, 0]
    np.testing.assert_array_equal(np.array(ax.collections[0].get_segments())[:, 2], trace["boxes"][:, 2:])


def test_low_scores_are_left_out(trace):
    threshold = float(np.sort(trace["scores"])[1])
    ax = viz.show_detections(trace, min_score=threshold)
    assert len(ax.collections[0].get_segments()) == 2


def test_top_boxes_are_the_sure_ones_in_the_style_of_their_class(trace):
    ax = viz.show_detection_boxes(trace, min_score=0.6)
    sure = trace["scores"] >= 0.6
    drawn = [segment[0] for lines in ax.collections for segment in lines.get_segments()]
    np.testing.assert_array_equal(np.sort(drawn, 0), np.sort(trace["boxes"][sure][:, :2], 0))
    assert len(ax.collections) == len(np.unique(trace["labels"][sure]))
    assert not ax.lines  # no mask outline
    assert f"{sure.sum()} boxes that score 0.6 or more" in ax.get_label()


def test_no_top_box_is_said(make_trace):
    ax = viz.show_detection_boxes(make_trace(40, 40, []))
    assert ax.texts[0].get_text() == "nothing detected"
