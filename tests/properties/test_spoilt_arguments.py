"""A public function with one argument spoilt answers rightly or raises an `InputError`: nothing else.

Each entry of `CALLS` is a sane call. One of its arguments, or one entry of it, is replaced by something from
`ODD`, or by an array of another shape, dtype or value. The same seeds give the same calls.
"""

import warnings

import numpy as np
import pytest

from minimaskrcnn import data
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection import anchors, boxes
from minimaskrcnn.detection.structures import Detections, Target
from minimaskrcnn.errors import InputError

from .sane_calls import CALLS

ODD = [
    None, True, 0, 1, -1, -5, 3.7, float("nan"), float("inf"), 1e300, 10**6, 10**18, -(10**18), 1 + 2j,
    "x", b"x", (), [], (1, 2), (-1, -1), (2, 2, 2), ("a", "b"), (float("nan"),) * 2, {}, {"a": 1},
    np.float32(2), np.int64(3), np.bool_(True), np.array(3), np.array([1, 2]), object(), slice(None), print,
]  # fmt: skip

ARRAYS = {
    "empty": lambda a: a[:0],
    "an axis more": lambda a: a[None],
    "flat": np.ravel,
    "no columns": lambda a: a[..., :0],
    "turned": np.transpose,
    "doubled": lambda a: np.concatenate([a, a]),
    "a list": np.ndarray.tolist,
    "float16": lambda a: a.astype(np.float16),
    "whole": lambda a: a.astype(np.int64),
    "bool": lambda a: a.astype(bool),
    "complex": lambda a: a.astype(np.complex64),
    "object": lambda a: a.astype(object),
    "text": lambda a: a.astype(str),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "negative": lambda a: -np.abs(a) if a.dtype.kind in "if" else a,
    "nan": lambda a: with_value(a, np.nan),
    "infinite": lambda a: with_value(a, np.inf),
}


def with_value(a, value):
    changed = a.astype(np.float32)
    changed.reshape(-1)[:1] = value
    return changed


def spoilt(value, rng):
    """Another value in the place of this one, or of a part of it."""
    odd = ODD[rng.integers(len(ODD))]
    if rng.random() < 0.2:
        return odd
    if isinstance(value, np.ndarray):
        return list(ARRAYS.values())[rng.integers(len(ARRAYS))](value)
    if isinstance(value, Tensor):
        array = spoilt(value.data, rng)
        floats = isinstance(array, np.ndarray) and array.dtype in (np.float32, np.float64)
        return Tensor(array) if floats and array.dtype.isnative else array
    if isinstance(value, Target | Detections):
        name = list(vars(value))[rng.integers(4)]
        changed = type(value)(**vars(value))
        setattr(changed, name, spoilt(getattr(value, name), rng))
        return changed
    if isinstance(value, tuple | list) and value:
        place = rng.integers(len(value))
        return type(value)(spoilt(v, rng) if i == place else v for i, v in enumerate(value))
    if isinstance(value, dict):
        key = list(value)[rng.integers(len(value))]
        return {**value, key: spoilt(value[key], rng)}
    return odd


def assert_sound(name, seed):
    """Call the function with one argument spoilt."""
    rng = np.random.default_rng((seed, *name.encode()))
    function, sane = CALLS[name]
    arguments = sane(rng)
    key = list(arguments)[rng.integers(len(arguments))]
    arguments[key] = spoilt(arguments[key], rng)
    said = f"{name} with {key}={arguments[key]!r:.200} (seed {seed})"
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            answer = function(**arguments)
        except InputError as error:
            if not str(error).endswith("."):
                raise AssertionError(f"{said}: no sentence: {error}") from error
        except Exception as error:
            raise AssertionError(f"{said}: {type(error).__name__}: {error}") from error
        else:
            assert getattr(answer, "dtype", np.dtype(float)).kind in "biuf", f"{said}: {answer.dtype}"


@pytest.mark.parametrize("name", CALLS)
def test_sane_arguments_are_taken(name):
    function, sane = CALLS[name]
    function(**sane(np.random.default_rng(0)))


@pytest.mark.parametrize("name", CALLS)
def test_a_spoilt_argument_is_refused_or_answered(name):
    for seed in range(30):
        assert_sound(name, seed)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CALLS)
def test_many_spoilt_arguments_are_refused_or_answered(name):
    for seed in range(30, 800):
        assert_sound(name, seed)


def test_integers_and_halves_are_computed_in_float32():
    whole = np.array([[200, 0, 255, 200], [0, 100, 255, 255]], np.uint8)
    expected = boxes.box_iou(whole.astype(np.float32), whole.astype(np.float32))
    for dtype in (np.uint8, np.int16, np.int64, np.float16):
        iou = boxes.box_iou(whole.astype(dtype), whole.astype(dtype))
        assert iou.dtype == np.float32
        np.testing.assert_array_equal(iou, expected)
    far = np.array([[3000, 0, 3001, 1]], np.int64)
    assert boxes.clip_boxes_to_image(far, (4000, 4000)).dtype == np.float32


def test_a_batch_that_would_never_end_is_refused():
    with pytest.raises(InputError, match="batch_size must be a whole number from 1 to 65536"):
        data.Loader(data.Shapes("val", 2), 10**18, np.random.default_rng(0))


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf")])
def test_anchors_need_ratios_above_zero(ratio):
    with pytest.raises(InputError, match="each of aspect_ratios must be a finite number"):
        anchors.cell_anchors((8,), (ratio,))
