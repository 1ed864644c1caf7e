"""`minimaskrcnn predict IMAGE...`: write an overlay for each picture, and one file of COCO results."""

from __future__ import annotations

import argparse
import itertools
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from minimaskrcnn.cli import crews, options, output, scale
from minimaskrcnn.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from minimaskrcnn.detection.skeleton import Skeleton
    from minimaskrcnn.detection.structures import Detections
    from minimaskrcnn.inspection import Trace
    from minimaskrcnn.models import MaskRCNN

SUMMARY = "find objects in pictures: overlay PNGs and a COCO results JSON"

DESCRIPTION = """\
Find the objects in each picture.

Writes DIR/NAME-overlay.png for each picture, and DIR/detections.json for all
of them in COCO's results format: image_id (1, 2, ... in the given order),
file_name, category_id (the data set's own id of the class if the model knows
it, otherwise the label: 1 is the first class), bbox (x, y, width, height),
score, segmentation (run lengths), keypoints (x, y, 1 for each) as the model
finds them. The JSON contains every detection; the
tables and overlays show those with a score of at least --min-score. For the
AP of masks by size in pycocotools, take out bbox first (docs/cli.md). With
--ids-from FILE the ids are those of an annotation file, so that
`evaluate coco --results` can score the file.

--label-map tif writes DIR/NAME-labels.tif, in which the pixels of object k
have the value k; --csv writes DIR/objects.csv with the area, the centroid, the
box, the score and the class of each object.

--trace also writes every stage of the network: the arrays to
DIR/NAME-trace.npz (minimaskrcnn.inspection.Trace), and figures with a page
that shows them to DIR/NAME-stages.

Weights that torchvision publishes are read without torch. See
docs/published_weights.md for where to find them and how to check a file.
"""

