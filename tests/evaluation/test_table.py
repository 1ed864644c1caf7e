"""The table of a summary: every number in percent, a dash where there is none."""

import numpy as np

from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.evaluation import CocoEvaluator, format_summary


def summary():
    boxes = np.array([[0, 0, 20, 20], [40, 40, 60, 60]], np.float32)
    evaluator = CocoEvaluator("bbox", (1, 500))
    evaluator.add(
        Target(boxes, np.array([1, 2])), Detections(boxes[:1], np.array([1]), np.array([0.5], np.float32))
    )
    return evaluator.summary()


def test_everything_is_in_the_table():
    lines = format_summary(summary(), ["background", "cell", "something long"]).splitlines()
    assert " ".join(lines[0].split()) == "AP 50.0 AP50 50.0 AP75 50.0 APs 50.0 APm - APl -"
    assert " ".join(lines[1].split()) == "AR1 50.0 AR500 50.0 ARs 50.0 ARm - ARl -"
    assert [line.rsplit(maxsplit=1) for line in lines[2:]] == [
        ["class", "AP"],
        ["cell", "100.0"],
        ["something long", "0.0"],
    ]
    assert len({len(line) for line in lines[2:]}) == 1  # aligned


def test_without_names_classes_go_by_number():
    assert "class 2" in format_summary(summary())
