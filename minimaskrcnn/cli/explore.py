"""`minimaskrcnn explore [IMAGE]`: one page in which a reader follows a picture through the detector."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from minimaskrcnn.cli import options, output, scale
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from minimaskrcnn.detection.structures import Target
    from minimaskrcnn.models import MaskRCNN

SUMMARY = "write a page in which you follow one picture through every stage, and change what happens"

DESCRIPTION = """\
Follow one picture through the network in a browser, and change what happens.

Writes one HTML file that needs nothing else: no server, no network. Next and
Back lead through the stages. Click a box to see the anchor that it started
from and what became of it; move a threshold, and the page selects the boxes
again, exactly as the package does.

If you give no IMAGE, a picture with known objects is shown: a shapes
validation sample (--seed chooses which one) or the bundled micrograph. For
your own picture, pass its COCO annotations with --truth; the page then also
says what was lost, and where.
"""

EPILOG = """\
examples:
  minimaskrcnn explore
  minimaskrcnn explore --model nuclei -o nuclei.html
  minimaskrcnn explore --only nms -o nms.html
  minimaskrcnn explore photo.jpg --model weights.pth -o photo.html
  minimaskrcnn explore photo.jpg --truth instances.json --model mine/model.npz
"""

# The bench, and the keys of explorer.WORLDS, which --help must not import; a test compares.
PARTS = ("roi", "iou", "nms", "precision", "anchors", "valley")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `explore`."""
    parser.add_argument(
        "image", nargs="?", metavar="IMAGE", help="your own picture (default: a sample that suits the model)"
    )
    options.add_model(parser, default="shapes")
    options.add_arch(parser)
    options.add_norm_eps(parser)
    options.add_picture(parser)
    scale.add_arguments(parser)
    parser.add_argument("--truth", metavar="FILE", help="COCO annotations with the true objects of IMAGE")
    options.add_skip_broken(parser)
    parser.add_argument(
        "--only",
        choices=PARTS,
        help="write only this part, which needs no picture: the RoI bench, or one of the small worlds",
    )
    parser.add_argument("-o", "--output", default="explorer.html", metavar="FILE", help="the page to write")


def run(args: argparse.Namespace) -> int:
    """Predict once, keep every stage, and write them into a page."""
    from minimaskrcnn.cli import results, sources
    from minimaskrcnn.explorer import explorer_page, write_explorer

    _check(args)
    if args.only:
        return _write_part(args)
    name = args.model or "shapes"
    model, facts = sources.open_weights(name, args.arch, args.norm_eps)
    scale.rescale(model, facts, args)
    image, target, title = _picture(args, model)
    started = time.perf_counter()
    trace = model.trace(image)
    seconds = time.perf_counter() - started
    words = {"model": f"{Path(name).name}, {model.num_classes - 1} classes", "truth": args.truth or ""}
    page = explorer_page(trace, target, title, words)
    path = write_explorer(args.output, page)
    sure = results.at_least(trace.detections, scale.SURE)
    scale.warn_of_misfit(model, [scale.shown_sides(model, sure, trace.image_size)])
    if args.json:
        output.print_json(
            {
                "page": str(path),
                "bytes": path.stat().st_size,
                "seconds": round(seconds, 3),
                "detections": len(trace["boxes"]),
            }
        )
    else:
        print(path)
    output.log.info("%d detections in %.2f s; open %s in a browser", len(trace["boxes"]), seconds, path)
    return 0


def _write_part(args: argparse.Namespace) -> int:
    """Write the bench or a small world alone."""
    from minimaskrcnn.explorer import bench_page, world_page, write_explorer

    path = write_explorer(args.output, bench_page() if args.only == "roi" else world_page(args.only))
    if args.json:
        output.print_json({"page": str(path), "bytes": path.stat().st_size})
    else:
        print(path)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse what cannot work before anything is computed."""
    if args.truth and not args.image:
        raise InputError("--truth: name the IMAGE that it annotates.")
    if args.only and args.image:
        raise InputError("--only: the parts have examples of their own; leave IMAGE out.")
    if Path(args.output).is_dir():
        raise InputError(f"explore: {args.output} is a folder; name a file, such as explorer.html.")


def _picture(args: argparse.Namespace, model: MaskRCNN) -> tuple[np.ndarray, Target | None, str]:
    """The picture, its true objects if they are known, and its name."""
    from minimaskrcnn import data
    from minimaskrcnn.cli import sources

    if args.image:
        image = sources.read_picture(args.image, model, args)
        target = sources.annotated(args, model, image) if args.truth else None
        return image, target, Path(args.image).name
    for kind, dataset in (("nuclei", data.Nuclei), ("shapes", data.Shapes)):
        if list(model.class_names) == list(dataset.class_names):
            image, target = sources.sample(kind, model, args.seed)
            title = "the bundled micrograph" if kind == "nuclei" else f"shapes sample {target.image_id}"
            return image, target, title
    raise InputError("explore: no sample shows the classes of this model; name an IMAGE.")
