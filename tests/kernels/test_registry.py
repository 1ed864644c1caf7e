"""The switch between editions: for good, for a while, from the shell, and to one's own."""

import contextlib
import inspect
import os
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from minimaskrcnn import kernels
from minimaskrcnn.errors import InputError
from minimaskrcnn.kernels import fast, reference, registry


@pytest.fixture(autouse=True)
def leave_no_trace(monkeypatch):
    """Put the edition in use, and the list of editions, back after each test."""
    monkeypatch.setattr(registry, "_active", registry._editions["fast"])
    monkeypatch.setattr(registry, "_editions", dict(registry._editions))


def test_the_editions_have_the_same_names_and_signatures():
    assert reference.__all__ == fast.__all__
    for name in fast.__all__:
        ours, theirs = (inspect.signature(getattr(module, name)) for module in (fast, reference))
        assert list(ours.parameters) == list(theirs.parameters), name


@pytest.mark.parametrize("name", fast.__all__)
def test_each_edition_has_code_of_its_own(name):
    assert getattr(fast, name) is not getattr(reference, name)


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


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="no edition 'quick'; choose one of fast, reference"):
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


def test_a_function_that_is_no_kernel_is_refused():
    with pytest.raises(InputError, match="conv3d is not the name of a kernel"):
        kernels.register("mine", SimpleNamespace(conv3d=lambda x: x))


def test_the_built_in_names_are_taken():
    with pytest.raises(InputError, match="built in"):
        kernels.register("fast", SimpleNamespace())


@pytest.mark.parametrize(("value", "expected"), [("reference", "reference"), ("fast", "fast")])
def test_the_shell_chooses(value, expected):
    code = "from minimaskrcnn import kernels; print(kernels.active().conv2d.__module__)"
    environment = {**os.environ, "MINIMASKRCNN_KERNELS": value}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == f"minimaskrcnn.kernels.{expected}.conv"
