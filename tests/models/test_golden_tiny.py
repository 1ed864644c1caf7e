"""A small whole Mask R-CNN against torchvision: every stage, every loss, every gradient, in float64."""

import json

import numpy as np
import pytest

from minimaskrcnn import nn
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.published import maskrcnn_fpn
from minimaskrcnn.models.resnet import Bottleneck, ResNet
from minimaskrcnn.training.trainer import total_loss


class Golden:
    """The cases of one file, read through the manifest."""

    def __init__(self, folder, file):
        manifest = json.loads((folder / "manifest.json").read_text())
        self.cases = {c["case"]: c for c in manifest["cases"] if c["file"] == file}
        self.arrays = np.load(folder / file, allow_pickle=False)

    def params(self, case):
        return self.cases[case]["params"]

    def __call__(self, case, tag, name):
        return self.arrays[f"{case}/{tag}.{name}"]

    def names(self, case, tag):
        prefix = f"{case}/{tag}."
        return [key.removeprefix(prefix) for key in self.arrays.files if key.startswith(prefix)]

    def check(self, case, name, got, tag="o"):
        want = self(case, tag, name)
        tolerance = self.cases[case]
        assert np.shape(got) == want.shape, name
        np.testing.assert_allclose(
            got, want, rtol=tolerance["rtol"], atol=tolerance["atol"], err_msg=f"{case}/{tag}.{name}"
        )


@pytest.fixture(scope="module")
def golden(golden_dir):
    return Golden(golden_dir, "tiny_model.npz")


class EvenSampler:
    """Of n candidates in index order keep k, the (j*n)//k-th: what the recorded runs used."""

    def __init__(self, batch_size, positive_fraction):
        self.batch_size, self.positive_fraction = batch_size, positive_fraction

    def __call__(self, labels, rng):
        positive, negative = np.flatnonzero(labels > 0), np.flatnonzero(labels == 0)
        count = min(len(positive), int(self.batch_size * self.positive_fraction))
        return even(positive, count), even(negative, min(len(negative), self.batch_size - count))


def even(candidates, k):
    return candidates[(np.arange(k) * len(candidates)) // k] if k else candidates[:0]


def tiny_model(golden):
    p = {k: v if isinstance(v, list) else int(v) for k, v in golden.params("eval").items()}
    body = ResNet(Bottleneck, 8, (4, 8, 16, 32), (2, 1, 1, 1), (1, 2, 2, 2), nn.BatchNorm2d)
    model = maskrcnn_fpn(
        body,
        p["num_classes"],
        channels=p["fpn"],
        box_width=p["fc"],
        mask_widths=tuple(int(width) for width in p["mask_layers"]),
        anchor_sizes=p["anchor_sizes"],
        min_size=p["min_size"],
        max_size=p["max_size"],
        rpn_batch_size_per_image=p["rpn_batch_size_per_image"],
        rpn_pre_nms_top_n=(p["rpn_pre_nms_top_n_train"], p["rpn_pre_nms_top_n_test"]),
        rpn_post_nms_top_n=(p["rpn_post_nms_top_n_train"], p["rpn_post_nms_top_n_test"]),
        box_batch_size_per_image=p["box_batch_size_per_image"],
        box_score_thresh=golden.params("eval")["box_score_thresh"],
        box_detections_per_img=p["box_detections_per_img"],
    )
    model.load_state_dict({name: golden("weights", "i", name) for name in golden.names("weights", "i")})
    model.rpn.sampler = EvenSampler(p["rpn_batch_size_per_image"], 0.5)
    model.roi_heads.sampler = EvenSampler(p["box_batch_size_per_image"], 0.25)
    return model.astype(np.float64)


def images(golden):
    return [golden("eval", "i", name) for name in ("image0", "image1")]


def targets(golden):
    return [
        Target(
            boxes=golden("train_frozenbn", "i", f"gt_boxes{i}"),
            labels=golden("train_frozenbn", "i", f"gt_labels{i}").astype(np.int64),
            masks=golden("train_frozenbn", "i", f"gt_masks{i}") > 0,
            iscrowd=np.zeros(len(golden("train_frozenbn", "i", f"gt_labels{i}")), bool),
            image_id=i,
        )
        for i in range(2)
    ]


def test_every_stage_of_prediction(golden):
    """Both pictures as one batch; the first picture's stages come from a watcher."""
    model = tiny_model(golden)
    stages = {}
    found = model.predict(images(golden), watch=lambda name, array, axes: stages.__setitem__(name, array))
    for level, name in enumerate(["P2", "P3", "P4", "P5", "P6"]):
        recorded = golden("eval", "o", "feat_pool" if level == 4 else f"feat_{level}")[0]
        np.testing.assert_allclose(stages[f"pyramid.{name}"], recorded, rtol=1e-6, atol=1e-6)
    golden.check("eval", "anchors", stages["anchors"])
    golden.check("eval", "proposals0", stages["proposals"])
    golden.check("eval", "proposal_scores0", stages["proposal_scores"])
    np.testing.assert_allclose(
        stages["class_logits"], golden("eval", "o", "class_logits")[:60], rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(
        stages["box_deltas"].reshape(60, -1), golden("eval", "o", "box_regression")[:60], rtol=1e-6, atol=1e-6
    )
    golden.check("eval", "det_boxes_resized0", stages["detection_boxes"])
    np.testing.assert_allclose(
        stages["box_features"][:4], golden("pools", "o", "box_pool_first4"), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(
        stages["mask_features"][:2], golden("pools", "o", "mask_pool_first2"), rtol=1e-6, atol=1e-6
    )
    for i, detections in enumerate(found):
        golden.check("eval", f"boxes{i}", detections.boxes)
        golden.check("eval", f"scores{i}", detections.scores)
        np.testing.assert_array_equal(detections.labels, golden("eval", "o", f"labels{i}"))
        # Recorded masks are probabilities: they must fall on the same side of one half, ties of noise aside.
        recorded = golden("eval", "o", f"masks{i}")
        decided = abs(recorded - 0.5) > 1e-5
        np.testing.assert_array_equal(detections.masks[decided], (recorded >= 0.5)[decided])


@pytest.mark.parametrize("case", ["train_frozenbn", "train_bn"])
def test_every_loss_and_every_gradient(golden, case, rng):
    model = tiny_model(golden).train()
    if not golden.params(case)["bn_train"]:
        for _, module in model.named_modules():
            if isinstance(module, nn.BatchNorm2d):
                module.training = False
    losses = model.losses(images(golden), targets(golden), rng)
    for name, loss in losses.items():
        golden.check(case, name, loss.data)
    total = total_loss(losses)
    golden.check(case, "loss_total", total.data)
    total.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert set(golden.names(case, "g")) == set(gradients)
    for name in golden.names(case, "g"):
        golden.check(case, name, gradients[name], tag="g")
    state = model.state_dict()
    for name in golden.names(case, "o"):
        if "running_" in name:
            golden.check(case, name, state[name])
