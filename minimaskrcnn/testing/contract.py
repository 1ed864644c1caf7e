"""What every op owes its caller, whatever it computes.

====================  ====================================================================================
it keeps the dtype    float32 in, float32 out, and back again; float64 likewise
it is precise enough  float32 gives what float64 gives, to the digits that float32 has
it changes nothing    inputs, plain arguments and the gradient handed in keep their bytes
it accepts any array  read-only, reversed, strided, Fortran-ordered, channels-last, a broadcast gradient
it answers alike      in every layout, ties included, and a second time
it keeps the layout   channels-last in, channels-last out, and back again (elementwise ops only)
it gives new memory   no result shares memory with an input or another result, or changes later
it accepts nothing    an empty batch, zero RoIs: empty results, zero gradients
its gates shut        a gradient that does not depend on an output is the same whatever comes from there,
                      infinity and NaN too: 0 * inf is NaN, a gate that is shut hands on 0
====================  ====================================================================================
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import Any

import numpy as np

from minimaskrcnn.testing.case import Case, Op, Result, random_like, run
from minimaskrcnn.testing.compare import results_differ

Rows = Sequence[int | str]


def assert_contract(
    fn: Op,
    case: Case,
    *,
    empty: Sequence[Rows] = ((0,),),
    views: bool = False,
    gates: bool = True,
    elementwise: bool = False,
) -> None:
    """Check the table above for one call.

    Parameters
    ----------
    fn : the op
    case : float64 inputs with at least one row
    empty : which arrays lose all their rows together
        A tensor goes by its number, an argument by its name: ``((0,),)`` is an empty batch, ``(("boxes",),)``
        no RoIs, ``()`` skips the check.
    views : bool
        The outputs may be views of the inputs, as those of ``reshape`` are.
    gates : bool
        False for an op in which 0 * inf is not a gate: softmax and the norms subtract the mean of a group,
        which for a group of one is inf - inf; a convolution multiplies by the zeros of its padding, and
        bilinear weights are 0 where a sample hits a cell's centre.
    elementwise : bool
        Each output is of one element of each input, so that results can lie in memory as the inputs do.

    Raises
    ------
    AssertionError
        Says what was asked, and what came.

    Examples
    --------
    >>> from minimaskrcnn import ops
    >>> assert_contract(ops.relu, Case(np.array([-1.0, 2.0])))
    """
    for dtype in (np.float32, np.float64):
        _keeps_dtype(fn, case.astype(dtype))
    for sample in (case, tied(case)):
        _changes_nothing(fn, sample)
        _accepts_any_layout(fn, sample)
        if gates:
            _shuts_its_gates(fn, sample)
    _is_precise_enough(fn, case.astype(np.float32))
    if elementwise:
        _keeps_layout(fn, case)
    _gives_new_memory(fn, case, views)
    for rows in empty:
        _accepts_nothing(fn, case, rows)


def tied(case: Case) -> Case:
    """The same call with two values in each tensor, in the order a b b a a, over and over.

    They are rounded away from zero to eighths, so that interpolating between equal ones is exact.
    """
    return Case(*map(_two_values, case.tensors), **case.arguments)


def _two_values(x: np.ndarray) -> np.ndarray:
    eighths = np.copysign(np.ceil(np.abs(x.ravel()) * 8) / 8, x.ravel())
    return np.resize(np.resize(eighths, 2)[[0, 1, 1, 0, 0]], x.shape) if x.size else x


@contextmanager
def _while_given(what: str) -> Iterator[None]:
    """Turn an exception of the op into a broken promise, with what it was given."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(
            f"assert_contract: given {what}, it raised {type(error).__name__}: {error}"
        ) from error


def _same(what: str, got: Result, expected: Result) -> None:
    if text := results_differ(got, expected):
        raise AssertionError(f"assert_contract: {what} changes {text}.")


