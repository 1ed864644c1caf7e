"""Ops against outputs and gradients recorded from torch: every case of nn.npz, read through the manifest."""

import json

import numpy as np
import pytest

from minimaskrcnn import ops
from minimaskrcnn.autograd import Tensor

REDUCTION = ["mean", "sum", "none"]


def integer(value):
    """Parameters are stored as floats: 2.0 -> 2, [2.0, 1.0] -> (2, 1)."""
    return tuple(int(v) for v in value) if np.ndim(value) else int(value)


def conv(op):
    def run(t, a, p):
        return op(t["x"], t["w"], t.get("b"), **{name: integer(value) for name, value in p.items()})

    return run


def batch_norm(t, a, p):
    mean, var = a["rm"].copy(), a["rv"].copy()
    y = ops.batch_norm(t["x"], mean, var, t["w"], t["b"], bool(p["training"]), p["momentum"], p["eps"])
    return {"y": y, "rm_after": mean, "rv_after": var}


def max_pool2d(t, a, p):
    p = {name: integer(value) for name, value in p.items()}
    return ops.max_pool2d(t["x"], p["kernel"], p["stride"], p["padding"], p["dilation"], bool(p["ceil_mode"]))


def interpolate(t, a, p):
    return ops.interpolate(
        t["x"],
        size=integer(p["size"]) if "size" in p else None,
        scale_factor=p.get("scale_factor"),
        mode=["nearest", "bilinear"][int(p["mode"])],
        align_corners=None if p["align_corners"] < 0 else bool(p["align_corners"]),
        recompute_scale_factor=bool(p["recompute"]) if "recompute" in p else None,
    )


def cross_entropy(t, a, p):
    return ops.cross_entropy(
        t["x"],
        a["t"].astype(np.int64),
        ignore_index=int(p.get("ignore_index", -100)),
        reduction=REDUCTION[int(p["reduction"])],
        weight=a.get("cw"),
    )


def frozen_batch_norm(t, a, p):
    return ops.frozen_batch_norm(t["x"], a["rm"], a["rv"], a["w"], a["b"], p["eps"])


def binary_cross_entropy(t, a, p):
    return ops.binary_cross_entropy_with_logits(t["x"], a["t"], reduction=REDUCTION[int(p["reduction"])])


def smooth_l1(t, a, p):
    return ops.smooth_l1_loss(t["x"], a["t"], beta=p["beta"], reduction=REDUCTION[int(p["reduction"])])


# op of the manifest -> function of (Tensors, plain arrays, parameters)
RUN = {
    "batch_norm": batch_norm,
    "bce_with_logits": binary_cross_entropy,
    "conv2d": conv(ops.conv2d),
    "conv_transpose2d": conv(ops.conv_transpose2d),
    "cross_entropy": cross_entropy,
    "frozen_batch_norm": frozen_batch_norm,
    "group_norm": lambda t, a, p: ops.group_norm(t["x"], int(p["groups"]), t["w"], t["b"], p["eps"]),
    "interpolate": interpolate,
    "linear": lambda t, a, p: ops.linear(t["x"], t["w"], t.get("b")),
    "max_pool2d": max_pool2d,
    "relu": lambda t, a, p: ops.relu(t["x"]),
    "sigmoid": lambda t, a, p: ops.sigmoid(t["x"]),
    "smooth_l1": smooth_l1,
    "softmax": lambda t, a, p: ops.softmax(t["x"]),
}


def check(case, arrays):
    def stored(tag):
        prefix = f"{case['case']}/{tag}."
        return {key.removeprefix(prefix): arrays[key] for key in arrays.files if key.startswith(prefix)}

    inputs, wanted, grads = stored("i"), stored("o"), stored("g")
    tensors = {name: Tensor(x, requires_grad=name in grads) for name, x in inputs.items() if name != "up"}
    result = RUN[case["op"]](tensors, inputs, case["params"])
    outputs = result if isinstance(result, dict) else {"y": result}
    outputs["y"].backward(inputs["up"])
    got = {name: x.data if isinstance(x, Tensor) else x for name, x in outputs.items()}
    tolerance = {"rtol": case["rtol"], "atol": case["atol"]}
    assert got.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(
            got[name], wanted[name], **tolerance, err_msg=f"{case['case']} output {name}"
        )
    for name in grads:
        np.testing.assert_allclose(
            tensors[name].grad, grads[name], **tolerance, err_msg=f"{case['case']} gradient of {name}"
        )


@pytest.mark.parametrize("op", RUN)
def test_recorded_cases(op, golden_dir, record_property):
    manifest = json.loads((golden_dir / "manifest.json").read_text("utf-8"))
    cases = [case for case in manifest["cases"] if case["file"] == "nn.npz" and case["op"] == op]
    if not cases:
        pytest.skip(f"the manifest has no case of {op}")
    with np.load(golden_dir / "nn.npz", allow_pickle=False) as arrays:
        for case in cases:
            check(case, arrays)
    record_property("cases", len(cases))


def test_no_op_of_the_manifest_is_left_out(golden_dir):
    manifest = json.loads((golden_dir / "manifest.json").read_text("utf-8"))
    recorded = {case["op"] for case in manifest["cases"] if case["file"] == "nn.npz"}
    assert {op for op in recorded - RUN.keys() if not op.startswith("optimizer")} == set()
