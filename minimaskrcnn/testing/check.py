"""`check_op`: everything an op owes, in one call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from minimaskrcnn.errors import InputError
from minimaskrcnn.testing.adjoint import assert_adjoint
from minimaskrcnn.testing.case import Case, Op, run
from minimaskrcnn.testing.compare import results_differ
from minimaskrcnn.testing.contract import Rows, assert_contract, tied
from minimaskrcnn.testing.gradients import gradcheck
from minimaskrcnn.testing.parity import assert_editions_agree

LAYERS = ("parity", "adjoint", "gradient", "contract")


def check_op(
    fn: Op,
    cases: Case | Iterable[Case],
    *,
    like: Op | None = None,
    linear: Sequence[int] = (),
    empty: Sequence[Rows] = ((0,),),
    views: bool = False,
    gates: bool | None = None,
    elementwise: bool = False,
    layers: Sequence[str] = LAYERS,
) -> None:
    """Run every check that applies to an op, on one case or several.

    ========  =============================================================  ======================
    layer     asks                                                           by
    ========  =============================================================  ======================
    parity    do all editions of each kernel it calls agree, ties too?       `assert_kernels_agree`
    adjoint   is backward the transpose, for inputs it is linear in?         `assert_adjoint`
    gradient  is backward the derivative?                                    `gradcheck`
    contract  dtype, memory, layouts, empty batch                            `assert_contract`
    ========  =============================================================  ======================

    Parameters
    ----------
    fn : the op; called as ``fn(*tensors, **arguments)`` of a case
    cases : float64, away from kinks and ties, which the checks make themselves
    like : an op that must give the same outputs and gradients, as ours for yours
    linear : numbers of the tensors that fn is linear in, a constant aside; a case may lack the last ones
    empty, views, gates, elementwise : see `assert_contract`; with `linear`, gates only by gates=True
    layers : those to run

    Raises
    ------
    AssertionError
        From the first check that fails; the message begins with the layer.
    NonSmoothPoint
        If a case lies on a kink.
    InputError
        If a layer does not exist.

    Examples
    --------
    >>> import numpy as np
    >>> from minimaskrcnn import ops
    >>> x, weight = np.random.default_rng(0).standard_normal((2, 1, 1, 3, 3))
    >>> check_op(ops.conv2d, Case(x, weight, padding=1), linear=(0, 1))
    """
    if unknown := set(layers) - set(LAYERS):
        raise InputError(f"check_op: no layer {sorted(unknown)}; the layers are {', '.join(LAYERS)}.")
    for case in [cases] if isinstance(cases, Case) else cases:
        if like is not None:
            _assert_like(fn, like, case)
        if "parity" in layers:
            assert_editions_agree(fn, case)
            assert_editions_agree(fn, tied(case))
        if "adjoint" in layers:
            for wrt in linear:
                if wrt < len(case.tensors):
                    assert_adjoint(fn, case, wrt)
        if "gradient" in layers:
            gradcheck(lambda *tensors, case=case: fn(*tensors, **case.arguments), case.tensors)
        if "contract" in layers:
            has_gates = not linear if gates is None else gates
            assert_contract(fn, case, empty=empty, views=views, gates=has_gates, elementwise=elementwise)


def _assert_like(fn: Op, other: Op, case: Case) -> None:
    """Outputs and gradients of two ops, on the case and on ties."""
    for sample in (case, tied(case)):
        if text := results_differ(run(fn, sample), run(other, sample)):
            raise AssertionError(f"check_op: unlike the other op's, {text}; {sample!r}.")
