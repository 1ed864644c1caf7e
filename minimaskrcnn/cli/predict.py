"""`minimaskrcnn predict IMAGE...`: an overlay for each picture, and one file of COCO results."""

import argparse
import itertools
import json
from pathlib import Path

from minimaskrcnn.cli import options, output

SUMMARY = "find objects in pictures: overlay PNGs and a COCO results JSON"

DESCRIPTION = """\
Find the objects in each picture.

Writes DIR/NAME-overlay.png for each picture, and for all of them
DIR/detections.json in COCO's results format: image_id (1, 2, ... in the order
given), file_name, category_id, bbox (x, y, width, height), score, segmentation
(run lengths). The JSON holds every detection; the tables and the overlays
those with a score of at least --min-score.
"""

EPILOG = """\
examples:
  minimaskrcnn predict --model nuclei plate1.png plate2.png
  minimaskrcnn predict --model runs/mine/model.npz -o out/mine photos/*.jpg
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `predict`."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files: PNG, JPEG, TIFF, ...")
    options.add_model(parser)
    parser.add_argument(
        "--min-score", type=options.fraction, default=0.5, metavar="S", help="least score to print and draw"
    )
    parser.add_argument("-o", "--output", default="out", metavar="DIR", help="folder of what is written")


def run(args: argparse.Namespace) -> int:
    """Read every picture once before the work, so that a bad file stops the run at its start."""
    from minimaskrcnn import data, viz
    from minimaskrcnn.cli import results, sources
    from minimaskrcnn.files import atomic_write

    model, meta = sources.open_model(args.model)
    for image_path in args.images:
        data.read_image(image_path)
    names, category_ids = meta["class_names"], meta.get("category_ids", range(len(meta["class_names"])))
    coco, report = [], []
    for image_id, (image_path, stem) in enumerate(
        zip(args.images, distinct_stems(args.images), strict=True), start=1
    ):
        image = sources.read_picture(image_path, meta["class_names"])
        detections = model.predict([image])[0]
        coco += [
            {**entry, "file_name": image_path}
            for entry in results.as_coco(detections, image_id, category_ids)
        ]
        sure = results.at_least(detections, args.min_score)
        figure = viz.draw_detections(image, sure, names).get_figure(root=True)
        overlay = viz.save(figure, Path(args.output) / f"{stem}-overlay.png")
        output.log.info("%s: %d objects, drawn in %s", image_path, len(sure), overlay)
        report.append(
            {"image": image_path, "overlay": str(overlay), "detections": results.as_records(sure, names)}
        )
        if not args.json:
            print(f"{image_path}")
            results.print_detections(sure, names)
    written = atomic_write(
        Path(args.output) / "detections.json", lambda stream: stream.write(json.dumps(coco).encode())
    )
    output.log.info("%d detections of any score in %s", len(coco), written)
    if args.json:
        output.print_json({"results": str(written), "images": report})
    return 0


def distinct_stems(paths: list[str]) -> list[str]:
    """Names without folder and ending; where one is taken, -2, -3, ... is added in the order given.

    >>> distinct_stems(["a/cell.png", "b/cell.png", "dish.png"])
    ['cell', 'cell-2', 'dish']
    """
    stems: list[str] = []
    for path in paths:
        name = Path(path).stem
        numbered = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
        stems.append(next(stem for stem in numbered if stem not in stems))
    return stems
