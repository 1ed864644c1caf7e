"""Which exercises there are: by notebook, in the order in which they are taught.

The files are imported when they are needed: a check of one exercise does not read the others.
"""

from importlib import import_module

from minimaskrcnn.errors import InputError
from minimaskrcnn.exercises.exercise import Exercise

NOTEBOOKS: dict[str, tuple[str, ...]] = {
    "one_image_every_stage": ("stage_cards", "which_filter"),
    "boxes_masks_iou": ("iou", "giou", "boxes_from_masks"),
    "nms": ("nms", "batched_nms"),
    "backbone_and_pyramid": ("merge", "level_of", "receptive_field"),
    "anchors_and_matching": ("cell_anchors", "match_anchors", "encode", "decode"),
    "proposals_and_rpn_losses": ("proposals", "smooth_l1"),
    "roipool_against_roialign": (
        "bilinear",
        "roi_pool_1d",
        "roi_pool",
        "roi_align",
        "roi_align_backward",
        "which_switch",
    ),
    "the_three_heads": ("mask_target", "mask_loss", "paste"),
    "average_precision": ("match_detections", "average_precision"),
    "convolution_and_gradients": ("conv_dx", "conv_dw", "relu_backward"),
    "train_on_shapes": ("four_logs", "learning_rate"),
    "inference_on_nuclei": ("which_preparation", "expected_count"),
}
"""The name of a notebook, without its number, and its exercises."""


def exercise_names() -> list[str]:
    """Names of all exercises.

    >>> "nms" in exercise_names()
    True
    """
    return [name for names in NOTEBOOKS.values() for name in names]


def find_exercise(name: str) -> Exercise:
    """The exercise of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in exercise_names():
        raise InputError(f"exercises: there is no {name!r}; there are {', '.join(exercise_names())}.")
    exercise = import_module(f"minimaskrcnn.exercises.tasks.{name}").EXERCISE
    assert isinstance(exercise, Exercise)
    return exercise