def _keeps_dtype(fn: Op, case: Case) -> None:
    wanted = case.tensors[0].dtype
    with _while_given(f"{wanted} inputs"):
        result = run(fn, case)
    for kind, arrays in (("output", result.outputs), ("gradient", result.grads)):
        for i, x in enumerate(arrays):
            if x.dtype != wanted:
                raise AssertionError(
                    f"assert_contract: {wanted} inputs give a {x.dtype} {kind} {i}; a result keeps the "
                    "dtype of its input. Python floats are weak, np.float64 numbers and np.bincount are not."
                )


def _is_precise_enough(fn: Op, case: Case) -> None:
    double, single = run(fn, case.astype(np.float64)), run(fn, case)
    rounded = Result(*[[x.astype(np.float32) for x in arrays] for arrays in double])
    if text := results_differ(single, rounded):
        raise AssertionError(f"assert_contract: in float32, not as in float64, {text}.")


def _changes_nothing(fn: Op, case: Case) -> None:
    given = case.map(lambda x: x.copy("K"))
    first = run(fn, given)
    handed_in = [random_like(y) for y in first.outputs]
    before = case.arrays() | {f"gradient of output {i}": v for i, v in enumerate(handed_in)}
    after = given.arrays() | {f"gradient of output {i}": v for i, v in enumerate(first.cotangents)}
    for name, x in before.items():
        if not np.array_equal(x, after[name], equal_nan=True):
            raise AssertionError(f"assert_contract: {name} was changed in place; others may hold that array.")
    _same("calling it a second time", run(fn, given), first)


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "read-only inputs": lambda x: _read_only(x.copy("K")),
    "Fortran-ordered inputs": lambda x: x.copy("F"),
    "reversed inputs": lambda x: _reversed(_reversed(x).copy()),
    "strided inputs": lambda x: _every_other(x),
    "channels-last inputs": lambda x: _channels_last(x),
}


