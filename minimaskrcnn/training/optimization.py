"""Make the optimiser of a recipe, and its learning rate at each step."""

from __future__ import annotations

from minimaskrcnn.errors import InputError
from minimaskrcnn.models.mask_rcnn import MaskRCNN
from minimaskrcnn.nn import optim, trainable_parameters
from minimaskrcnn.training.recipes import Recipe


def make_optimizer(recipe: Recipe, model: MaskRCNN) -> optim.Optimizer:
    """Make the optimiser of a recipe for all parameters that are trained.

    Weight decay applies only to parameters with two or more axes.

    Raises
    ------
    InputError
        If every parameter is frozen.
    """
    parameters = trainable_parameters(model)
    if not parameters:
        raise InputError("train: every parameter is frozen; freeze fewer of them in the recipe.")
    decayed = [parameter.ndim > 1 for parameter in parameters]
    if recipe.optimizer == "sgd":
        return optim.SGD(parameters, recipe.lr, recipe.momentum, recipe.weight_decay, decay_mask=decayed)
    return optim.AdamW(
        parameters, recipe.lr, recipe.betas, weight_decay=recipe.weight_decay, decay_mask=decayed
    )


def make_schedule(recipe: Recipe) -> optim.Schedule:
    """Make the function that returns the learning rate at each step."""
    if recipe.schedule == "steps":
        milestones = (recipe.steps * 2 // 3, recipe.steps * 8 // 9)
        return optim.warmup_steps(recipe.lr, recipe.warmup, milestones)
    return optim.warmup_cosine(recipe.lr, recipe.steps, recipe.warmup)
