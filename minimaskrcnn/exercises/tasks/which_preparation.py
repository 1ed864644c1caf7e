"""A quiz: four crops of one micrograph, and what was done to each before the model saw it."""

from importlib.resources import files

import numpy as np
from matplotlib.axes import Axes

from minimaskrcnn import data
from minimaskrcnn.data.images import read_image
from minimaskrcnn.exercises.quiz import quiz

SIDE = 96  # pixels
KEY = {"A": "three times the size", "B": "as in training", "C": "not stretched", "D": "inverted"}
CHOICES = ("as in training", "not stretched", "inverted", "three times the size")


def crop(preparation: str) -> np.ndarray:
    """The middle of the bundled micrograph (3, SIDE, SIDE), prepared in one of the ways."""
    raw = read_image(str(files(data) / "samples" / "nuclei.png"))
    image = raw if preparation == "not stretched" else data.prepare_nuclei(raw)
    if preparation == "inverted":
        image = 1 - image
    if preparation == "three times the size":
        image = image.repeat(3, axis=1).repeat(3, axis=2)
    top, left = ((side - SIDE) // 2 for side in image.shape[1:])
    return image[:, top : top + SIDE, left : left + SIDE]


def draw(ax: Axes, choice: str | None, question: str) -> str:
    """The crop on its true scale of grey values."""
    picture = crop(choice or KEY[question])
    ax.imshow(picture.transpose(1, 2, 0).clip(0, 1))  # (3, H, W) -> (H, W, 3)
    ax.set_xticks([])
    ax.set_yticks([])
    low, high = np.quantile(picture, [0.5, 0.998])
    return f"{choice or 'given'}; half of the pixels below {low:.2f}, all but a few below {high:.2f}"


EXERCISE = quiz(
    name="which_preparation",
    task="Write my_which_preparation, a dictionary from A to D: what was done to each crop before the "
    "model saw it? Choose 'as in training', 'not stretched', 'inverted' or 'three times the "
    "size'.",
    key=KEY,
    choices=CHOICES,
    draw=draw,
    hints=(
        "In training, nuclei are bright on a dark ground, some 13 pixels wide, and the brightest are white.",
        "Compare the ground with the nuclei first, then the brightest grey value, then the size.",
        "A nucleus of 13 pixels is a seventh of the width of a crop.",
    ),
    misread={
        "dark is taken for inverted": ("C", "inverted"),
        "large nuclei seem normal": ("A", "as in training"),
        "bright ground seems normal": ("D", "as in training"),
        "contrast is not noticed": ("C", "as in training"),
    },
)
