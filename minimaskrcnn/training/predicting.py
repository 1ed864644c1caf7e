"""The model for prediction: the trained one, or one with the settings that the recipe has for prediction."""

from __future__ import annotations

from typing import Any

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.models.presets import build
from minimaskrcnn.training.recipes import Recipe


def make_predictor(model: MaskRCNN, recipe: Recipe) -> MaskRCNN:
    """Return the model itself, or a model with its weights and the recipe's settings for prediction.

    Raises
    ------
    InputError
        If the settings would change the shapes of the weights, or if the model was changed by hand, so that
        its config no longer describes it.
    """
    if not recipe.predict:
        return model
    if model.config is None or not is_described(model):
        raise InputError(
            "recipe: `predict` changes settings of a model that its config describes, and this model was "
            "changed by hand; leave `predict` empty, and set what should differ on the trained model."
        )
    predictor = build(model.config.changed(**recipe.predict))
    predictor.class_names, predictor.prepare = model.class_names, model.prepare
    predictor.skeleton = model.skeleton
    predictor.load_state_dict(model.state_dict())
    return predictor


def is_described(model: MaskRCNN) -> bool:
    """Whether `model.config` builds this kind of model: the same modules, names and shapes."""
    return model.config is not None and _outline(build(model.config)) == _outline(model)


def _outline(model: MaskRCNN) -> tuple[list[Any], list[Any]]:
    modules = [(name, type(module)) for name, module in model.named_modules()]
    return modules, [(name, parameter.shape) for name, parameter in model.named_parameters()]
