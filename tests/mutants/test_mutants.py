"""Every planted fault is noticed by the operator suite, and not only because another edition disagrees."""

import pytest
from planted import FAULTS
from report import failures, layer

A_FEW = ["dropped-half-pixel", "leak-of-doubles", "stride-one-in-backward"]


def noticed_by(tests):
    return {layer(test) for test in tests}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in A_FEW else pytest.mark.thorough) for name in FAULTS]
)
def test_a_fault_is_noticed_by_a_layer_that_needs_no_second_edition(name):
    assert noticed_by(failures(name, FAULTS[name].suite)) - {"parity"}


def test_no_fault_is_lost():
    assert len(FAULTS) >= 97
    assert set(A_FEW) <= set(FAULTS)


@pytest.mark.thorough
def test_an_edition_without_a_fault_passes():
    assert failures("sound") == []


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("test_every_op.py::test_layer[conv2d-adjoint]", "adjoint"),
        ("test_every_op.py::test_layer[roi_pool-halves-gradient]", "gradient"),
        ("test_nms.py::test_nms_parity[float32]", "parity"),
        ("test_nms.py::test_nms_contract", "contract"),
        ("test_definition_conv.py::test_conv2d_hands_the_bias_the_sum_of_its_channel", "definition"),
    ],
)
def test_a_test_belongs_to_a_layer(test, name):
    assert layer(test) == name
