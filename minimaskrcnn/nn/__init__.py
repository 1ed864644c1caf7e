"""Floor 3: modules, layers, initialisation and optimisers; torch's names and constructor arguments."""

from minimaskrcnn.nn import init, optim
from minimaskrcnn.nn.conv_with_norm import ConvNorm, conv_norm
from minimaskrcnn.nn.freezing import freeze, trainable_parameters, unfreeze
from minimaskrcnn.nn.layers import (
    BatchNorm2d,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    FrozenBatchNorm2d,
    GroupNorm,
    Identity,
    Linear,
    MaxPool2d,
    ReLU,
)
from minimaskrcnn.nn.module import Module, ModuleDict, ModuleList, Parameter, Sequential

__all__ = [
    "BatchNorm2d",
    "Conv2d",
    "ConvNorm",
    "ConvTranspose2d",
    "Flatten",
    "FrozenBatchNorm2d",
    "GroupNorm",
    "Identity",
    "Linear",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "conv_norm",
    "freeze",
    "init",
    "optim",
    "trainable_parameters",
    "unfreeze",
]
