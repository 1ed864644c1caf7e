"""Public data sets by name: `--data coco_val2017` is the file in the cache, which is downloaded on demand."""

from __future__ import annotations

import argparse
from pathlib import Path

PLACES = ("data", "images", "val_data", "val_images", "truth", "ids_from")
"""The arguments that name annotations or a folder of pictures."""


def resolve(args: argparse.Namespace) -> None:
    """Replace each name of a public data set in `args` by its path; a file of that name comes first.

    Raises
    ------
    InputError
        If it is not here and is not to be downloaded.
    """
    from minimaskrcnn.io.published_data import DATA_SETS, require_data_set

    for place in PLACES:
        name = getattr(args, place, None)
        if isinstance(name, str) and name in DATA_SETS and not Path(name).exists():
            setattr(args, place, str(require_data_set(name)))
