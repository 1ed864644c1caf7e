"""Floor 6: recipes, the training loop, and the evaluation of a trained model."""

from minimaskrcnn.training.augmentation import AUGMENTATIONS, register_augmentation
from minimaskrcnn.training.evaluating import Evaluation, evaluate, evaluate_results
from minimaskrcnn.training.recipes import RECIPES, Recipe
from minimaskrcnn.training.run_folder import read_log
from minimaskrcnn.training.trainer import Trainer

__all__ = [
    "AUGMENTATIONS",
    "RECIPES",
    "Evaluation",
    "Recipe",
    "Trainer",
    "evaluate",
    "evaluate_results",
    "read_log",
    "register_augmentation",
]