def _read_only(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def _along_all(step: slice, x: np.ndarray) -> tuple[Any, ...]:
    """The same slice on every axis; a view even of an array without axes."""
    return (..., *[step] * x.ndim)


def _reversed(x: np.ndarray) -> np.ndarray:
    return x[_along_all(slice(None, None, -1), x)]


def _every_other(x: np.ndarray) -> np.ndarray:
    """The elements of x, amid NaN (or -1) that nobody may read."""
    filler = np.nan if x.dtype.kind == "f" else True if x.dtype == bool else -1
    wide = np.full([2 * side for side in x.shape], filler, x.dtype)
    places = _along_all(slice(1, None, 2), x)
    wide[places] = x
    return wide[places]


def _channels_last(x: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.moveaxis(x, 1, -1).copy(), -1, 1) if x.ndim > 1 else x


def _accepts_any_layout(fn: Op, case: Case) -> None:
    expected = run(fn, case)
    for what, layout in LAYOUTS.items():
        _accepts_layout(fn, case, what, layout, expected)
    with _while_given("a broadcast gradient, as that of a sum"):
        ones = run(fn, case, np.ones_like)
        view = run(fn, case, lambda y: np.broadcast_to(y.dtype.type(1), y.shape))
        _same("a broadcast gradient", view, ones)


def _accepts_layout(fn: Op, case: Case, what: str, layout: Callable[..., Any], expected: Result) -> None:
    with _while_given(what):
        _same(what, run(fn, case.map(layout)), expected)
        _same(f"a gradient laid out like {what}", run(fn, case, lambda y: layout(random_like(y))), expected)


def _keeps_layout(fn: Op, case: Case) -> None:
    """Of inputs that have the output's shape: where one is broadcast, no layout is the natural one."""
    given = case.map(_channels_last)
    result = run(fn, given, lambda y: _channels_last(random_like(y)))
    for y in result.outputs:
        if any(x.shape != y.shape for x in given.tensors):
            continue
        for what, laid_out in [("an output", y), *(("a gradient", grad) for grad in result.grads)]:
            if _steps(laid_out) != _steps(given.tensors[0]):
                raise AssertionError(
                    f"assert_contract: channels-last inputs give {what} in another layout, strides "
                    f"{laid_out.strides} for {given.tensors[0].strides}; np.empty_like keeps the input's."
                )


def _steps(x: np.ndarray) -> list[int]:
    """Strides, of the axes on which there is a step to take."""
    return [stride for stride, side in zip(x.strides, x.shape, strict=True) if side > 1]


def _gives_new_memory(fn: Op, case: Case, views: bool) -> None:
    given = case.map(np.copy)
    result = run(fn, given)
    outputs = {f"output {i}": y for i, y in enumerate(result.outputs)}
    grads = {f"gradient {i}": g for i, g in enumerate(result.grads)}
    pairs = [(a, b) for a in grads.items() for b in given.arrays().items()]
    pairs += [(g, y) for g in grads.items() for y in outputs.items()]
    pairs += list(combinations(grads.items(), 2))
    if not views:
        pairs += [(y, x) for y in outputs.items() for x in given.arrays().items()]
        pairs += list(combinations(outputs.items(), 2))
    for (a, x), (b, y) in pairs:
        if np.may_share_memory(x, y):
            raise AssertionError(f"assert_contract: {a} shares memory with {b}; changing one changes both.")
    _is_not_overwritten(fn, given, result)


def _is_not_overwritten(fn: Op, case: Case, result: Result) -> None:
    """A second call with other numbers, as one that reuses a buffer, must leave the first results alone."""
    before = Result(*[[x.copy() for x in arrays] for arrays in result])
    run(fn, Case(*[x[..., ::-1].copy() if x.ndim else x.copy() for x in case.tensors], **case.arguments))
    _same("a later call", result, before)


HUGE = 1e30  # larger than any gradient here, so that even a faint dependence shows


def _shuts_its_gates(fn: Op, case: Case) -> None:
    """Change what comes from every other output; gradients that do not notice must not notice inf or NaN."""

    def every_other(value: float) -> Callable[[np.ndarray], np.ndarray]:
        def cotangent(y: np.ndarray) -> np.ndarray:
            given = random_like(y)
            given.flat[::2] *= value
            return given

        return cotangent

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        usual, *changed = (run(fn, case, every_other(v)).grads for v in (1, HUGE, -HUGE))
        spoilt = {v: run(fn, case, every_other(v)).grads for v in (np.inf, np.nan)}
    for i, grad in enumerate(usual):
        apart = np.logical_and.reduce([grad == other[i] for other in changed])
        for value, grads in spoilt.items():
            if not np.array_equal(grad[apart], grads[i][apart]):
                raise AssertionError(
                    f"assert_contract: gradient {i} changes where {value} comes from an output that it "
                    "does not depend on. Write np.where(gate, grad, 0) and not grad * gate."
                )


def _accepts_nothing(fn: Op, case: Case, rows: Rows) -> None:
    what = "no rows in " + " and ".join(f"input {r}" if isinstance(r, int) else r for r in rows)
    with _while_given(what):
        nothing = run(fn, _with_rows(case, rows, lambda x: x[:0]))
    once = run(fn, case)
    twice = run(fn, _with_rows(case, rows, lambda x: np.concatenate([x, x])))
    for i, (y, usual, doubled) in enumerate(zip(nothing.outputs, once.outputs, twice.outputs, strict=True)):
        if usual.ndim == 0 or len(doubled) != 2 * len(usual):
            continue  # its rows are not those of the input
        expected = (0, *usual.shape[1:])
        if y.shape != expected or y.dtype != usual.dtype:
            raise AssertionError(
                f"assert_contract: given {what}, output {i} must be {usual.dtype} {expected}; "
                f"got {y.dtype} {y.shape}."
            )
        if any(g.any() for g in nothing.grads):
            raise AssertionError(f"assert_contract: given {what}, a gradient must be zero; it is not.")


def _with_rows(case: Case, rows: Rows, change: Callable[[np.ndarray], np.ndarray]) -> Case:
    """The case with `change` applied to the arrays named."""
    tensors = [change(x) if i in rows else x for i, x in enumerate(case.tensors)]
    return Case(*tensors, **{k: change(v) if k in rows else v for k, v in case.arguments.items()})
