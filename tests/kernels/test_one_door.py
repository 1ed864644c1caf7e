"""What a user registers is what the model runs: of every kernel, one that raises stops the model."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

from minimaskrcnn import kernels, nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.data import Shapes
from minimaskrcnn.kernels import registry
from minimaskrcnn.models import mini
from minimaskrcnn.models.resnet import BasicBlock, ResNet

OF_RESNETS = ("batch_norm", "batch_norm_backward", "max_pool2d", "max_pool2d_backward")
# No model of ours calls these: it folds norms with given statistics into its filters, for instance.
OF_OPS = (
    "affine_norm",
    "affine_norm_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "resize_bilinear_backward",
)


class CalledError(Exception):
    """Raised by the kernel that a test registers."""


@pytest.fixture
def raising(monkeypatch):
    """Callable: switch to an edition whose kernel of this name raises; the others are ours."""
    monkeypatch.setattr(registry, "_editions", dict(registry._editions))

    def switch(name):
        def kernel(*arguments):
            raise CalledError(name)

        signature = inspect.signature(getattr(kernels.Kernels, name))
        kernel.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
        kernels.register("raising", SimpleNamespace(**{name: kernel}))
        return kernels.use("raising")

    return switch


def predict(model, image, target):
    model.eval().predict([image])


def train(model, image, target):
    """One step, without the update."""
    losses = model.train().losses([image], [target], np.random.default_rng(1))
    sum(losses.values()).backward()


def small_detector(kernel):
    """A detector whose RoI operator is the kernel's, if it is one; it resizes its picture."""
    operators = {"roi_pool": "roi_pool", "roi_features": "roi_warp"}
    operator = operators.get(kernel.removesuffix("_backward"), "roi_align")
    small = {"image_size": (64, 64), "proposals": (20, 10), "samples": (16, 8)}
    return mini(3 + 1, roi_operator=operator, rng=np.random.default_rng(0), **small)


@pytest.mark.parametrize("kernel", [name for name in kernels.KERNELS if name not in (*OF_RESNETS, *OF_OPS)])
def test_the_detector_runs_what_is_registered(kernel, raising):
    """Forward kernels stop the prediction, the others a training step."""
    run = train if kernel.endswith(("_backward", "_grad")) else predict
    with raising(kernel), pytest.raises(CalledError, match=kernel):
        run(small_detector(kernel), *Shapes("train")[0])


@pytest.mark.parametrize("kernel", OF_RESNETS)
def test_a_resnet_in_training_runs_what_is_registered(kernel, raising):
    model = ResNet(BasicBlock, 4, (4,), (1,), (1,), nn.BatchNorm2d, rng=np.random.default_rng(0)).train()
    with raising(kernel), pytest.raises(CalledError, match=kernel):
        model(Tensor(np.ones((1, 3, 32, 32), np.float32)))["C2"].sum().backward()


@pytest.mark.parametrize("kernel", OF_OPS)
def test_the_ops_run_what_is_registered(kernel, raising):
    x = Tensor(np.ones((1, 1, 4, 4), np.float32), requires_grad=True)
    op = {
        "avg_pool2d": lambda x: ops.avg_pool2d(x, 2),
        "affine_norm": nn.FrozenBatchNorm2d(1),
        "resize_bilinear": lambda x: ops.interpolate(x, 8, mode="bilinear"),
    }[kernel.removesuffix("_backward")]
    with raising(kernel), pytest.raises(CalledError, match=kernel):
        op(x).sum().backward()


@pytest.mark.parametrize("kernel", ["roi_align", "roi_pool", "roi_align_backward", "roi_pool_backward"])
def test_one_operator_changes_the_detector_and_not_only_its_mask_targets(kernel, raising):
    """Mask targets are cut out by RoIAlign whatever the model's operator: here the model has no masks."""
    operator = kernel.removesuffix("_backward")
    small = {"image_size": (64, 64), "proposals": (20, 10), "samples": (16, 8)}
    model = mini(3 + 1, roi_operator=operator, masks=False, rng=np.random.default_rng(0), **small)
    with raising(kernel), pytest.raises(CalledError, match=kernel):
        train(model, *Shapes("train")[0])


def test_a_change_in_one_kernel_is_seen_in_the_detections(monkeypatch):
    monkeypatch.setattr(registry, "_editions", dict(registry._editions))
    model, (image, _) = mini(3 + 1, rng=np.random.default_rng(0)).eval(), Shapes("val")[0]

    def roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned):
        return 2 * kernels.fast.roi_align(x, rois, output_size, spatial_scale, sampling_ratio, aligned)

    kernels.register("doubled", SimpleNamespace(roi_align=roi_align))
    before = model.predict([image])[0].scores
    with kernels.use("doubled"):
        assert not np.array_equal(model.predict([image])[0].scores, before)
