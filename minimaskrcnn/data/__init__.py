"""Data sets, augmentation and batches.

A data set is a sequence of ``(image, Target)`` pairs with ``class_names``; see `dataset.Dataset`.
"""

from minimaskrcnn.data.coco import CocoDataset
from minimaskrcnn.data.dataset import Dataset
from minimaskrcnn.data.images import read_image
from minimaskrcnn.data.loader import Loader
from minimaskrcnn.data.location import data_folders, find_data
from minimaskrcnn.data.nuclei import Nuclei, nuclei_sample, prepare_nuclei
from minimaskrcnn.data.preparation import prepare, register_preparation, stretch_contrast
from minimaskrcnn.data.results import CocoResults
from minimaskrcnn.data.shapes import Shapes, shapes_sample
from minimaskrcnn.data.shapes_keypoints import ShapesWithKeypoints
from minimaskrcnn.data.subset import Subset, cut
from minimaskrcnn.data.transforms import (
    ColourJitter,
    Compose,
    GammaJitter,
    HorizontalFlip,
    OnCanvas,
    RightAngleTurn,
    ScaleJitter,
    VerticalFlip,
)

__all__ = [
    "CocoDataset",
    "CocoResults",
    "ColourJitter",
    "Compose",
    "Dataset",
    "GammaJitter",
    "HorizontalFlip",
    "Loader",
    "Nuclei",
    "OnCanvas",
    "RightAngleTurn",
    "ScaleJitter",
    "Shapes",
    "ShapesWithKeypoints",
    "Subset",
    "VerticalFlip",
    "cut",
    "data_folders",
    "find_data",
    "nuclei_sample",
    "prepare",
    "prepare_nuclei",
    "read_image",
    "register_preparation",
    "shapes_sample",
    "stretch_contrast",
]
