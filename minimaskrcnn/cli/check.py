"""`minimaskrcnn check FILE`: list everything that is wrong with an annotation file, and what it contains."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from minimaskrcnn.cli import output

if TYPE_CHECKING:
    from minimaskrcnn.data.annotations import Report

SUMMARY = "what is wrong with an annotation file, and what it contains"

DESCRIPTION = """\
Check an annotation file in the same way as every command that opens one, and
print all faults: which entry, what is wrong with it, and how to fix it. The
file is COCO's JSON, or a file of labelme, VIA, YOLO, Kaggle or ImageJ, or a
folder of these or of label maps; the format is recognised by the content.

  fatal     the file cannot be used
  broken    stops train, evaluate, anchors and stages; with --skip-broken the
            entry is left out instead
  left out  always left out, and counted: boxes without width or height
  note      used as it is, or with its obvious meaning

Then it prints what a run would see: the objects per class, their sizes, how
many there are per picture, and how well the anchor sizes of the recipe `coco`
fit their shapes. With --images it also checks that each picture exists, can be
read, and has the size that the file states. Without --images it only checks
the file.

Exit code 0: a run would start. 2: something is broken or fatal.
"""

EPILOG = """\
examples:
  minimaskrcnn check instances.json --images photos
  minimaskrcnn check instances.json --images photos --figure check.png
  minimaskrcnn check instances.json --json
  minimaskrcnn check masks --images photos --to-coco instances.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `check`."""
    parser.add_argument("data", metavar="DATA", help="the annotation file, or the folder of them")
    parser.add_argument("--images", metavar="DIR", help="the folder of the pictures, to look at them too")
    parser.add_argument("--figure", metavar="FILE", help="draw classes, sizes and findings (PNG, PDF, SVG)")
    parser.add_argument(
        "--to-coco", metavar="FILE", help="write what can be used as COCO's JSON; broken entries are left out"
    )


def run(args: argparse.Namespace) -> int:
    """Open the file, print the report as text or as JSON, and draw it."""
    from minimaskrcnn import viz
    from minimaskrcnn.data.annotations import AnnotationFile, Report, write_coco

    file = AnnotationFile(args.data, args.images)
    report = Report.of(file)
    anchors = fit_of_anchors(report)
    if args.figure:
        viz.save(viz.annotation_report_figure(report), args.figure)
        output.log.info("drawn in %s", args.figure)
    if args.to_coco and report.is_usable:
        write_coco(file, args.to_coco)
        output.log.info("%d annotations written to %s", report.usable["annotations"], args.to_coco)
    if args.json:
        output.print_json({**report.as_dict(), "anchors": anchors})
    else:
        print(report)
        if anchors:
            print(
                "anchors of the recipe coco: sizes {sizes} reach IoU {iou:.2f} with the objects' shapes; "
                "{suggested_sizes} would reach {suggested_iou:.2f}".format(**anchors)
            )
    return 0 if report.is_clean else 2


def fit_of_anchors(report: Report) -> dict[str, Any] | None:
    """Measure how well the recipe's anchors fit the objects, if the sizes of the pictures are known."""
    import numpy as np

    from minimaskrcnn.detection.anchors import cell_anchors
    from minimaskrcnn.inspection.coverage import RATIOS, shape_iou, suggest_sizes
    from minimaskrcnn.models.transform import ImageTransform
    from minimaskrcnn.training import RECIPES

    if not len(report.boxes) or not report.picture_sizes.all():
        return None
    config = RECIPES["coco"].model
    transform = ImageTransform(config.min_size, config.max_size)
    sizes, of = np.unique(report.picture_sizes, axis=0, return_inverse=True)
    resized = np.array([transform.resized_size((int(h), int(w))) for h, w in sizes])
    boxes = report.boxes * (resized / sizes)[of.ravel(), ::-1]  # (N, 2), width and height
    now = sorted({size for level in config.anchor_sizes for size in np.atleast_1d(level).tolist()})
    suggested = suggest_sizes(boxes, len(now))

    def mean_iou(sides: list[int]) -> float:
        shapes = cell_anchors(sides, RATIOS)
        return round(float(shape_iou(boxes, shapes[:, 2:] - shapes[:, :2]).mean()), 4)

    return {
        "sizes": now,
        "iou": mean_iou(now),
        "suggested_sizes": suggested,
        "suggested_iou": mean_iou(suggested),
    }
