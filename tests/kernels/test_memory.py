"""Scratch memory: an array is its block's alone while the block lasts, and used again afterwards."""

import threading

import numpy as np
import pytest

from minimaskrcnn.kernels.fast.engine.memory import Workspace


def address(array):
    return array.__array_interface__["data"][0]


def test_memory_is_used_again_when_the_block_has_ended():
    with Workspace() as w:
        first = address(w.array("again", (100, 10), np.float32))
    with Workspace() as w:
        assert address(w.array("again", (500,), np.float64)) == first


def test_arrays_that_live_at_the_same_time_share_nothing():
    with Workspace() as outer, Workspace() as inner:
        arrays = [w.array("same", (64,), np.float32) for w in (outer, inner, outer)]
        for i, array in enumerate(arrays):
            array[...] = i
        assert [set(array.tolist()) for array in arrays] == [{0}, {1}, {2}]


def test_what_a_larger_array_needs_is_made_anew_with_its_shape_and_dtype():
    for side in (4, 40, 7):
        with Workspace() as w:
            array = w.array("growing", (side, 3), np.complex64)
            assert (array.shape, array.dtype, array.flags.c_contiguous) == ((side, 3), np.complex64, True)


def test_threads_have_memory_of_their_own():
    addresses = []
    both = threading.Barrier(2, timeout=60)

    def work():
        with Workspace() as w:
            addresses.append(address(w.array("threads", (64,), np.float32)))
        both.wait()  # neither ends before the other has asked

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(addresses)) == 2


def test_an_error_in_the_block_gives_the_memory_back():
    def fail():
        with Workspace() as w:
            addresses.append(address(w.array("failed", (64,), np.float32)))
            raise ZeroDivisionError

    addresses = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert len(set(addresses)) == 1
