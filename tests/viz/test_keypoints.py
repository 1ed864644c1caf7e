"""Figures of keypoints: what stands in the headlines is what the arrays say, and the circles are OKS's."""

import numpy as np
import pytest
from matplotlib.text import Text

from minimaskrcnn import viz
from minimaskrcnn.detection.keypoints import locate_keypoints
from minimaskrcnn.detection.skeleton import OTHER_SIGMA, Skeleton
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import Stage, Trace, TraceContext

SIDE = 56
CELLS = [(10, 28), (28, 10), (40, 45)]  # (row, column) of the peak of each keypoint in every box
SKELETON = Skeleton(("top", "left_end", "right_end"), ((0, 1), (0, 2)))


@pytest.fixture(scope="module")
def posed(trace):
    """The made-up trace with three keypoints per detection, at the same cells of each box."""
    D = len(trace["boxes"])
    y, x = np.mgrid[:SIDE, :SIDE]
    maps = np.stack([8 - np.hypot(y - row, x - column) / 3 for row, column in CELLS]).astype(np.float32)
    heatmaps = np.tile(maps, (D, 1, 1, 1))  # (D, 3, SIDE, SIDE)
    peaks, scores = locate_keypoints(heatmaps, trace["detection_boxes"])
    keypoints, _ = locate_keypoints(heatmaps, trace["boxes"])
    stages = {name: Stage(trace[name], trace.axes(name)) for name in trace}
    stages |= {
        "keypoint_heatmaps": Stage(heatmaps, ("detection", "keypoint", "y", "x")),
        "keypoint_scores": Stage(scores, ("detection", "keypoint")),
        "keypoint_peaks": Stage(peaks, ("detection", "keypoint", "xyv")),
        "keypoints": Stage(keypoints, ("detection", "keypoint", "xyv")),
    }
    return Trace(stages, TraceContext(class_names=trace.class_names, skeleton=SKELETON))


def true_objects(posed, target, shift):
    """Each true object has the keypoints of the detection on it, all moved to the right by `shift` pixels."""
    boxes, labels = posed["boxes"], posed["labels"]
    own = [
        min(np.flatnonzero(labels == label), key=lambda d: abs(boxes[d] - box).sum())
        for box, label in zip(target.boxes, target.labels, strict=True)
    ]
    points = posed["keypoints"][own] + np.array([shift, 0, 0])
    return Target(target.boxes, target.labels.copy(), target.masks, target.iscrowd, 0, keypoints=points)


def test_a_heat_map_is_followed_to_its_place(posed):
    figure = viz.keypoint_figure(posed, 1, 2)
    said = viz.alt_text(figure)
    x, y = posed["keypoints"][1, 2, :2]
    assert "Heat map of 'right end': 56 x 56 cells" in said
    assert f"a guess {1 / SIDE**2:.4f}" in said
    assert f"({x:.1f}, {y:.1f}) in pixels of the picture; logit {posed['keypoint_scores'][1, 2]:.1f}" in said
    for ax, (row, column) in zip(figure.axes[:2], [CELLS[2]] * 2, strict=True):
        dot = ax.lines[0]
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (column + 0.5, row + 0.5)


def test_the_dot_on_the_resized_map_is_where_the_peak_was_read(posed):
    box = posed["detection_boxes"][0]
    dot = viz.keypoint_figure(posed, 0, 1).axes[2].lines[0]
    scale = (box[2:] - box[:2]) / np.ceil(box[2:] - box[:2])
    place = np.array([dot.get_xdata()[0], dot.get_ydata()[0]]) * scale + box[:2]
    np.testing.assert_allclose(place, posed["keypoint_peaks"][0, 1, :2], rtol=1e-5)


def test_probabilities_sum_to_one(posed):
    drawn = viz.keypoint_figure(posed).axes[1].images[0].get_array()
    assert drawn.sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("draw", [viz.keypoint_figure, viz.heatmap_figure])
