"""Several predict as one does, to the byte and in order, whatever happens to workers and schedulers."""

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import numpy as np
import pytest

from minimaskrcnn.cli import build_parser, main
from minimaskrcnn.cli.roi_lab import executor_of
from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError
from minimaskrcnn.experiments import crew as crews
from minimaskrcnn.experiments import workers
from minimaskrcnn.experiments.crew import cluster_crew, in_order, local_crew
from minimaskrcnn.experiments.workers import cluster, worker_pool
from minimaskrcnn.io import save_model
from minimaskrcnn.models import mini
from minimaskrcnn.training import evaluate

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("one_thread")]
PICTURES = [Shapes("val")[index][0] for index in range(6)]


@pytest.fixture(scope="module")
def model():
    few = {"proposals": (20, 20), "detections_per_img": 5, "score_thresh": 0.0}
    return mini(4, **few, rng=np.random.default_rng(1)).eval()


@pytest.fixture(scope="module")
def alone(model, one_thread):
    return [model.predict([picture])[0] for picture in PICTURES]


def assert_equal(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for name in ("boxes", "labels", "scores"):
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
        np.testing.assert_array_equal(np.asarray(one.masks), np.asarray(other.masks))


# ---- the order and the losses, without processes -------------------------------------------------------


class Slow:
    """Takes pictures, and answers them from the last to the first."""

    def __init__(self, model):
        self.model, self.out, self.most = model, [], 0

    def __call__(self, image):
        future = Future()
        self.out.append((future, image))
        self.most = max(self.most, len(self.out))
        if len(self.out) == 3:
            for waiting, picture in reversed(self.out):
                waiting.set_result(self.model.predict([picture])[0])
            self.out.clear()
        return future


def test_answers_come_in_the_order_of_the_pictures_and_few_are_out(model, alone):
    slow = Slow(model)
    assert_equal(list(in_order(model, slow, 3, bool, PICTURES)), alone)
    assert slow.most == 3


@pytest.mark.parametrize("error", [BrokenProcessPool, ConnectionError])
def test_pictures_that_are_lost_or_not_taken_are_predicted_here(model, alone, error, caplog):
    def submit(image):
        if image is PICTURES[1]:
            raise error("nobody is there")
        future = Future()
        if image is PICTURES[2]:
            future.set_exception(error("gone"))
        else:
            future.set_result(model.predict([image])[0])
        return future

    assert_equal(list(in_order(model, submit, 2, bool, PICTURES)), alone)
    assert caplog.text.count("predicted") == 2


def test_a_future_of_a_scheduler_that_is_gone_is_not_waited_for(model, alone, monkeypatch):
    monkeypatch.setattr(crews, "PATIENCE", 0.01)
    never = lambda image: Future()  # noqa: E731
    assert_equal(list(in_order(model, never, 2, bool, PICTURES)), alone)


def test_an_error_of_the_prediction_itself_is_raised(model):
    def submit(image):
        future = Future()
        future.set_exception(InputError("a number is NaN"))
        return future

    with pytest.raises(InputError, match="NaN"):
        list(in_order(model, submit, 2, bool, PICTURES))


# ---- processes here ------------------------------------------------------------------------------------


def test_two_processes_answer_as_one_does(model, alone):
    with local_crew(model, 2) as crew:
        assert_equal(list(crew(PICTURES)), alone)
        parts = evaluate(model, Shapes("val"), indices=range(4), crew=crew)
    assert parts == evaluate(model, Shapes("val"), indices=range(4))
    assert not multiprocessing.active_children()


def test_a_worker_that_is_killed_loses_nothing(model, alone, caplog):
    with local_crew(model, 2) as crew:
        found = []
        for number, detections in enumerate(crew(PICTURES * 2)):
            found.append(detections)
            if number == 2:
                os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    assert_equal(found, alone * 2)
    assert "predicted here" in caplog.text


def _sleep(picture):
    time.sleep(0.2)


@pytest.mark.parametrize("how", ["killed", "error"])
def test_a_pool_ends_though_pictures_wait_that_nobody_will_read(how):
    """A pipe holds 64 KiB: the pool is writing a picture into it when its readers die."""
    picture, start = np.zeros((3, 512, 512), np.float32), time.monotonic()
    with contextlib.suppress(ZeroDivisionError), worker_pool(1) as pool:
        waiting = [pool.submit(_sleep, picture) for _ in range(8)]
        waiting[0].result()
        if how == "error":
            raise ZeroDivisionError
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
        with pytest.raises(BrokenExecutor):
            waiting[-1].result()
    assert time.monotonic() - start < 60
    assert not multiprocessing.active_children()


def test_the_way_to_end_a_pool_before_3_11_5_waits_for_what_has_begun():
    """Newer versions of Python, on which this runs too, have no need of it."""
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    begun = pool.submit(_sleep, 0)
    later = [pool.submit(_sleep, 0) for _ in range(50)]
    while not begun.running():
        time.sleep(0.01)
    workers._end_though_the_pool_writes(pool)
    assert begun.result() is None
    assert later[-1].cancelled()
    assert not multiprocessing.active_children()


def test_a_thread_that_writes_to_nobody_gives_up():
    """The pool's parts as they are after its worker has died, with a thread that waits for a reader."""
    reader, writer = multiprocessing.Pipe(duplex=False)

    def write():
        with contextlib.suppress(OSError), writer:
            writer.send_bytes(bytes(2**20))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    pool = SimpleNamespace(
        _executor_manager_thread=thread,
        _call_queue=SimpleNamespace(_reader=reader),
        _broken="a child process terminated abruptly",
        shutdown=lambda wait, cancel_futures: None,
    )
    workers._end_though_the_pool_writes(pool)
    assert not thread.is_alive()


def test_the_edition_of_the_kernels_goes_with_the_model(model, monkeypatch):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        kit = crews.pack(model, "no such edition")
        with pytest.raises(InputError, match="no such edition"):
            pool.submit(crews._predict_with, kit, PICTURES[0]).result()


def test_an_error_here_ends_the_workers(model):
    def fail():
        with local_crew(model, 2) as crew:
            next(crew(PICTURES))
            raise ValueError("an error of ours")

    with pytest.raises(ValueError, match="of ours"):
        fail()
    assert not multiprocessing.active_children()


# ---- a cluster -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def program(*words):
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield running
        finally:
            running.terminate()


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler and two workers, each a process of its own; returns its address and the processes."""
    pytest.importorskip("distributed", reason="needs the `cluster` extra")
    where = tmp_path / "scheduler.json"
    place = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where))
    worker = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path))
    with program("scheduler", *place) as head:
        address = address_in(where)
        with program("worker", address, *worker) as first, program("worker", address, *worker) as second:
            with cluster(address) as client:
                client.wait_for_workers(2, timeout=60)
            yield address, head, first, second


def address_in(file):
    """The address that a scheduler writes when it listens; one chosen before might be taken by then."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text())["address"]
        time.sleep(0.1)
    pytest.fail("the scheduler did not start")


class FakeClient:
    """What is used of `distributed.Client`, with threads for workers."""

    status, workers = "running", {"one": {}, "two": {}}

    def __init__(self, address, **_):
        self.threads = ThreadPoolExecutor(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.threads.shutdown()

    def scheduler_info(self):
        return {"workers": self.workers}

    def scatter(self, values, broadcast):
        return values

    def get_executor(self, retries):
        return self.threads


class FakeServer:
    """What is used of `distributed.rpc` and of `distributed.Security`."""

    kind = "Scheduler"

    def __init__(self, *_, **__): ...

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_): ...

    async def identity(self):
        return {"type": self.kind}

    def get_connection_args(self, role):
        return {}


@pytest.fixture
def fake_cluster(monkeypatch):
    fakes = {"Client": FakeClient, "rpc": FakeServer, "Security": FakeServer}
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(**fakes))


