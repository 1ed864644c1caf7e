"""From a recipe to the optimiser and its learning rate at each step."""

from __future__ import annotations

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.nn import optim, trainable_parameters
from minimaskrcnn.training.recipes import Recipe


def make_optimizer(recipe: Recipe, model: MaskRCNN) -> optim.Optimizer:
    """The recipe's optimiser over all parameters that are trained.

    Only weights with two or more axes decay.

    Raises
    ------
    InputError
        If every parameter is frozen.
    """
    parameters = trainable_parameters(model)
    if not parameters:
        raise InputError("train: every parameter is frozen; leave some out of the recipe's freeze.")
    decayed = [parameter.ndim > 1 for parameter in parameters]
    if recipe.optimizer == "sgd":
        return optim.SGD(parameters, recipe.lr, recipe.momentum, recipe.weight_decay, decay_mask=decayed)
    return optim.AdamW(
        parameters, recipe.lr, recipe.betas, weight_decay=recipe.weight_decay, decay_mask=decayed
    )


def make_schedule(recipe: Recipe) -> optim.Schedule:
    """The recipe's learning rate at each step."""
    if recipe.schedule == "steps":
        milestones = (recipe.steps * 2 // 3, recipe.steps * 8 // 9)
        return optim.warmup_steps(recipe.lr, recipe.warmup, milestones)
    return optim.warmup_cosine(recipe.lr, recipe.steps, recipe.warmup)
