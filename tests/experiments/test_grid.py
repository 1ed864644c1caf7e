"""What is finished is not repeated; any executor will do; a folder never holds half a row."""

import json
import multiprocessing
import operator
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass

import pytest

from minimaskrcnn.errors import InputError
from minimaskrcnn.experiments.grid import read_row, run_grid
from minimaskrcnn.experiments.workers import worker_pool


@dataclass(frozen=True)
class Square:
    side: int

    @property
    def name(self):
        return f"square{self.side}"

    def settings(self):
        return asdict(self)


RUNS = [Square(3), Square(1), Square(2)]
ROWS = [{"side": side, "area": side**2} for side in (3, 1, 2)]


def area(run):
    return {**run.settings(), "area": run.side**2}


class InPlace(Executor):
    """The least an executor can be, as one of a cluster's might look from here: `submit` and a Future."""

    def __init__(self):
        self.asked = []

    def submit(self, fn, /, *args):
        self.asked.append(args[0])
        future = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def test_rows_come_in_the_order_of_the_runs(tmp_path):
    with ThreadPoolExecutor(3) as executor:
        assert run_grid(RUNS, area, tmp_path, executor) == ROWS


def test_any_executor_is_enough_and_finished_runs_are_not_asked_for_again(tmp_path):
    first, second, seen = InPlace(), InPlace(), []
    run_grid(RUNS[:2], area, tmp_path, first)
    assert run_grid(RUNS, area, tmp_path, second, seen.append) == ROWS
    assert (first.asked, second.asked) == (RUNS[:2], RUNS[2:])
    assert seen == ROWS[2:]


def test_what_was_finished_before_a_failure_is_kept(tmp_path):
    def fails_at_one(run):
        if run.side == 1:
            raise RuntimeError("no such square")
        return area(run)

    with pytest.raises(RuntimeError, match="no such square"), ThreadPoolExecutor(1) as executor:
        run_grid(RUNS, fails_at_one, tmp_path, executor)
    again = InPlace()
    assert run_grid(RUNS, area, tmp_path, again) == ROWS
    assert RUNS[0] not in again.asked
    assert RUNS[1] in again.asked


def test_an_interruption_cancels_what_has_not_begun(tmp_path):
    begun = []

    def counted(run):
        begun.append(run)
        time.sleep(0.01)
        return area(run)

    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as executor:
        run_grid([Square(side) for side in range(200)], counted, tmp_path, executor, stop)
    (kept,) = (read_row(tmp_path, run) for run in begun if (tmp_path / f"{run.name}.json").exists())
    assert kept["area"] == kept["side"] ** 2
    assert len(begun) < 200


@pytest.mark.parametrize("text", ['{"side": 3', '{"side": 4, "area": 16}', "[]", "\x80"])
def test_a_file_that_is_not_the_runs_row_is_named(tmp_path, text):
    (tmp_path / "square3.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"square3\.json.*delete it"):
        run_grid(RUNS, area, tmp_path, InPlace())


def test_files_are_plain_json(tmp_path):
    run_grid(RUNS, area, tmp_path, InPlace())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "square1.json",
        "square2.json",
        "square3.json",
    ]
    assert json.loads((tmp_path / "square2.json").read_text()) == ROWS[2]


def test_other_processes_can_do_it(tmp_path):
    with worker_pool(1) as executor:
        assert executor.submit(operator.mul, 6, 7).result() == 42


def test_workers_are_stopped_when_the_parent_is(tmp_path):
    def interrupted():
        with worker_pool(1) as executor:
            executor.submit(time.sleep, 60)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 30
    assert multiprocessing.active_children() == []
