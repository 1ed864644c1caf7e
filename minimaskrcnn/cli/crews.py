"""Who predicts the pictures of a command in place of this process: others beside it, or a dask cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minimaskrcnn.models import MaskRCNN
    from minimaskrcnn.training.evaluating import Crew


@contextmanager
def crew_of(args: argparse.Namespace, model: MaskRCNN) -> Iterator[Crew | None]:
    """The crew that `--workers` or `--scheduler` asks for, or None."""
    from minimaskrcnn.experiments.crew import cluster_crew, local_crew

    if args.scheduler:
        with cluster_crew(model, args.scheduler, args.kernels) as crew:
            yield crew
    elif args.workers:
        with local_crew(model, args.workers, args.kernels) as crew:
            yield crew
    else:
        yield None
