"""Who predicts the pictures of a command: this process, processes beside it, or a dask cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from minimaskrcnn.detection.structures import Detections
    from minimaskrcnn.models import MaskRCNN
    from minimaskrcnn.training.evaluating import Crew


@contextmanager
def crew_of(args: argparse.Namespace, model: MaskRCNN) -> Iterator[Crew]:
    """The crew that `--workers` or `--scheduler` asks for, or this process."""
    from minimaskrcnn.experiments.crew import cluster_crew, local_crew

    if args.scheduler:
        with cluster_crew(model, args.scheduler, args.kernels) as crew:
            yield crew
    elif args.workers:
        with local_crew(model, args.workers, args.kernels) as crew:
            yield crew
    else:

        def alone(images: Iterable[np.ndarray]) -> Iterator[Detections]:
            return (model.predict([image])[0] for image in images)

        yield alone
