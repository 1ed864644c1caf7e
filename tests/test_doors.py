"""How a newcomer comes in: one import, every part by its name, and nothing heavy before it is used."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
import types

import numpy as np
import pytest

import minimaskrcnn


def in_a_fresh_interpreter(code):
    warnings = ["-W", "error", "-W", "default::DeprecationWarning"]  # those are other people's
    return subprocess.run([sys.executable, *warnings, "-c", code], capture_output=True, text=True)


def test_every_part_opens_by_its_name():
    run = in_a_fresh_interpreter(
        "import minimaskrcnn as m; print([getattr(m, part).__name__ for part in m.__all__])"
    )
    assert run.stdout.strip() == str([f"minimaskrcnn.{part}" for part in minimaskrcnn.__all__]), run.stderr


def test_all_packages_are_named():
    packages = {part.name for part in pkgutil.iter_modules(minimaskrcnn.__path__) if part.ispkg}
    assert packages - {"cli"} <= set(minimaskrcnn.__all__)
    assert set(minimaskrcnn.__all__) <= set(dir(minimaskrcnn))


def test_an_unknown_part_is_an_attribute_error_that_lists_the_parts():
    with pytest.raises(AttributeError, match=r"no part 'op'; it has autograd, .*ops"):
        minimaskrcnn.op  # noqa: B018


def test_the_first_line_of_an_autograd_lesson():
    run = in_a_fresh_interpreter(
        "from minimaskrcnn.autograd import Tensor; x = Tensor([1.0], requires_grad=True); "
        "(x * x + 1).sum().backward(); assert x.grad[0] == 2"
    )
    assert run.returncode == 0, run.stderr


def modules():
    """Every module of the package, by its dotted name."""
    found = pkgutil.walk_packages(minimaskrcnn.__path__, "minimaskrcnn.")
    return [part.name for part in found if not part.name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_no_function_shadows_its_module(name):
    package, _, own = name.rpartition(".")
    importlib.import_module(name)
    found = inspect.getattr_static(importlib.import_module(package), own)
    assert isinstance(found, types.ModuleType), (
        f"{package}.{own} is {found!r}, so `import {name}` hands that out"
    )


@pytest.mark.parametrize(
    "name", ["load_model", "save_model", "load_weights", "save_weights", "load_backbone"]
)
def test_names_that_moved_to_io_still_answer_and_say_where_they_are(name):
    with pytest.warns(
        DeprecationWarning, match=f"minimaskrcnn.models.{name} moved to minimaskrcnn.io.{name}"
    ):
        found = getattr(minimaskrcnn.models, name)
    assert found is getattr(minimaskrcnn.io, name)


def test_modules_that_moved_to_the_engine_still_answer():
    with pytest.warns(DeprecationWarning, match=r"fast\.parallel moved to .*fast\.engine\.parallel"):
        from minimaskrcnn.kernels.fast import parallel
    assert parallel.side_by_side(lambda n: n + 1, range(2)) == [1, 2]


def test_an_unknown_name_of_a_module_with_moved_names():
    with pytest.raises(AttributeError, match=r"module 'minimaskrcnn\.models' has no attribute 'load'"):
        minimaskrcnn.models.load  # noqa: B018


def test_roi_operators_take_a_list_of_boxes_as_torchvision_does(rng):
    ops, Tensor = minimaskrcnn.ops, minimaskrcnn.autograd.Tensor
    x = Tensor(rng.standard_normal((2, 3, 8, 8)))
    first, second = np.array([[1.0, 1, 5, 6]]), np.array([[0.0, 2, 7, 7], [3, 3, 4, 4]])
    rois = np.array([[0, 1.0, 1, 5, 6], [1, 0, 2, 7, 7], [1, 3, 3, 4, 4]])
    for operator in (ops.roi_align, ops.roi_pool, ops.roi_warp):
        np.testing.assert_array_equal(operator(x, [first, second], 2).data, operator(x, rois, 2).data)
    assert ops.roi_align(x, [np.zeros((0, 4)), np.zeros((0, 4))], 2).shape == (0, 3, 2, 2)


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        ([np.zeros((1, 4))], "boxes lists 1 images, but the batch x has 2"),
        ([np.zeros((1, 4)), np.zeros((1, 5))], r"boxes\[1\] must be \(K, 4\)"),
        ([np.zeros((1, 4)), [[0.0, 0, 1, 1]]], r"boxes\[1\] must be an array|boxes\[1\]"),
    ],
)
def test_a_wrong_list_of_boxes_is_explained(boxes, sentence):
    x = minimaskrcnn.autograd.Tensor(np.zeros((2, 3, 8, 8), np.float32))
    with pytest.raises(minimaskrcnn.errors.InputError, match=sentence):
        minimaskrcnn.ops.roi_align(x, boxes, 2)
