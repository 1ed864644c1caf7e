"""Floor 5: recipes, the training loop, and the evaluation of a trained model."""

from minimaskrcnn.training.evaluating import Evaluation, evaluate
from minimaskrcnn.training.recipes import RECIPES, Recipe
from minimaskrcnn.training.trainer import Trainer, read_log

__all__ = ["RECIPES", "Evaluation", "Recipe", "Trainer", "evaluate", "read_log"]