def test_a_scheduler_in_the_place_of_processes(model, alone, fake_cluster):
    with cluster_crew(model, "tcp://room:1") as crew:
        assert_equal(list(crew(PICTURES)), alone)


def test_a_scheduler_without_anybody_is_refused(model, fake_cluster, monkeypatch):
    monkeypatch.setattr(FakeClient, "workers", {})
    with pytest.raises(InputError, match="no workers; start some"), cluster_crew(model, "tcp://room:1"):
        pass


def test_a_scheduler_that_does_not_answer_is_refused(model, fake_cluster, monkeypatch):
    def nobody(self, address, **_):
        raise OSError("timed out")

    monkeypatch.setattr(FakeClient, "__init__", nobody)
    with pytest.raises(InputError, match="no scheduler answers there"), cluster_crew(model, "tcp://room:1"):
        pass


def test_a_worker_in_the_place_of_the_scheduler_is_refused(model, fake_cluster, monkeypatch):
    monkeypatch.setattr(FakeServer, "kind", "Worker")
    with pytest.raises(InputError, match="no scheduler answers there"), cluster_crew(model, "tcp://room:1"):
        pass


def test_a_server_that_is_none_of_dasks_is_refused(model, monkeypatch):
    pytest.importorskip("distributed", reason="needs the `cluster` extra")
    monkeypatch.setattr(workers, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InputError, match="no scheduler answers there"), cluster_crew(model, address):
            pass


