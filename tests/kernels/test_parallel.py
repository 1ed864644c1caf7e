"""Pieces side by side: all of them, in order, once. The BLAS has its threads back, and no bit changes."""

import ctypes
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from minimaskrcnn.kernels.fast.engine import parallel, tuning
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side, sum_side_by_side


@pytest.fixture(params=[1, 2, 3], ids="{} threads".format)
def blas(request, monkeypatch):
    """A BLAS that has some number of threads, and remembers what it was told."""
    state = SimpleNamespace(threads=request.param, told=[])

    def set_threads(threads):
        state.threads = threads
        state.told.append(threads)

    fake = parallel._OpenBLAS(lambda: state.threads, set_threads)
    monkeypatch.setattr(parallel, "_openblas", lambda: fake)
    return state


def test_results_come_in_the_order_of_the_pieces(blas):
    assert side_by_side(lambda n: n * n, range(100)) == [n * n for n in range(100)]
    assert side_by_side(lambda n: n, []) == []


def test_the_blas_has_one_thread_meanwhile_and_its_own_again_afterwards(blas):
    before = blas.threads
    assert set(side_by_side(lambda _: blas.threads, range(10))) == {1}
    assert blas.threads == before


def test_two_pieces_are_worked_on_at_once(blas):
    if blas.threads == 1:
        assert {*side_by_side(lambda _: threading.get_ident(), range(4))} == {threading.get_ident()}
        return
    both = threading.Barrier(2, timeout=60)  # passes only when two threads are there
    side_by_side(lambda _: both.wait(), range(2))


def test_an_error_in_a_piece_reaches_the_caller(blas):
    before = blas.threads

    def fail(n):
        if n == 3:
            raise ZeroDivisionError("piece 3")
        return n

    with pytest.raises(ZeroDivisionError, match="piece 3"):
        side_by_side(fail, range(8))
    assert blas.threads == before
    assert side_by_side(fail, range(3)) == [0, 1, 2]


def test_errstate_of_the_caller_holds_in_every_piece(blas):
    with np.errstate(over="raise"):
        assert {*side_by_side(lambda _: np.geterr()["over"], range(20))} == {"raise"}


def test_pieces_within_pieces_take_no_further_threads(blas):
    inner = side_by_side(lambda n: side_by_side(lambda m: n + m, range(3)), range(3))
    assert inner == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]


def test_without_a_blas_whose_threads_can_be_set_pieces_run_in_turn(monkeypatch):
    monkeypatch.setattr(parallel, "_openblas", lambda: None)
    assert {*side_by_side(lambda _: threading.get_ident(), range(4))} == {threading.get_ident()}


def test_a_sum_has_the_same_bytes_on_any_number_of_threads(blas, rng):
    terms = rng.standard_normal((50, 7)).astype(np.float32)
    total = sum_side_by_side(lambda total, i: np.add(total, terms[i], out=total), (7,), np.float32, range(50))
    expected = [np.zeros(7, np.float32) for _ in range(tuning.TOTALS)]
    for i in range(50):
        expected[i % tuning.TOTALS] += terms[i]
    np.testing.assert_array_equal(total, sum(expected[1:], expected[0]))
    empty = sum_side_by_side(lambda total, i: None, (7,), np.float32, [])
    np.testing.assert_array_equal(empty, np.zeros(7))


CONVOLUTIONS = """
import hashlib, numpy as np
from minimaskrcnn.kernels import fast
rng = np.random.default_rng(0)
for C, stride in ((64, 1), (32, 1), (48, 2)):
    x = rng.standard_normal((4, C, 33, 40), dtype=np.float32)
    weight = rng.standard_normal((64, C, 3, 3), dtype=np.float32)
    geometry = ((stride, stride), (1, 1), (1, 1), 1)
    out = fast.conv2d(x, weight, None, *geometry)
    dx = fast.conv2d_input_grad(out, weight, x.shape, *geometry)
    dw = fast.conv2d_weight_grad(out, x, weight.shape, *geometry)
    print(*(hashlib.sha256(np.ascontiguousarray(a)).hexdigest() for a in (out, dx, dw)))
"""

