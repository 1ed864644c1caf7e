"""What re-implementations of torchvision's Mask R-CNN get wrong, one test for each point: the model's stages.

docs/parity.md lists every point with its test; those about single operators are in test_semantics_ops.py,
tests/kernels and tests/detection. Boxes are written as x1 y1 x2 y2.
"""

import numpy as np
import pytest
from scipy.special import expit

from minimaskrcnn import nn
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.masks import mask_targets
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.fpn import FeaturePyramid
from minimaskrcnn.models.mask_head import mask_loss
from minimaskrcnn.models.mask_output import sigmoid_probabilities
from minimaskrcnn.models.mask_rcnn import restore
from minimaskrcnn.models.postprocess import BoxPostprocess, list_candidates
from minimaskrcnn.models.presets import maskrcnn_resnet50_fpn, resnet
from minimaskrcnn.models.resnet import Bottleneck
from minimaskrcnn.models.roi_heads import RoIHeads, fastrcnn_loss
from minimaskrcnn.models.roi_records import HeadOutput, Samples
from minimaskrcnn.models.rpn import RegionProposalNetwork
from minimaskrcnn.models.transform import ImageTransform

from .sampling import EvenChoice


def box(*corners):
    return np.array(corners, np.float64).reshape(-1, 4)


def target(boxes, label=1, masks=None):
    return Target(boxes, np.full(len(boxes), label), masks)


@pytest.fixture(scope="module")
def published():
    """The layers and defaults of maskrcnn_resnet50_fpn, with zeros for weights."""
    return maskrcnn_resnet50_fpn(norm="batch")


# ---- RPN -----------------------------------------------------------------------------------------------


def rpn(**settings):
    return RegionProposalNetwork(None, None, **settings).eval()


def propose(network, anchors, logits, size=(100, 100), level_sizes=None):
    """Proposals for anchors that do not move."""
    return network.propose_one(
        anchors, np.array(logits), np.zeros_like(anchors), size, level_sizes or [len(anchors)]
    ).proposals


def test_rpn_takes_the_top_k_of_each_level_before_it_drops_slivers():
    anchors = box(-9, 0, 0, 9, 0, 0, 9, 9, 50, 50, 59, 59)  # the best of level 0 is clipped to nothing
    kept = propose(rpn(pre_nms_top_n=(1, 1)), anchors, [3.0, 2.0, 1.0], level_sizes=[2, 1])
    np.testing.assert_array_equal(kept, box(50, 50, 59, 59))