def test_commands_take_a_scheduler(model, fake_cluster, tmp_path, capsys):
    save_model(tmp_path / "model.npz", model, {"class_names": Shapes.class_names})
    words = ["evaluate", "shapes", "--model", str(tmp_path / "model.npz"), "--json", "-q"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shapes, "__len__", lambda self: 3)
        assert main(words) == 0
        expected = capsys.readouterr().out
        assert main([*words, "--scheduler", "tcp://room:1"]) == 0
    assert capsys.readouterr().out == expected


def test_the_lab_takes_a_scheduler(fake_cluster):
    args = build_parser().parse_args(["roi-lab", "--scheduler", "tcp://room:1"])
    with executor_of(args, 3) as executor:
        assert executor.submit(len, "abc").result() == 3


@pytest.mark.thorough
@pytest.mark.parametrize("loses", ["nothing", "a worker", "the scheduler"])
def test_a_cluster_answers_as_one_process_does(model, alone, scheduler, loses):
    address, head, first, _ = scheduler
    found = []
    with contextlib.suppress(OSError, TimeoutError), cluster_crew(model, address) as crew:
        for number, detections in enumerate(crew(PICTURES * 3)):
            found.append(detections)
            if number == 4 and loses != "nothing":
                (first if loses == "a worker" else head).kill()
    assert_equal(found, alone * 3)


@pytest.mark.thorough
def test_a_scheduler_without_workers_is_refused(model, scheduler):
    address, _, *workers = scheduler
    for worker in workers:
        worker.kill()
        worker.wait()
    time.sleep(2)
    with pytest.raises(InputError, match="no workers; start some"), cluster_crew(model, address):
        pass


def test_no_scheduler_is_one_sentence(model, monkeypatch):
    pytest.importorskip("distributed", reason="needs the `cluster` extra")
    monkeypatch.setattr("minimaskrcnn.experiments.workers.SECONDS", 1)
    with (
        pytest.raises(InputError, match="no scheduler answers there"),
        cluster_crew(model, "tcp://127.0.0.1:9"),
    ):
        pass


def test_without_dask_one_sentence_says_how_to_get_it(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(InputError, match=r"pip install 'minimaskrcnn\[cluster\]'"),
        cluster_crew(model, "tcp://x:1"),
    ):
        pass
