"""`minimaskrcnn demo`: follow one picture through the whole network, in one figure."""

import argparse
import time
from pathlib import Path

from minimaskrcnn.cli import options, output, scale

SUMMARY = "run a bundled model on a picture and explain every stage in one figure"

DESCRIPTION = """\
Find the objects of one picture and show how the network found them.

Prints a table of the confident detections and writes DIR/demo.png: the input,
the proposals of the RPN, the RoIs before and after refinement, the boxes
before and after per-class NMS, the 28x28 masks, and the final masks.
"""

EPILOG = """\
examples:
  minimaskrcnn demo
  minimaskrcnn demo --model nuclei -o out/nuclei
  minimaskrcnn demo --image photo.jpg --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `demo`."""
    parser.add_argument(
        "--image", metavar="FILE", help="your own picture (default: a sample that suits the model)"
    )
    parser.add_argument("--model", choices=options.BUNDLED, default="shapes", help="bundled weights to use")
    options.add_picture(parser)
    scale.add_arguments(parser)
    parser.add_argument(
        "--min-score",
        type=options.fraction,
        default=0.5,
        metavar="S",
        help="lowest score to print",
    )
    parser.add_argument("-o", "--output", default="out", metavar="DIR", help="folder for demo.png")


def run(args: argparse.Namespace) -> int:
    """Predict once, keep every stage, and draw them."""
    from minimaskrcnn import viz
    from minimaskrcnn.cli import results, sources

    model, facts = sources.open_weights(args.model)
    scale.rescale(model, facts, args)
    names = model.class_names
    if args.image:
        image = sources.read_picture(args.image, model, args)
    else:
        image, _ = sources.sample(args.model, model, args.seed)
    started = time.perf_counter()
    trace = model.trace(image)
    seconds = time.perf_counter() - started
    sure = results.at_least(trace.detections, args.min_score)
    path = viz.save(viz.demo_figure(trace), Path(args.output) / "demo.png")

    if args.json:
        output.print_json(
            {
                "image": args.image,
                "model": args.model,
                "seconds": round(seconds, 3),
                "detections": results.as_records(sure, names),
                "figure": str(path),
            }
        )
    else:
        results.print_detections(sure, names)
    scale.warn_of_misfit(model, [scale.shown_sides(model, sure, trace.image_size)])
    output.log.info("%d objects in %.2f s; every stage is drawn in %s", len(sure), seconds, path)
    return 0