EPILOG = """\
examples:
  minimaskrcnn predict --model nuclei plate1.png plate2.png
  minimaskrcnn predict --model nuclei --label-map tif --csv plate1.tif
  minimaskrcnn predict --model runs/mine/model.npz -o out/mine photos/*.jpg
  minimaskrcnn predict photo.jpg --weights maskrcnn_resnet50_fpn_coco.pth
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `predict`."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files: PNG, JPEG, TIFF, ...")
    options.add_model(parser)
    options.add_arch(parser)
    options.add_norm_eps(parser)
    options.add_picture(parser)
    scale.add_arguments(parser)
    parser.add_argument(
        "--min-score", type=options.fraction, default=0.5, metavar="S", help="lowest score to print and draw"
    )
    parser.add_argument(
        "--label-map",
        choices=("tif", "png"),
        help="also write DIR/NAME-labels: 0 where nothing is, else the number of the object in the table",
    )
    parser.add_argument("--csv", action="store_true", help="also write DIR/objects.csv: area, centroid, ...")
    parser.add_argument(
        "--ids-from",
        metavar="FILE",
        help="COCO annotations that list the pictures: their ids and those of the classes go into the JSON",
    )
    options.add_skip_broken(parser)
    parser.add_argument("--trace", action="store_true", help="also write every stage: arrays and figures")
    options.add_workers(parser, "pictures", "one, in this process")
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="leave out pictures that cannot be read, name them, and end with exit code 2 after all others",
    )
    parser.add_argument("-o", "--output", default="out", metavar="DIR", help="folder for the results")


def run(args: argparse.Namespace) -> int:
    """Read every picture once at the start, so that a bad file stops the run before any work is done."""
    from minimaskrcnn import viz
    from minimaskrcnn.cli import objects, results, sources
    from minimaskrcnn.files import atomic_write

    if args.trace and (args.workers or args.scheduler):
        raise InputError("--trace keeps every stage in this process; leave out --workers and --scheduler.")
    readable, left_out = sift(args)
    model, facts = sources.open_weights(args.model, args.arch, args.norm_eps)
    scale.rescale(model, facts, args)
    if args.label_map and not model.roi_heads.has_mask:
        raise InputError("--label-map: this model finds boxes only; leave it out.")
    image_ids, category_ids = ids_of(args, model, facts)
    names = list(model.class_names)
    folder, coco, report, rows, sides = Path(args.output), [], [], [], []
    named = zip(image_ids, args.images, distinct_stems(args.images), strict=True)
    pictures = [Picture(*words) for words in named if words[1] in readable]
    for (image_id, path, stem), image, trace, detections in predicted(pictures, model, args):
        coco += results.as_coco(detections, image_id, path, category_ids)
        sure = results.at_least(detections, args.min_score)
        sides.append(scale.shown_sides(model, sure, image.shape[1:]))
        rows += objects.measured(path, sure, names)
        overlay = viz.save(draw(image, sure, names, model.skeleton), folder / f"{stem}-overlay.png")
        output.log.info("%s: %d objects, drawn in %s", path, len(sure), overlay)
        found: dict[str, Any] = {
            "image": path,
            "overlay": str(overlay),
            "detections": results.as_records(sure, names),
        }
        if args.label_map:
            labels = objects.write_label_map(folder / f"{stem}-labels.{args.label_map}", sure)
            found["label_map"] = str(labels)
        if trace is not None:
            found |= write_trace(trace, folder / stem, args.quiet)
        report.append(found)
    written = atomic_write(folder / "detections.json", lambda stream: stream.write(json.dumps(coco).encode()))
    output.log.info("%d detections of any score in %s", len(coco), written)
    if args.csv:
        output.log.info("%d objects in %s", len(rows), objects.write_table(folder / "objects.csv", rows))
    scale.warn_of_misfit(model, sides)
    if args.json:
        output.print_json({"results": str(written), "images": report})
    else:  # only now: the reader of stdout may go away, as `head` does
        for of_picture in report:
            print(of_picture["image"])
            results.print_records(of_picture["detections"])
    if left_out:
        raise InputError(
            f"{len(left_out)} of {len(args.images)} pictures were left out: {', '.join(left_out)}."
        )
    return 0


class Picture(NamedTuple):
    """A picture on the command line: the id for its detections, its path, and how its outputs begin."""

    image_id: int | str
    path: str
    stem: str


def sift(args: argparse.Namespace) -> tuple[set[str], list[str]]:
    """The paths of pictures that can be read, and with --keep-going those that cannot.

    Raises
    ------
    InputError
        Without --keep-going, if a picture cannot be read; with it, if none can.
    """
    from minimaskrcnn import data

    readable, left_out = set(), []
    for path in args.images:
        try:
            data.read_image(path, args.page or 1, args.channel)
            readable.add(path)
        except InputError as error:
            if not args.keep_going:
                raise
            output.log.warning("%s", error)
            left_out.append(path)
    if not readable:
        raise InputError("none of the pictures can be read.")
    return readable, left_out


def predicted(
    pictures: Sequence[Picture], model: MaskRCNN, args: argparse.Namespace
) -> Iterator[tuple[Picture, np.ndarray, Trace | None, Detections]]:
    """Yield each picture with its pixels, its trace if --trace asks for one, and its detections, in order."""
    from minimaskrcnn.cli import sources
    from minimaskrcnn.cli.progress import StageProgress

    if args.workers or args.scheduler:
        yield from predicted_by_crew(pictures, model, args)
        return
    for picture in pictures:
        image = sources.read_picture(picture.path, model, args)
        with StageProgress(picture.path, model, args.quiet):
            trace = model.trace(image) if args.trace else None
            found = model.predict([image])[0] if trace is None else trace.detections
        yield picture, image, trace, found


def predicted_by_crew(
    pictures: Sequence[Picture], model: MaskRCNN, args: argparse.Namespace
) -> Iterator[tuple[Picture, np.ndarray, None, Detections]]:
    """The same by other processes, with a bar that counts pictures."""
    from minimaskrcnn.cli import sources
    from minimaskrcnn.cli.progress import open_bar

    out: deque[tuple[Picture, np.ndarray]] = deque()

    def images() -> Iterator[np.ndarray]:
        for picture in pictures:
            image = sources.read_picture(picture.path, model, args)
            out.append((picture, image))
            yield image

    with open_bar(len(pictures), "picture", args.quiet) as bar, crews.crew_of(args, model) as crew:
        assert crew is not None  # which --workers or --scheduler has asked for
        for found in crew(images()):
            yield (*out.popleft(), None, found)
            bar.update()


def ids_of(
    args: argparse.Namespace, model: MaskRCNN, facts: dict[str, Any]
) -> tuple[list[int | str], Sequence[int] | None]:
    """The ids of the pictures and, by label, of the classes.

    Those of --ids-from; else 1, 2, ... for the pictures, and for the classes what the weights' file says.

    Raises
    ------
    InputError
        The annotation file lacks a picture, or has classes that the model does not know.
    """
    from minimaskrcnn import data
    from minimaskrcnn.cli import sources

    if args.ids_from is None:
        return list(range(1, len(args.images) + 1)), facts.get("category_ids")
    listed = sources.with_labels_of(model, sources.open_coco(args.ids_from, None, args.skip_broken))
    assert isinstance(listed, data.CocoDataset)
    return [listed.image_ids[listed.index_of(path)] for path in args.images], listed.category_ids


def write_trace(trace: Trace, base: Path, quiet: bool) -> dict[str, str]:
    """Write BASE-trace.npz, BASE-stages/NN-NAME.png and a page of them; where they are, by kind."""
    from minimaskrcnn import viz
    from minimaskrcnn.cli.progress import open_bar

    arrays, stages = base.with_name(f"{base.name}-trace.npz"), base.with_name(f"{base.name}-stages")
    trace.save(arrays)
    example = viz.Example(trace)
    with open_bar(len(viz.stage_figures(example)), "figure", quiet) as bar:
        title, facts = f"{base.name}, stage by stage", {"picture": base.name, "trace": arrays.name}
        viz.write_page(example, stages, title, facts, on_figure=lambda entry: bar.update())
    output.log.info("every stage in %s, drawn in %s", arrays, stages)
    return {"trace": str(arrays), "stages": str(stages)}


def draw(
    image: np.ndarray, detections: Detections, class_names: list[str], skeleton: Skeleton | None = None
) -> Figure:
    """Draw the overlay, 8 inches wide and as high as the shape of the picture requires."""
    from minimaskrcnn import viz

    height, width = image.shape[1:]
    figure = viz.new_figure(8, 8 * min(max(height / width, 0.3), 3) + 0.8)
    viz.draw_detections(image, detections, class_names, figure.add_subplot(), skeleton)
    return figure


LONGEST_STEM = 200  # bytes: a file name may have 255, and "-overlay.png" and the like are added


def distinct_stems(paths: list[str]) -> list[str]:
    """Return the names without folder and ending; if a name is taken, -2, -3, ... is added to it.

    A very long name is cut, so that the names of all outputs are names that a file can have.

    >>> distinct_stems(["a/cell.png", "b/cell.png", "dish.png"])
    ['cell', 'cell-2', 'dish']
    """
    stems: list[str] = []
    for path in paths:
        name = os.fsdecode(os.fsencode(Path(path).stem)[:LONGEST_STEM])
        numbered = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
        stems.append(next(stem for stem in numbered if stem not in stems))
    return stems
