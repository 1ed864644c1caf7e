"""Runners for tiny_model.npz and resnet50_model.npz: one code, for the weights tell the architecture."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import numpy as np

from minimaskrcnn import kernels, nn
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.mask_rcnn import MaskRCNN

from . import recipe, whole_model
from .golden import Case, GoldenSet, whole
from .runners import Answer, runner


@runner("tiny_weights", kernels=False)
def weights(case: Case) -> Answer:
    """The stored weights are those of the recipe, to the last bit."""
    made = recipe.state(case.meta["names_shapes"], whole(case.params["seed"]))
    assert list(made) == case.inputs()
    for name, array in made.items():
        np.testing.assert_array_equal(array, case.input(name), err_msg=name)
    return {}


@runner("tiny_eval", "tiny_pools", "resnet50_eval")
def evaluation(case: Case) -> Answer:
    return evaluation_in(case, float_type(case))


def evaluation_in(case: Case, dtype: np.dtype) -> Answer:
    """The recorded stages of prediction, from a run in this precision."""
    return recorded(case, predicted(case.set, case.file, settings(case), dtype, id(kernels.active())))


@runner("tiny_train", "resnet50_train")
def training(case: Case) -> Answer:
    dtype = float_type(case)
    targets = targets_of(case, dtype)
    images = pictures(case)[: len(targets)]
    stages = whole_model.training(training_model(case, dtype), images, targets)
    model = training_model(case, dtype)
    losses = whole_model.losses(model, images, targets)
    losses["loss_total"].backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    stages |= {name: loss.data for name, loss in losses.items()}
    stages |= {name: array for name, array in model.state_dict().items() if "running_" in name}
    if "grad_norm_order" in case.meta:
        stages["grad_norms"] = np.array(
            [np.linalg.norm(gradients[name]) for name in case.meta["grad_norm_order"]]
        )
    return {
        **recorded(case, stages),
        **single_precision_losses(case),
        **{f"g.{name}": gradient for name, gradient in gradients.items()},
    }


def single_precision_losses(case: Case) -> Answer:
    """The losses of a second run in float32, where the case has recorded them."""
    if not any(name.endswith("_f32run") for name in case.entry["outputs"]):
        return {}
    single = np.dtype(np.float32)
    targets = targets_of(case, single)
    losses = whole_model.losses(training_model(case, single), pictures(case)[: len(targets)], targets)
    return {f"o.{name}_f32run": loss.data for name, loss in losses.items()}


# ---- the model of a case -------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def state(golden: GoldenSet, file: str) -> dict[str, np.ndarray]:
    """The file's weights: stored in one of its cases, else made by the recipe and checked by their sums."""
    for case in golden.in_file(file):
        if case.op.endswith("_weights"):
            return {name: case.input(name) for name in case.inputs()}
    meta = golden.meta[file]
    made = recipe.state(meta["names_shapes"], meta["seed"])
    wrong = [name for name, array in made.items() if zlib.crc32(array.tobytes()) != meta["param_crc32"][name]]
    assert not wrong, f"{file}: the recipe's weights are not the recorded ones: {', '.join(wrong[:5])}, ..."
    return made


def settings(case: Case) -> tuple:
    """The case's settings over those of the file, in a form that can be cached on."""
    merged = {**case.meta.get("kwargs", {}), **case.meta.get("config", {}), **case.params}
    return tuple((name, whole(value)) for name, value in sorted(merged.items()))


def float_type(case: Case) -> np.dtype:
    """The precision of a run: that of its proposals, or of its first output where none are recorded."""
    outputs = case.entry["outputs"]
    name = "proposals0" if "proposals0" in outputs else next(iter(outputs))
    return np.dtype(outputs[name][1])


@lru_cache(maxsize=4)
def predicted(
    golden: GoldenSet, file: str, params: tuple, dtype: np.dtype, edition: int
) -> whole_model.Stages:
    """Every stage of prediction; cached, because two cases may record parts of the same run."""
    first = next(golden.in_file(file))
    model = whole_model.build(state(golden, file), dict(params), dtype)
    return whole_model.prediction(model, pictures(first))


def training_model(case: Case, dtype: np.dtype) -> MaskRCNN:
    """In training mode, batch norm too if the case says so."""
    model = whole_model.build(state(case.set, case.file), dict(settings(case)), dtype).train()
    for _, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            module.training = bool(case.params["bn_train"])
    return model


# ---- what a case shares with the rest of its file ------------------------------------------------------


def shared(case: Case, prefix: str) -> list[np.ndarray]:
    """Inputs PREFIX0, PREFIX1, ... of this case, else of the first case of the file that has them."""
    return case.numbered(prefix) or next(
        filter(None, (c.numbered(prefix) for c in case.set.in_file(case.file)))
    )


def pictures(case: Case) -> list[np.ndarray]:
    return shared(case, "image")


def targets_of(case: Case, dtype: np.dtype) -> list[Target]:
    parts = (shared(case, f"gt_{name}") for name in ("boxes", "labels", "masks"))
    return [
        Target(boxes.astype(dtype), labels.astype(np.int64), masks > 0, image_id=i)
        for i, (boxes, labels, masks) in enumerate(zip(*parts, strict=True))
    ]


def recorded(case: Case, stages: whole_model.Stages) -> Answer:
    """The stages under the names they are recorded by: NAME, or NAME_firstK for the first K rows."""
    answer = {}
    for name in case.entry.get("outputs", {}):
        base, rows = re.fullmatch(r"(.*?)(?:_first(\d+))?", name).groups()
        if base in stages:
            stage = stages[base] if rows is None else stages[base][: int(rows)]
            answer[f"o.{name}"] = thinned(stage, case.shape(name)) if f"{name}_subset" in case.meta else stage
    return answer


def thinned(stage: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Of a feature map (N, C, H, W) the first pictures and every k-th channel, as the meta describes."""
    return stage[: shape[0], :: stage.shape[1] // shape[1]]
