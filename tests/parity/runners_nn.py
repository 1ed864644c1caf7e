"""Runners for nn.npz: layers, losses, activations, optimisers."""

from __future__ import annotations

import numpy as np

from minimaskrcnn import nn, ops

from .golden import Case
from .runners import Answer, runner, with_gradients

REDUCTION = ("mean", "sum", "none")


@runner("conv2d")
def conv2d(case: Case) -> Answer:
    x, w, b = leaves = case.leaves("x", "w", "b")
    y = ops.conv2d(x, w, b, **case.settings("stride", "padding", "dilation", "groups"))
    return with_gradients(case, y, "xwb", leaves)


@runner("conv_transpose2d")
def conv_transpose2d(case: Case) -> Answer:
    x, w, b = leaves = case.leaves("x", "w", "b")
    settings = case.settings("stride", "padding", "output_padding", "groups", "dilation")
    return with_gradients(case, ops.conv_transpose2d(x, w, b, **settings), "xwb", leaves)


@runner("max_pool2d")
def max_pool2d(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    settings = case.settings("stride", "padding", "dilation", "ceil_mode")
    settings["ceil_mode"] = bool(settings.get("ceil_mode", False))
    y = ops.max_pool2d(x, *case.settings("kernel").values(), **settings)
    return with_gradients(case, y, "x", leaves)


@runner("group_norm")
def group_norm(case: Case) -> Answer:
    x, w, b = leaves = case.leaves("x", "w", "b")
    y = ops.group_norm(x, int(case.params["groups"]), w, b, case.params["eps"])
    return with_gradients(case, y, "xwb", leaves)


@runner("batch_norm")
def batch_norm(case: Case) -> Answer:
    x, w, b = leaves = case.leaves("x", "w", "b")
    mean, var = case.input("rm"), case.input("rv")  # updated in place
    p = case.params
    y = ops.batch_norm(x, mean, var, w, b, bool(p["training"]), p["momentum"], p["eps"])
    return {**with_gradients(case, y, "xwb", leaves), "o.rm_after": mean, "o.rv_after": var}


@runner("frozen_batch_norm")
def frozen_batch_norm(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    mean, var, weight, bias = (case.input(name) for name in ("rm", "rv", "w", "b"))
    y = ops.frozen_batch_norm(x, mean, var, weight, bias, case.params["eps"])
    return with_gradients(case, y, "x", leaves)


@runner("interpolate")
def interpolate(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    settings = case.settings("size", "scale_factor")
    if "recompute" in case.params:
        settings["recompute_scale_factor"] = bool(case.params["recompute"])
    if case.params.get("align_corners", -1) >= 0:
        settings["align_corners"] = bool(case.params["align_corners"])
    mode = ("nearest", "bilinear")[int(case.params["mode"])]
    return with_gradients(case, ops.interpolate(x, mode=mode, **settings), "x", leaves)


@runner("cross_entropy", kernels=False)
def cross_entropy(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    weight = case.input("cw") if "cw" in case.inputs() else None
    reduction = REDUCTION[int(case.params["reduction"])]
    y = ops.cross_entropy(
        x, case.ints("t"), **case.settings("ignore_index"), reduction=reduction, weight=weight
    )
    return with_gradients(case, y, "x", leaves)


@runner("bce_with_logits", kernels=False)
def bce_with_logits(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    reduction = REDUCTION[int(case.params["reduction"])]
    y = ops.binary_cross_entropy_with_logits(x, case.input("t"), reduction=reduction)
    return with_gradients(case, y, "x", leaves)


@runner("smooth_l1", kernels=False)
def smooth_l1(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    reduction = REDUCTION[int(case.params["reduction"])]
    y = ops.smooth_l1_loss(x, case.input("t"), beta=case.params["beta"], reduction=reduction)
    return with_gradients(case, y, "x", leaves)


@runner("linear", kernels=False)
def linear(case: Case) -> Answer:
    x, w, b = leaves = case.leaves("x", "w", "b")
    return with_gradients(case, ops.linear(x, w, b), "xwb", leaves)


@runner("softmax", kernels=False)
def softmax(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    return with_gradients(case, ops.softmax(x, int(case.params.get("dim", -1))), "x", leaves)


@runner("sigmoid", "relu", kernels=False)
def activation(case: Case) -> Answer:
    [x] = leaves = case.leaves("x")
    return with_gradients(case, getattr(ops, case.op)(x), "x", leaves)


@runner("optimizer_sgd", "optimizer_sgd_nesterov", kernels=False)
def sgd(case: Case) -> Answer:
    settings = case.settings("lr", "momentum", "weight_decay")
    nesterov = bool(case.params.get("nesterov", False))
    return trajectory(case, lambda weight: nn.optim.SGD([weight], nesterov=nesterov, **settings))


@runner("optimizer_adam", "optimizer_adamw", kernels=False)
def adam(case: Case) -> Answer:
    kind = {"optimizer_adam": nn.optim.Adam, "optimizer_adamw": nn.optim.AdamW}[case.op]
    betas = case.params["beta1"], case.params["beta2"]
    settings = case.settings("lr", "eps", "weight_decay")
    return trajectory(case, lambda weight: kind([weight], betas=betas, **settings))


def trajectory(case: Case, optimizer) -> Answer:
    """The weight after each step along the recorded gradients."""
    weight = nn.Parameter(case.input("w0").copy())
    steps, path = optimizer(weight), []
    for gradient in case.input("grads"):
        weight.grad = gradient
        steps.step()
        path.append(weight.data.copy())
    return {"o.trajectory": np.stack(path)}
