"""Train five small models, four of them with a planted fault; keep their curves for the exercise `four_logs`.

    python docs/make_faulty_logs.py

Writes the mean of every 10 steps of each loss to `minimaskrcnn/exercises/data/four_logs.json`. It takes about
ten minutes on one core. Another processor may write slightly different numbers.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from minimaskrcnn import data
from minimaskrcnn.errors import TrainingDivergedError
from minimaskrcnn.models import build
from minimaskrcnn.models.losses import Losses
from minimaskrcnn.training import RECIPES, Trainer

HERE = Path(__file__).resolve().parents[1]
LOGS = HERE / "minimaskrcnn" / "exercises" / "data" / "four_logs.json"
RECIPE = replace(RECIPES["shapes"], steps=400, warmup=40, batch_size=4, evaluate_every=10_000)
EVERY = 10
LOSSES = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask")


class Spoilt:
    """The training set with a fault in its targets."""

    def __init__(self, dataset, spoil):
        self.dataset, self.spoil = dataset, spoil

    def __len__(self):
        return len(self.dataset)

    def __getattr__(self, name):
        return getattr(self.dataset, name)

    def __getitem__(self, index):
        image, target = self.dataset[index]
        return image, self.spoil(target, index)


def labels_of_other_objects(target, index):
    """Draw the labels at random, as if the file had been sorted without its boxes."""
    labels = np.random.default_rng(index).integers(1, 4, len(target.labels))
    return replace(target, labels=labels.astype(target.labels.dtype))


def masks_not_mirrored(target, index):
    """Leave the masks of every second picture as they were when the picture and its boxes were mirrored."""
    if np.random.default_rng(index).random() < 0.5:
        return target
    return replace(target, masks=np.ascontiguousarray(target.masks[:, :, ::-1]))


def rpn_left_out(losses):
    """The losses of the RPN are written into the log, but nothing learns from them."""
    rpn = {name: losses[name].detach() for name in LOSSES[:2]}
    return Losses(losses.terms | rpn, losses.counts)


def curves(recipe=RECIPE, spoil=None, change=None) -> dict[str, list[float]]:
    """Train one model; return the mean of every ten steps of each loss, up to the end or the explosion."""
    dataset, rng, records = data.Shapes("train"), np.random.default_rng(0), []
    model = build(recipe.model.changed(num_classes=dataset.num_classes), rng)
    if change:
        compute = model.losses
        model.losses = lambda *batch: change(compute(*batch))
    spoilt = Spoilt(dataset, spoil) if spoil else dataset
    try:
        Trainer(model, spoilt, recipe, seed=rng, on_record=records.append).run()
    except TrainingDivergedError as error:
        print(error)
    table = {name: np.array([record[name] for record in records if name in record]) for name in LOSSES}
    return {name: [round(float(part.mean()), 3) for part in blocks(values)] for name, values in table.items()}


def blocks(values):
    """Ten steps at a time."""
    return np.array_split(values, max(1, len(values) // EVERY))


if __name__ == "__main__":
    logs = {
        "none": curves(),
        "random labels": curves(spoil=labels_of_other_objects),
        "masks not mirrored": curves(spoil=masks_not_mirrored),
        "learning rate x 100": curves(replace(RECIPE, lr=100 * RECIPE.lr)),
        "RPN losses left out": curves(change=rpn_left_out),
    }
    LOGS.parent.mkdir(exist_ok=True)
    LOGS.write_text(json.dumps(logs), "utf-8")
