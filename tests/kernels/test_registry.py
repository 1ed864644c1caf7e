"""The switch between editions: for good, for a while, from the shell, and to one's own."""

import contextlib
import inspect
import os
import pkgutil
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from minimaskrcnn import kernels
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import fast, plain, reference, registry
from minimaskrcnn.kernels.fast.engine import parallel

EDITIONS = (reference, plain, fast)
FILES = [
    f"{edition.__name__}.{file.name}"
    for edition in EDITIONS
    for file in pkgutil.iter_modules(edition.__path__)
    if set(vars(import_module(f"{edition.__name__}.{file.name}"))) & set(kernels.KERNELS)
]


@pytest.fixture(autouse=True)
def leave_no_trace(monkeypatch):
    """Begin on the fast edition; put the edition in use, and the list of editions, back after each test."""
    monkeypatch.setattr(registry, "_editions", dict(registry._editions))
    with kernels.use("fast"):
        yield


@pytest.mark.parametrize("edition", EDITIONS)
def test_an_edition_is_what_the_contract_says(edition):
    for name in kernels.KERNELS:
        own, (_, *contract) = (
            inspect.signature(getattr(of, name)).parameters for of in (edition, kernels.Kernels)
        )
        assert list(own) == contract, name


@pytest.mark.parametrize("name", kernels.KERNELS)
def test_each_edition_has_code_of_its_own(name):
    assert len({getattr(edition, name) for edition in EDITIONS}) == len(EDITIONS)


def test_use_as_a_call_lasts():
    kernels.use("reference")
    assert kernels.active().conv2d is reference.conv2d


def test_use_as_a_context_manager_ends_with_it_even_after_an_error():
    with contextlib.suppress(RuntimeError), kernels.use("reference") as edition:
        assert edition.conv2d is kernels.active().conv2d is reference.conv2d
        raise RuntimeError
    assert kernels.active().conv2d is fast.conv2d


def test_uses_nest():
    with kernels.use("reference"):
        with kernels.use("fast"):
            assert kernels.active().nms is fast.nms
        assert kernels.active().nms is reference.nms
    assert kernels.active().nms is fast.nms


def test_another_thread_does_not_see_the_switch():
    seen = {}

    def work(name):
        seen["before", name] = kernels.active()
        kernels.use(name)  # as a call: for good, in this thread
        both_switched.wait()
        seen["after", name] = kernels.active()

    both_switched = threading.Barrier(2)
    with kernels.use("fast"):
        threads = [threading.Thread(target=work, args=[name]) for name in ("plain", "reference")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert kernels.active() is fast
    assert seen == {
        ("before", "plain"): kernels.active(),
        ("before", "reference"): kernels.active(),
        ("after", "plain"): plain,
        ("after", "reference"): reference,
    }


def test_the_helpers_of_a_kernel_see_its_callers_edition(monkeypatch):
    blas = parallel._OpenBLAS(lambda: 2, lambda threads: None)
    monkeypatch.setattr(parallel, "_openblas", lambda: blas)
    both_work = threading.Barrier(2)

    def edition(piece):
        both_work.wait()  # so that each of two threads takes one piece
        return kernels.active(), threading.get_ident()

    with kernels.use("plain"):
        (first, here), (second, there) = parallel.side_by_side(edition, range(2))
    assert first is second is plain
    assert here != there


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="no edition 'quick'; choose one of fast, plain, reference"):
        kernels.use("quick")


def test_own_edition_falls_back_to_fast():
    def nms(boxes, scores, iou_threshold):
        return "mine"

    kernels.register("mine", SimpleNamespace(nms=nms))
    with kernels.use("mine") as edition:
        assert edition.nms is nms
        assert edition.conv2d is fast.conv2d
    assert "mine" in kernels.available()


def test_only_a_modules_own_functions_count():
    module = ModuleType("student")
    exec(
        "from os.path import join\ndef _helper(): pass\ndef nms(boxes, scores, iou_threshold): pass",
        vars(module),
    )
    kernels.register("student", module)
    assert kernels.use("student")


def test_a_wrong_signature_is_refused():
    with pytest.raises(InputError, match=r"mine\.nms\(boxes, threshold\) must take \(boxes, scores, iou_thr"):
        kernels.register("mine", SimpleNamespace(nms=lambda boxes, threshold: None))
    assert "mine" not in kernels.available()


@pytest.mark.parametrize(("name", "meant"), [("max_pool", "max_pool2d"), ("roi_algin", "roi_align")])
def test_a_misspelt_kernel_is_refused(name, meant):
    with pytest.raises(InputError, match=f"mine.{name} is not the name of a kernel; did you mean {meant}?"):
        kernels.register("mine", SimpleNamespace(**{name: lambda x: x}, nms=fast.nms))


def test_a_module_without_kernels_is_refused():
    with pytest.raises(InputError, match="mine has no kernel; the kernels are conv2d, "):
        kernels.register("mine", SimpleNamespace(area=lambda box: 1))


@pytest.mark.parametrize("file", FILES)
def test_any_of_our_files_can_be_registered_as_it_is(file):
    """The exercise "copy a file, change a line, register it", without the change."""
    copy = ModuleType("copy")
    exec(Path(import_module(file).__file__).read_text("utf-8"), vars(copy))
    kernels.register("copy", copy)
    with kernels.use("copy") as edition:
        own = [name for name in kernels.KERNELS if getattr(edition, name) is not getattr(fast, name)]
    assert own
    assert all(getattr(edition, name) is vars(copy)[name] for name in own)


def test_the_built_in_names_are_taken():
    with pytest.raises(InputError, match="built in"):
        kernels.register("fast", SimpleNamespace())


@pytest.mark.parametrize(
    ("value", "expected"), [("reference", "reference"), ("plain", "plain"), ("fast", "fast")]
)
def test_the_shell_chooses(value, expected):
    code = "from minimaskrcnn import kernels; print(kernels.active().conv2d.__module__)"
    environment = {**os.environ, "MINIMASKRCNN_KERNELS": value}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == f"minimaskrcnn.kernels.{expected}.conv"