def test_of_equal_logits_the_lower_anchor_is_in_the_top_k():
    """In torch any of them may be."""
    anchors = box(0, 0, 9, 9, 20, 0, 29, 9, 40, 0, 49, 9)
    kept = propose(rpn(pre_nms_top_n=(2, 2)), anchors, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(kept, anchors[:2])


def test_rpn_clips_to_the_resized_picture_without_its_padding():
    kept = propose(rpn(), box(10, 10, 99, 99), [0.0], size=(40, 60))
    np.testing.assert_array_equal(kept, box(10, 10, 60, 40))


def test_rpn_keeps_a_side_equal_to_the_limit_and_a_score_equal_to_the_threshold():
    anchors = box(0, 0, 2, 9, 20, 0, 21.9, 9, 50, 0, 59, 9)
    kept = propose(rpn(min_size=2.0, score_thresh=0.5), anchors, [0.0, 9.0, -1e-6])
    np.testing.assert_array_equal(kept, box(0, 0, 2, 9))


def test_rpn_suppresses_within_a_level_only():
    twice = box(0, 0, 9, 9, 0, 0, 9, 9)
    assert len(propose(rpn(), twice, [1.0, 0.0], level_sizes=[2])) == 1
    assert len(propose(rpn(), twice, [1.0, 0.0], level_sizes=[1, 1])) == 2


def test_rpn_takes_the_best_of_all_levels_together():
    anchors = box(0, 0, 9, 9, 20, 0, 29, 9, 40, 0, 49, 9)
    kept = propose(rpn(post_nms_top_n=(2, 2)), anchors, [1.0, 3.0, 2.0], level_sizes=[1, 2])
    np.testing.assert_array_equal(kept, anchors[[1, 2]])


def test_rpn_uses_the_limits_of_its_mode():
    anchors = box(0, 0, 9, 9, 20, 0, 29, 9, 40, 0, 49, 9)
    network = rpn(post_nms_top_n=(3, 1))
    assert len(propose(network, anchors, [1.0, 3.0, 2.0])) == 1
    assert len(propose(network.train(), anchors, [1.0, 3.0, 2.0])) == 3


def test_proposals_are_arrays_and_carry_no_gradient(published):
    grids = {f"P{i}": Tensor(np.zeros((1, 256, n, n), np.float32)) for i, n in enumerate([16, 8, 4, 2, 1], 2)}
    batch, _ = published.transform([np.zeros((3, 64, 64), np.float32)])
    [found] = published.rpn.propose(published.rpn(batch, grids), batch.sizes)
    assert type(found.proposals) is np.ndarray


def test_an_anchor_across_the_border_is_trained_on():
    labels, _ = rpn().assign_targets_to_anchors(box(-40, -40, 60, 60), box(0, 0, 60, 60))
    np.testing.assert_array_equal(labels, [1])  # IoU .36, but no anchor is better


def test_rpn_box_loss_is_a_sum_over_objects_divided_by_all_sampled_anchors():
    anchors, gt = box(0, 0, 10, 10, 50, 50, 60, 60, 80, 80, 90, 90), box(0, 0, 10, 10)
    logits, deltas = Tensor(np.zeros((1, 3))), Tensor(np.full((1, 3, 4), 0.5))
    losses = rpn().losses(anchors, logits, deltas, [target(gt)], EvenChoice())
    each = 0.5 - (1 / 9) / 2  # smooth L1 of .5 with beta 1/9
    np.testing.assert_allclose(losses["loss_rpn_box_reg"].data, 4 * each / 3)
    np.testing.assert_allclose(losses["loss_objectness"].data, np.log(2))


# ---- pyramid and RoIs ----------------------------------------------------------------------------------


def copying_pyramid():
    """Two levels and the extra one, with every convolution the identity on its one channel."""
    fpn = FeaturePyramid([1, 1], 1, extra_level=True)
    for parameter in fpn.parameters():
        if parameter.ndim == 4:
            parameter.data[:, :, parameter.shape[2] // 2, parameter.shape[3] // 2] = 1
    return fpn


def test_the_pyramid_is_upsampled_by_the_nearest_cell():
    coarse = Tensor(np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2))
    pyramid = copying_pyramid()({"C2": Tensor(np.zeros((1, 1, 3, 3), np.float32)), "C3": coarse})
    np.testing.assert_array_equal(pyramid["P2"].data[0, 0], [[0, 0, 1], [0, 0, 1], [2, 2, 3]])


def test_the_extra_level_is_every_second_cell_of_the_coarsest():
    coarse = Tensor(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3))
    pyramid = copying_pyramid()({"C2": Tensor(np.zeros((1, 1, 6, 6), np.float32)), "C3": coarse})
    np.testing.assert_array_equal(pyramid["P4"].data[0, 0], [[0, 2], [6, 8]])


def test_rois_are_pooled_from_p2_to_p5_and_p6_is_the_rpns_alone(published):
    assert published.backbone.strides == [4, 8, 16, 32, 64]
    assert published.roi_heads.box_extractor.strides == [4, 8, 16, 32]
    assert published.roi_heads.mask_extractor.strides == [4, 8, 16, 32]


