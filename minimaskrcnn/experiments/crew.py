"""Predictions by several workers: pictures go out one by one, detections come back in their order.

    with local_crew(model, workers=4) as crew:
        for detections in crew(pictures): ...       # as [model.predict([p])[0] for p in pictures]

The weights are sent to each worker once. A few pictures are out at a time, so a long list needs little
memory. A picture whose worker is lost is predicted here; so nothing is lost, and nothing comes twice.
"""

from __future__ import annotations

import logging
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import lru_cache, partial
from importlib import import_module

import numpy as np

from minimaskrcnn import kernels
from minimaskrcnn.detection.structures import Detections
from minimaskrcnn.errors import InputError
from minimaskrcnn.experiments.workers import RETRIES, cluster, worker_pool
from minimaskrcnn.models import MaskRCNN, build
from minimaskrcnn.training.evaluating import Crew

log = logging.getLogger(__name__)

Submit = Callable[[np.ndarray], "Future[Detections]"]

AHEAD = 2  # pictures per worker that are out at once: one in work, one on the way
PATIENCE = 1.0  # seconds between two questions whether the scheduler is still there


@contextmanager
def local_crew(model: MaskRCNN, workers: int, edition: str = "fast") -> Iterator[Crew]:
    """Let `workers` processes of this machine predict, with kernels of this edition."""
    kit = pack(model, edition)
    with ExitStack() as pools:

        def renewed() -> Executor:
            return pools.enter_context(worker_pool(workers, partial(_begin_with, kit)))

        pool = renewed()

        def submit(image: np.ndarray) -> Future[Detections]:
            nonlocal pool
            try:
                return pool.submit(_predict_with_own, image)
            except BrokenExecutor:
                pool = renewed()
                return pool.submit(_predict_with_own, image)

        yield partial(in_order, model, submit, AHEAD * workers, lambda: True)


@contextmanager
def cluster_crew(model: MaskRCNN, address: str, edition: str = "fast") -> Iterator[Crew]:
    """Let the workers of the dask scheduler at `address` predict.

    Raises
    ------
    InputError
        If dask.distributed is not installed, or no scheduler answers, or it has no workers.
    """
    with cluster(address) as client:
        workers = len(client.scheduler_info()["workers"])
        if not workers:
            raise InputError(f"--scheduler {address}: no workers; start some: `dask worker {address}`.")
        [kit] = client.scatter([pack(model, edition)], broadcast=True)
        submit = partial(client.get_executor(retries=RETRIES).submit, _predict_with, kit)
        yield partial(in_order, model, submit, AHEAD * workers, lambda: client.status == "running")


def in_order(
    model: MaskRCNN, submit: Submit, ahead: int, alive: Callable[[], bool], images: Iterable[np.ndarray]
) -> Iterator[Detections]:
    """Yield the detections of each picture (3, H, W), with at most `ahead` pictures out at once.

    A future of a scheduler that is gone may never end; so `alive` is asked from time to time.
    """
    out: deque[tuple[np.ndarray, Future[Detections] | None]] = deque()

    def first() -> Detections:
        image, future = out.popleft()
        try:
            if future is not None:
                return _answer(future, alive)
        except _lost() as error:
            log.warning("a worker is lost (%s); its picture is predicted here", type(error).__name__)
        return model.predict([image])[0]

    for image in images:
        out.append((image, _submitted(submit, image)))
        if len(out) >= ahead:
            yield first()
    while out:
        yield first()


def _answer(future: Future[Detections], alive: Callable[[], bool]) -> Detections:
    while not wait([future], timeout=PATIENCE).done:
        if not alive():
            raise ConnectionError("the scheduler is gone")
    return future.result()


def _submitted(submit: Submit, image: np.ndarray) -> Future[Detections] | None:
    """The future of a picture, or None if nobody takes it."""
    try:
        return submit(image)
    except _lost() as error:
        log.warning("no worker takes a picture (%s); it is predicted here", type(error).__name__)
        return None


def _lost() -> tuple[type[BaseException], ...]:
    """What is raised when a worker or a scheduler is gone, and not when a prediction fails."""
    lost: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError, ConnectionError)
    try:
        client, scheduler = (import_module(f"distributed.{name}") for name in ("client", "scheduler"))
    except ImportError:
        return lost
    return (*lost, scheduler.KilledWorker, client.FutureCancelledError, client.ClosedClientError)


def pack(model: MaskRCNN, edition: str) -> bytes:
    """What a worker needs in order to predict as `model` does here."""
    assert model.config is not None  # which every model of a file has
    kit = (edition, asdict(model.config), model.state_dict(), model.transform)
    return pickle.dumps(kit, protocol=pickle.HIGHEST_PROTOCOL)


@lru_cache(maxsize=1)
def _model_of(kit: bytes) -> tuple[str, MaskRCNN]:
    """The edition and the model of a kit that this program has packed; a worker unpacks it once."""
    edition, config, state, transform = pickle.loads(kit)
    model = build(config)
    model.load_state_dict(state)
    model.transform = transform
    model.eval()
    return edition, model


_own: list[tuple[str, MaskRCNN]] = []  # of a worker of `local_crew`: what it began with


def _begin_with(kit: bytes) -> None:
    _own.append(_model_of(kit))


def _predict_with_own(image: np.ndarray) -> Detections:
    return _predict(*_own[-1], image)


def _predict_with(kit: bytes, image: np.ndarray) -> Detections:
    return _predict(*_model_of(kit), image)


def _predict(edition: str, model: MaskRCNN, image: np.ndarray) -> Detections:
    with kernels.use(edition):
        return model.predict([image])[0]
