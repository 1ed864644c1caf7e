"""Options that all commands share, and options that several commands use to name a model or a dataset."""

import argparse
import os

BUNDLED = ("shapes", "nuclei")
# The keys of io.architecture.ARCHITECTURES, which --help must not import; a test compares.
ARCHITECTURES = (
    "maskrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn",
    "resnet_c5_dilated",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
)
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keep the line breaks of descriptions and examples, and show each option's default."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or action.default == []:
            return action.help  # such a default means nothing to a reader
        return super()._get_help_string(action)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command."""
    group = parser.add_argument_group("common options")
    group.add_argument("--json", action="store_true", help="print one JSON object on stdout instead of text")
    group.add_argument("--seed", type=natural, default=0, metavar="N", help="seed of every random choice")
    loudness = group.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="no progress, only warnings and errors")
    loudness.add_argument("-v", "--verbose", action="store_true", help="print more messages; show tracebacks")
    group.add_argument(
        "--yes", action="store_true", help="download published weights and data without asking"
    )
    group.add_argument(
        "--threads", type=positive, metavar="N", help="threads for matrix products (default: all cores)"
    )
    group.add_argument(
        "--max-pixels",
        type=positive,
        metavar="N",
        help="refuse pictures with more pixels, which would need too much memory (default: 89478485)",
    )
    group.add_argument(
        "--kernels",
        choices=("fast", "plain", "reference"),
        default=os.environ.get("MINIMASKRCNN_KERNELS", "fast"),
        help="edition of the kernels; `reference` runs readable loops, which are very slow",
    )


def add_model(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add `--model NAME|FILE`: the weights to use; it is required unless a `default` is described."""
    choice = (
        "bundled weights (shapes, nuclei), published ones (`minimaskrcnn weights list`), a model.npz that "
        "`train` wrote, or weights of torchvision (.pth, .safetensors)"
    )
    parser.add_argument(
        "--model",
        "--weights",
        dest="model",
        required=default is None,
        metavar="NAME|FILE",
        help=f"{choice} (default: {default})" if default else choice,
    )


def add_picture(parser: argparse.ArgumentParser) -> None:
    """`--page N` and `--channel N`: which plane of a microscope's file to read."""
    parser.add_argument(
        "--page", type=positive, metavar="N", help="page of a stack, from 1 on (default: the first)"
    )
    parser.add_argument(
        "--channel", type=positive, metavar="N", help="read this channel alone, from 1 on, as a grey picture"
    )


def add_arch(parser: argparse.ArgumentParser) -> None:
    """Add `--arch NAME`: the architecture of weights of torchvision, if it cannot be recognised."""
    parser.add_argument(
        "--arch",
        choices=ARCHITECTURES,
        metavar="NAME",
        help="architecture of the weights, if it cannot be recognised from their names and shapes: "
        f"{', '.join(ARCHITECTURES)}",
    )


def add_norm_eps(parser: argparse.ArgumentParser) -> None:
    """Add `--norm-eps E`: the epsilon of batch norm, which cannot be seen in the weights."""
    parser.add_argument(
        "--norm-eps",
        type=fraction,
        metavar="E",
        help="epsilon of frozen batch norm, which cannot be seen in the weights: 0 for models that started "
        "from torchvision's first COCO weights, 1e-5 for models that started from ImageNet's (default: 0 for "
        "COCO's 91 classes, else 1e-5; files of this project contain it)",
    )


def add_workers(parser: argparse.ArgumentParser, what: str, default: str) -> None:
    """Add `--workers N` and `--scheduler ADDRESS`: who computes."""
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--workers", type=positive, metavar="N", help=f"{what} at once, in processes (default: {default})"
    )
    who.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="let the workers of a dask scheduler compute, on any machine; needs minimaskrcnn[cluster]",
    )


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """Add the dataset: its kind, and where it is unless it is generated."""
    parser.add_argument(
        "dataset",
        choices=("shapes", "nuclei", "coco"),
        help="shapes: generated circles, squares, triangles; nuclei: microscopy; coco: your own",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="nuclei: the .npz, or the folder that holds ID/images and ID/masks; coco: the annotations: "
        "COCO's JSON, a file or folder of labelme, VIA, YOLO, Kaggle or ImageJ, or a folder of label "
        "maps; or the name of a public data set, which is downloaded if it is not here: bbbc038 for nuclei, "
        "coco_val2017 or coco_val2017_keypoints for coco",
    )
    parser.add_argument(
        "--images", metavar="DIR", help="coco: the folder of the pictures, or coco_val2017_images"
    )
    add_skip_broken(parser)


def add_skip_broken(parser: argparse.ArgumentParser) -> None:
    """Add `--skip-broken`: leave out the entries of an annotation file that cannot be used."""
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="coco: leave out pictures and annotations that cannot be used, and count them, instead of "
        "stopping; `minimaskrcnn check` lists them",
    )


def limit_pixels(pixels: int | None) -> None:
    """Set the largest number of pixels that `data.images` accepts for a picture."""
    if pixels is not None:
        os.environ["MINIMASKRCNN_MAX_PIXELS"] = str(pixels)


def limit_threads(threads: int | None) -> None:
    """Set the number of threads of the BLAS, which reads it once, when NumPy is imported."""
    if threads is not None:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))


def natural(text: str) -> int:
    """Read an int of at least 0, for argparse."""
    return _at_least(0, text)


def positive(text: str) -> int:
    """Read an int of at least 1, for argparse."""
    return _at_least(1, text)


def fraction(text: str) -> float:
    """Read a float in [0, 1], for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _at_least(least: int, text: str) -> int:
    value = int(text)
    if value < least:
        raise argparse.ArgumentTypeError(f"{text} is less than {least}")
    return value


# argparse uses these names in its message "invalid ... value: 'x'".
natural.__name__ = positive.__name__ = "whole number"
fraction.__name__ = "number"