@pytest.mark.parametrize("height", [97, 163, 800, 1066])
def test_roi_scale_is_one_over_the_stride_as_torchvision_infers_it_from_any_picture(published, height):
    """It takes 2**round(log2(map height / picture height)) and keeps the first picture's answer."""
    padded = -(-height // 32) * 32
    for stride in published.roi_heads.box_extractor.strides:
        assert 2.0 ** np.round(np.log2(padded // stride / height)) == 1 / stride


# ---- box branch ----------------------------------------------------------------------------------------


def detections(scores, proposals, deltas=None, size=(100, 100), **settings):
    """Boxes, labels and scores of what the filters leave."""
    post = BoxPostprocess(BoxCoder((10.0, 10.0, 5.0, 5.0)), **settings)
    scores = np.array(scores)
    deltas = np.zeros((len(scores), 4 * scores.shape[1])) if deltas is None else deltas
    found = list_candidates(scores, post.refine(deltas, proposals, size))
    kept = post.select_detections(found).kept
    return found.boxes[kept], found.labels[kept], found.scores[kept]


def test_a_score_equal_to_the_threshold_is_dropped_and_a_side_equal_to_the_limit_kept():
    proposals = box(0, 0, 9, 9, 50, 50, 50.5, 59, 20, 20, 20.25, 29)
    boxes, _, _ = detections([[0.95, 0.05], [0.9, 0.1], [0.9, 0.1]], proposals, min_size=0.5)
    np.testing.assert_array_equal(boxes, box(50, 50, 50.5, 59))


def test_background_is_never_a_detection_and_one_roi_may_be_several():
    _, labels, _ = detections([[0.4, 0.35, 0.25]], box(0, 0, 9, 9))
    np.testing.assert_array_equal(labels, [1, 2])


def test_each_class_has_its_own_deltas_and_boxes_are_clipped():
    deltas = np.zeros((1, 12))
    deltas[0, 4:8] = [10, 0, 0, 0]  # class 1 moves right by one width
    deltas[0, 8:12] = [0, -10, 0, 0]  # class 2 moves up by one height
    boxes, labels, _ = detections([[0.0, 0.6, 0.4]], box(85, 5, 95, 15), deltas)
    np.testing.assert_array_equal(labels, [1, 2])
    np.testing.assert_allclose(boxes, box(95, 5, 100, 15, 85, 0, 95, 5))


def test_nms_is_per_class_and_the_limit_over_all_classes():
    proposals = box(0, 0, 9, 9, 0, 0, 9, 9, 50, 0, 59, 9)
    scores = [[0.1, 0.5, 0.4], [0.1, 0.6, 0.3], [0.8, 0.1, 0.1]]
    _, labels, kept = detections(scores, proposals, detections_per_img=3)
    np.testing.assert_array_equal(labels, [1, 2, 1])
    np.testing.assert_array_equal(kept, [0.6, 0.4, 0.1])


# ---- masks ---------------------------------------------------------------------------------------------


def test_a_mask_is_the_sigmoid_of_its_labels_channel():
    logits = np.arange(8.0).reshape(1, 2, 2, 2)
    np.testing.assert_allclose(sigmoid_probabilities(logits, np.array([1])), expit(logits[:, 1]))


def test_masks_are_predicted_for_final_boxes_and_pasted_into_restored_ones():
    """A box of a picture that was enlarged twice comes back at half the size, its mask with it."""
    found = HeadOutput(box(20, 20, 60, 40), np.array([1]), np.array([0.9]), np.ones((1, 28, 28)))
    restored = restore(found, (200, 200), (100, 100))
    np.testing.assert_array_equal(restored.boxes, box(10, 10, 30, 20))
    assert restored.masks[0, 15, 20]
    assert not restored.masks[0, 30, 50]


# ---- transform -----------------------------------------------------------------------------------------


def test_the_short_side_reaches_min_size_unless_the_long_one_would_pass_max_size():
    resize = ImageTransform(800, 1333).resized_size
    assert resize((480, 640)) == (800, 1066)  # 1066.67 is floored
    assert resize((400, 1000)) == (533, 1333)


def test_padding_is_zero_after_normalisation_to_a_multiple_of_32_at_the_right_and_bottom():
    batch, _ = ImageTransform(40, 60)([np.full((3, 40, 50), 0.9, np.float32)])
    assert batch.images.shape == (1, 3, 64, 64)
    assert (batch.images[0, :, :40, :50] > 1).all()
    assert (batch.images[0, :, 40:] == 0).all()
    assert (batch.images[0, :, :, 50:] == 0).all()


def test_the_resize_steps_by_the_ratio_of_the_whole_sizes_not_by_the_scale():
    """7 -> 9 cells: 7/9 per step, though the scale asked for is 1.3."""
    ramp = np.broadcast_to(np.arange(7, dtype=np.float64) / 7, (3, 7, 7))
    batch, _ = ImageTransform(9, 99, mean=(0.0,) * 3, std=(1.0,) * 3)([ramp], dtype=np.float64)
    want = np.clip((np.arange(9) + 0.5) * 7 / 9 - 0.5, 0, 6) / 7
    np.testing.assert_allclose(batch.images[0, 0, 0, :9], want)


def test_boxes_are_resized_by_float32_ratios():
    boxes = box(0, 0, 53, 37)
    _, [resized] = ImageTransform(40, 57)([np.zeros((3, 37, 53))], [target(boxes)], np.float64)
    assert resized.boxes[0, 3] == 37 * np.float64(np.float32(39) / np.float32(37))


def test_ground_truth_masks_are_resized_to_the_nearest_cell():
    masks = np.zeros((1, 4, 4), bool)
    masks[0, :, 2:] = True
    _, [resized] = ImageTransform(6, 6)([np.zeros((3, 4, 4))], [target(box(2, 0, 4, 4), masks=masks)])
    np.testing.assert_array_equal(resized.masks[0, 0], [0, 0, 0, 1, 1, 1])  # cells 0 0 1 2 2 3


# ---- training ------------------------------------------------------------------------------------------


def test_true_boxes_are_appended_after_the_proposals():
    heads = RoIHeads(None, None, None)
    samples = heads.select_training_samples(box(50, 50, 60, 60), target(box(0, 0, 10, 10)), EvenChoice())
    np.testing.assert_array_equal(samples.boxes, box(50, 50, 60, 60, 0, 0, 10, 10))
    np.testing.assert_array_equal(samples.labels, [0, 1])


def test_the_published_thresholds_and_samples(published):
    network, heads = published.rpn, published.roi_heads
    assert (network.matcher.high_threshold, network.matcher.low_threshold) == (0.7, 0.3)
    assert network.matcher.allow_low_quality_matches
    assert (network.sampler.batch_size_per_image, network.sampler.positive_fraction) == (256, 0.5)
    assert (network.nms_thresh, network.min_size, network.score_thresh) == (0.7, 1e-3, 0.0)
    assert network.coder.weights == (1.0, 1.0, 1.0, 1.0)
    assert (heads.matcher.high_threshold, heads.matcher.low_threshold) == (0.5, 0.5)
    assert not heads.matcher.allow_low_quality_matches
    assert (heads.sampler.batch_size_per_image, heads.sampler.positive_fraction) == (512, 0.25)
    assert heads.coder.weights == (10.0, 10.0, 5.0, 5.0)
    post = heads.postprocess
    assert (post.score_thresh, post.nms_thresh, post.detections_per_img) == (0.05, 0.5, 100)
    assert heads.box_extractor.rule.sampling_ratio == 2
    assert not heads.box_extractor.rule.aligned


def test_box_loss_is_a_sum_over_objects_of_their_class_divided_by_all_rois():
    deltas = np.zeros((4, 12))
    deltas[1, 8:] = 0.5  # the object's own class
    deltas[1, 4:8] = 7.0  # another class of it
    deltas[0] = 7.0  # background
    nothing = np.zeros((4, 4))
    samples = Samples(nothing, np.array([0, 2, 0, 0]), np.zeros(4, np.int64), nothing)
    losses = fastrcnn_loss(Tensor(np.zeros((4, 3))), Tensor(deltas), [samples])
    np.testing.assert_allclose(losses["loss_box_reg"].data, 4 * (0.5 - (1 / 9) / 2) / 4)
    np.testing.assert_allclose(losses["loss_classifier"].data, np.log(3))


def test_mask_targets_are_soft():
    masks = np.zeros((1, 8, 8), bool)
    masks[0, :, 4:] = True
    soft = mask_targets(masks, box(0, 0, 8, 8), np.array([0]), 2)
    assert ((soft > 0) & (soft < 1)).any()


def test_mask_loss_looks_at_the_true_class_alone():
    logits = Tensor(np.zeros((1, 3, 2, 2)), requires_grad=True)
    whole = Target(box(0, 0, 8, 8), np.array([2]), np.ones((1, 8, 8), bool))
    loss = mask_loss(logits, [box(1, 1, 6, 6)], [np.array([2])], [np.array([0])], [whole])
    loss.backward()
    np.testing.assert_allclose(loss.data, np.log(2))
    np.testing.assert_array_equal(logits.grad.any((0, 2, 3)), [False, False, True])


def test_a_picture_without_objects_is_background_and_costs_no_mask():
    nothing = target(np.zeros((0, 4)))
    labels, _ = rpn().assign_targets_to_anchors(box(0, 0, 9, 9), nothing.boxes)
    np.testing.assert_array_equal(labels, [0])
    samples = RoIHeads(None, None, None).select_training_samples(box(0, 0, 9, 9), nothing, EvenChoice())
    np.testing.assert_array_equal(samples.labels, [0])
    assert mask_loss(Tensor(np.zeros((0, 3, 28, 28))), [], [], [], []).data == 0


def test_a_degenerate_true_box_is_refused(published):
    masks = np.ones((1, 64, 64), bool)
    flat = Target(np.array([[5, 5, 5, 9]], np.float32), np.array([1]), masks)
    with pytest.raises(InputError, match="no area"):
        published.losses([np.zeros((3, 64, 64), np.float32)], [flat], np.random.default_rng(0))


# ---- model ---------------------------------------------------------------------------------------------


def test_the_published_model_has_201_parameters_in_360_entries(published):
    assert len(published.parameters()) == 201
    assert len(published.state_dict()) == 360
    assert sum(parameter.size for parameter in published.parameters()) == 44_454_513


def test_frozen_batch_norm_has_nothing_to_train():
    frozen = resnet(18)
    assert all("bn" not in name for name, _ in frozen.named_parameters())
    assert nn.FrozenBatchNorm2d(4).eps == 1e-5
    assert nn.FrozenBatchNorm2d(4, eps=0.0).eps == 0.0


def test_the_stride_of_a_bottleneck_is_in_its_3x3_convolution():
    block = Bottleneck(16, 4, 2, nn.BatchNorm2d, rng=np.random.default_rng(0))
    x = Tensor(np.random.default_rng(1).standard_normal((1, 16, 8, 8)).astype(np.float32))
    assert block.conv1(x).shape[2:] == (8, 8)
    assert block.conv2(block.conv1(x)).shape[2:] == (4, 4)