ROIS = """
import hashlib, numpy as np
from minimaskrcnn.kernels import fast, roi_rules
rng = np.random.default_rng(0)
x = rng.standard_normal((2, 160, 33, 40), dtype=np.float32)
rois = np.concatenate([rng.integers(0, 2, (99, 1)), rng.uniform(0, 40, (99, 4))], 1).astype(np.float32)
for rule in (roi_rules.ROI_ALIGN, roi_rules.ROI_WARP, roi_rules.ROI_POOL):
    out, argmax = fast.roi_features(x, rois, (7, 7), 1.0, rule)
    dx = fast.roi_features_backward(out, rois, argmax, x.shape, 1.0, rule)
    none = np.zeros(1) if argmax is None else argmax
    print(*(hashlib.sha256(np.ascontiguousarray(a)).hexdigest() for a in (out, none, dx)))
"""


@pytest.mark.parametrize("program", [CONVOLUTIONS, ROIS], ids=["convolutions", "rois"])
def test_kernels_give_the_same_bytes_on_one_core_and_on_two(program):
    def run(threads):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads}
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        ).stdout

    one, two = run("1"), run("2")
    assert len(one.split()) == 9
    assert one == two


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its cores")
def test_a_helper_begins_on_another_core_and_may_then_go_anywhere(monkeypatch):
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        pytest.skip("one core")
    begun = ctypes.PyDLL(None).sched_getcpu
    helper = parallel._Helper()
    for core in sorted(cores)[:2]:  # whichever the caller is on: it cannot be both
        monkeypatch.setattr(parallel, "_this_core", lambda core=core: core)
        seen = []
        for _ in range(20):
            helper.start(lambda seen=seen: seen.append((begun(), os.sched_getaffinity(0)))).result()
        assert all(free == cores for _, free in seen)
        assert sum(where != core for where, _ in seen) > 10  # a busy machine may move it at once


def test_helpers_are_shared_by_all_numbers_of_threads(blas):
    before = threading.active_count()
    for threads in range(2, 9):
        blas.threads = threads
        assert side_by_side(lambda n: n * n, range(20)) == [n * n for n in range(20)]
    assert threading.active_count() - before <= 7
    assert len(parallel._state.helpers) <= 7


def test_where_no_thread_can_be_started_the_caller_does_it_all(blas, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(parallel, "_state", parallel._State())
    monkeypatch.setattr(parallel._Helper, "__init__", refuse)
    assert {*side_by_side(lambda _: threading.get_ident(), range(5))} == {threading.get_ident()}


def test_where_a_system_does_not_let_a_thread_choose_its_core_helpers_still_help(blas, monkeypatch):
    monkeypatch.setattr(parallel, "_state", parallel._State())
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    assert parallel._cores() == set()
    assert side_by_side(lambda n: n + 1, range(9)) == list(range(1, 10))


@pytest.mark.parametrize("library", [object(), OSError("not a shared library")], ids=["other BLAS", "static"])
def test_a_numpy_without_openblas_is_told(library, monkeypatch):
    def load(path):
        if isinstance(library, OSError):
            raise library
        return library

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert parallel._openblas.__wrapped__() is None


AFTER_MAIN = """
import threading, numpy as np
from minimaskrcnn.kernels import fast
x, weight = np.ones((4, 64, 33, 40), np.float32), np.ones((64, 64, 3, 3), np.float32)
def convolve(): return round(fast.conv2d(x, weight, None, (1, 1), (1, 1), (1, 1), 1).max())
def late():
    threading.main_thread().join()
    print(convolve())
convolve()
threading.Thread(target=late).start()
"""

FORKED_IN_A_PIECE = """
import os
from minimaskrcnn.kernels.fast.engine import parallel
from minimaskrcnn.kernels.fast.engine.parallel import side_by_side
def threads(): return parallel._openblas().get_threads()
def fork(n):
    if n == 0 and (child := os.fork()) == 0:
        right = threads() == 2 and side_by_side(lambda n: n, range(3)) == [0, 1, 2]
        os._exit(0 if right else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if n == 0 else 0
print(threads(), side_by_side(fork, range(2)), threads())
"""


def run_on_two_threads(program):
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120
    )


def test_kernels_work_after_the_main_thread_has_ended():
    done = run_on_two_threads(AFTER_MAIN)
    assert (done.stdout, done.stderr, done.returncode) == ("576\n", "", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX systems fork")
def test_a_child_forked_in_a_piece_has_all_threads_of_its_blas():
    done = run_on_two_threads(FORKED_IN_A_PIECE)
    assert (done.stdout, done.returncode) == ("2 [0, 0] 2\n", 0), done.stderr
