"""Pictures per second, alone and with workers.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.scaling        # with 1 and 2 workers
    OPENBLAS_NUM_THREADS=1 python -m benchmarks.scaling 4 8

The full-size Mask R-CNN with random weights, on noise of 480x640 pixels, which it enlarges to 800x1066. It
also measures what a cluster must send: the weights once per worker, and each picture.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable
from time import perf_counter

import numpy as np

from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.experiments.crew import local_crew, pack
from minimaskrcnn.models import maskrcnn_resnet50_fpn

PICTURES, SHAPE = 24, (3, 480, 640)


def per_second(answers: Iterable[Detections]) -> tuple[float, float]:
    """Seconds until the first answer, and the rate of the others."""
    start = perf_counter()
    answers = iter(answers)
    next(answers)
    first = perf_counter()
    rest = sum(1 for _ in answers)
    return first - start, rest / (perf_counter() - first)


def main(workers: list[int]) -> None:
    """Measure, and print a line for each number of workers."""
    model = maskrcnn_resnet50_fpn(rng=np.random.default_rng(0)).eval()
    rng = np.random.default_rng(0)
    pictures = [rng.random(SHAPE, np.float32) for _ in range(PICTURES)]
    print(f"weights {len(pack(model, 'fast')) / 2**20:.0f} MB, a picture {pictures[0].nbytes / 2**20:.1f} MB")
    start = perf_counter()
    pickle.loads(pickle.dumps(pictures[0], protocol=pickle.HIGHEST_PROTOCOL))
    print(f"a picture is packed and unpacked in {1e3 * (perf_counter() - start):.1f} ms")
    _, rate = per_second(model.predict([picture])[0] for picture in pictures)
    print(f"alone: {rate:.2f} pictures per second")
    for number in workers:
        with local_crew(model, number) as crew:
            began, rate = per_second(crew(pictures))
        print(f"{number} workers: {rate:.2f} pictures per second, the first after {began:.1f} s")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 2])
