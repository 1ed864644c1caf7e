"""`minimaskrcnn convert IN OUT`: convert weights from one format to another."""

import argparse
from pathlib import Path

from minimaskrcnn.cli import options, output
from minimaskrcnn.errors import InputError

SUMMARY = "convert weights of torchvision to a checkpoint of this project, or ours to theirs"

DESCRIPTION = """\
Read weights in one format and write them in another. The file endings select
the formats.

  .npz          this project's checkpoints: weights and how to build the model
  .safetensors  the same in the common format; needs minimaskrcnn[safetensors]
  .pth          torch's state dicts: written for torch.load(weights_only=True),
                read without torch and without running any code of the file

A detector of torchvision (maskrcnn_resnet50_fpn, fasterrcnn_resnet50_fpn, or
another depth) is recognised by the names and shapes of its weights and checked
against the whole model, so that you can pass the new file to --model. Old
names are replaced by the current ones, and a common prefix of all names
(module., _orig_mod.) is removed. ResNet classifiers, such as ImageNet's
resnet50, are copied unchanged; weights of any other network are refused. The
small models have no counterpart in torchvision: only torch can read their
.pth, and this project reads their .npz or .safetensors.
"""

EPILOG = """\
examples:
  minimaskrcnn convert maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth coco.npz
  minimaskrcnn predict photo.jpg --weights coco.npz
  minimaskrcnn convert runs/coco/model.npz mine.pth
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `convert`."""
    parser.add_argument(
        "source",
        metavar="IN",
        help="weights to read: shapes, nuclei, or a file .npz, .pth, .pt, .safetensors",
    )
    parser.add_argument("target", metavar="OUT", help="file to write: .npz, .pth, .pt, .safetensors")
    options.add_arch(parser)
    options.add_norm_eps(parser)


def run(args: argparse.Namespace) -> int:
    """Read the weights, check them against their model if they are a detector's, and write them."""
    from minimaskrcnn.cli import sources
    from minimaskrcnn.io.architecture import is_classifier
    from minimaskrcnn.io.opening import open_weights
    from minimaskrcnn.io.weights_file import check_ending, model_of, save_weights
    from minimaskrcnn.models.presets import configure, nearest_preset

    check_ending(args.target)
    if Path(args.source).resolve() == Path(args.target).resolve():
        raise InputError(
            f"convert: {args.target} is also the file to read; choose a different name for the result."
        )
    with open_weights(sources.weights_path(args.source)) as file:
        if is_classifier(file.claims):
            arrays, facts, kind = file.read(), file.facts, None
        else:
            model, facts = model_of(file, args.arch, args.norm_eps)
            arrays, kind = model.state_dict(), nearest_preset(configure(facts["config"]))
    written = save_weights(args.target, arrays, facts)
    values = sum(array.size for array in arrays.values())
    if args.json:
        output.print_json({"written": str(written), "arrays": len(arrays), "values": values, "model": kind})
    else:
        print(f"{written}: {len(arrays)} arrays, {values:,} values, {kind or 'no detector'}")
    return 0