def test_numbers_that_there_are_not_and_models_without_keypoints_are_refused(draw, trace, posed):
    with pytest.raises(InputError, match="no keypoint head"):
        draw(trace)
    with pytest.raises(InputError, match=f"detection {len(posed['boxes'])} of {len(posed['boxes'])}"):
        draw(posed, len(posed["boxes"]))


def test_a_keypoint_that_there_is_not_is_refused(posed):
    with pytest.raises(InputError, match="keypoint 3 of 3; they count from 0"):
        viz.keypoint_figure(posed, 0, 3)


def test_what_lies_on_the_circles_counts_a_bit_more_than_half(posed, target):
    """Object 0 is a disc of 1,257 pixels: its keypoints are moved by exactly the radius of their circles."""
    pixels = np.asarray(target.masks)[0].sum()
    radius = 2 * OTHER_SIGMA * np.sqrt(pixels)
    ax = viz.show_oks(posed, true_objects(posed, target, radius))
    assert ax.texts[0].get_text() == f"OKS {np.exp(-0.5):.2f}"
    truth = true_objects(posed, target, radius).keypoints
    for circle, place in zip(ax.patches[:3], truth[0], strict=True):
        np.testing.assert_allclose(circle.center, place[:2], rtol=1e-6)
        assert circle.radius == pytest.approx(radius)


def test_keypoints_in_place_are_found_and_far_ones_are_not(posed, target):
    assert "3 of 3 annotated objects found" in viz.alt_text(
        viz.show_oks(posed, true_objects(posed, target, 0)).figure
    )
    assert "0 of 3 annotated objects found" in viz.alt_text(
        viz.show_oks(posed, true_objects(posed, target, 60)).figure
    )


def test_what_is_not_annotated_has_no_circle(posed, target):
    truth = true_objects(posed, target, 0)
    truth.keypoints[0, 1, 2] = 0
    truth.keypoints[2, :, 2] = 0
    ax = viz.show_oks(posed, truth)
    assert len(ax.patches) == 2 + 3
    assert "2 of 2 annotated objects" in ax.get_label()
    truth.keypoints[..., 2] = 0
    assert "no object has annotated keypoints" in viz.show_oks(posed, truth).get_label()


def test_an_object_of_whose_class_nothing_was_found_gets_no_prediction(posed, target):
    truth = true_objects(posed, target, 0)
    truth.labels[1] = 3
    ax = viz.show_oks(posed, truth)
    assert sorted(text.get_text() for text in ax.texts if text.get_text()[:2] in ("OK", "no")) == [
        "OKS 1.00", "OKS 1.00", "no detection",
    ]  # fmt: skip
    assert "2 of 3 annotated objects" in ax.get_label()


def test_other_keypoints_than_the_models_are_refused(posed, trace, target):
    with pytest.raises(InputError, match=r"show_oks: the target needs keypoints \(N, 3, 3\)"):
        viz.show_oks(posed, target)
    with pytest.raises(InputError, match="no keypoint head"):
        viz.show_oks(trace, target)


def test_names_of_keypoints_are_drawn_as_they_are_written(posed, target):
    names = Skeleton(("$a$", "b_$c", "$\\frac"), SKELETON.limbs)
    hostile = Trace(posed.stages(), TraceContext(class_names=posed.class_names, skeleton=names))
    example = viz.Example(hostile, viz.Truth(hostile, true_objects(hostile, target, 0)))
    seen = 0
    for entry, draw in viz.stage_figures(example).items():
        if entry.chapter is viz.Chapter.KEYPOINTS:
            figure = draw()
            figure.canvas.draw()
            for text in figure.findobj(Text):
                if "$" in text.get_text():
                    assert not text.get_parse_math(), (entry.name, text.get_text())
                    seen += 1
    assert seen == 4


def test_they_are_figures_of_the_page(posed, target):
    truth = true_objects(posed, target, 1)
    names = [entry.name for entry in viz.stage_figures(viz.Example(posed, viz.Truth(posed, truth)))]
    assert names[-3:] == ["heat-maps", "keypoint-steps", "oks"]
    without = [entry.name for entry in viz.stage_figures(viz.Example(posed))]
    assert without[-2:] == ["heat-maps", "keypoint-steps"]
