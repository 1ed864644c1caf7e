"""The region proposal network: at every cell of every pyramid level, is there an object, and where?

    feature map -> 3x3 conv -> objectness logit and (dx, dy, dw, dh) for each anchor
    decode -> clip -> top-k of each level -> drop slivers and low scores -> NMS of each level
           -> the best of all levels are the proposals

Source: Ren et al. 2015, "Faster R-CNN", section 3.1; thresholds as in torchvision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.anchors import AnchorGenerator, anchor_strides
from minimaskrcnn.detection.boxes import box_iou, clip_boxes_to_image, remove_small_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.nms import batched_nms
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.stages import ProposalSelection, RPNStages
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.models.bricks import conv_relu
from minimaskrcnn.models.losses import Losses, box_loss
from minimaskrcnn.models.transform import ImageBatch


class RPNHead(nn.Module):
    """One 3x3 convolution or more, then two 1x1 convolutions; the same weights on every level.

    Parameters
    ----------
    channels : int
        Channels of each pyramid level.
    num_anchors : int
        Anchors per cell.
    depth : int
        Number of the 3x3 convolutions.
    """

    def __init__(
        self, channels: int, num_anchors: int, depth: int = 1, *, rng: np.random.Generator | None = None
    ):
        super().__init__()
        self.conv = nn.Sequential(*(conv_relu(channels, channels, rng=rng) for _ in range(depth)))
        self.cls_logits = nn.Conv2d(channels, num_anchors, 1)
        self.bbox_pred = nn.Conv2d(channels, num_anchors * 4, 1)
        if rng is not None:
            # Small weights: training starts from p = 0.5 (a loss of ln 2) and boxes that do not move.
            for layer in (self.cls_logits, self.bbox_pred):
                layer.weight.data = nn.init.normal(layer.weight.shape, std=0.01, rng=rng)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the objectness (N, H*W*A) and deltas (N, H*W*A, 4) of one level, anchor by anchor."""
        hidden = self.conv(features)
        return _per_anchor(self.cls_logits(hidden), 1)[:, :, 0], _per_anchor(self.bbox_pred(hidden), 4)


def _per_anchor(x: Tensor, values: int) -> Tensor:
    N, channels, H, W = x.shape
    x = x.reshape(N, channels // values, values, H, W)  # (N, A, values, H, W)
    x = x.permute(0, 3, 4, 1, 2)  # (N, H, W, A, values)
    return x.reshape(N, -1, values)  # (N, H*W*A, values)


@dataclass(frozen=True)
class RPNOutput:
    """The predictions of the network for every anchor, for a batch of N pictures of one padded size.

    Attributes
    ----------
    anchors : (A, 4) float32 array
        (x1, y1, x2, y2) in pixels, level by level; the same for every picture.
    level_sizes : list of int
        The number of anchors of each level, finest first.
    strides : dict from level name to (y, x)
        The distance in pixels between the anchors of neighbouring cells.
    objectness : (N, A) Tensor, logits
    deltas : (N, A, 4) Tensor, (dx, dy, dw, dh)
    """

    anchors: np.ndarray
    level_sizes: list[int]
    strides: dict[str, tuple[int, int]]
    objectness: Tensor
    deltas: Tensor


@dataclass(frozen=True)
class AnchorSamples:
    """The sampled anchors of one picture, from which the RPN learns.

    Attributes
    ----------
    objects : (P,) int64
        Indices of anchors that represent an object.
    background : (Q,) int64
        Indices of anchors that represent background.
    deltas : (P, 4) float
        The targets of the network for the anchors `objects`.
    """

    objects: np.ndarray
    background: np.ndarray
    deltas: np.ndarray


class RegionProposalNetwork(nn.Module):
    """Predict a logit and deltas for every anchor; from these compute proposals, and in training two losses.

    Parameters
    ----------
    anchor_generator : AnchorGenerator
    head : RPNHead
    fg_iou_thresh, bg_iou_thresh : float
        Anchors with an IoU of at least `fg_iou_thresh` represent objects, those below `bg_iou_thresh`
        represent background, and those between have no loss.
    batch_size_per_image, positive_fraction : int, float
        Number of anchors sampled per picture, and the largest share of them that represents objects.
    pre_nms_top_n, post_nms_top_n : (training, evaluation) pairs of int
        Anchors per level that enter NMS, and proposals per picture that are kept after it.
    nms_thresh : float
        Of two boxes of one level with a greater IoU, NMS drops the one with the lower score.
    score_thresh, min_size : float
        Proposals with a lower probability or a shorter side (in pixels) are dropped.
    """

    def __init__(
        self,
        anchor_generator: AnchorGenerator,
        head: RPNHead,
        *,
        fg_iou_thresh: float = 0.7,
        bg_iou_thresh: float = 0.3,
        batch_size_per_image: int = 256,
        positive_fraction: float = 0.5,
        pre_nms_top_n: tuple[int, int] = (2000, 1000),
        post_nms_top_n: tuple[int, int] = (2000, 1000),
        nms_thresh: float = 0.7,
        score_thresh: float = 0.0,
        min_size: float = 1e-3,
    ):
        super().__init__()
        self.anchor_generator, self.head = anchor_generator, head
        self.coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
        self.matcher = Matcher(fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True)
        self.sampler = BalancedSampler(batch_size_per_image, positive_fraction)
        self.pre_nms_top_n, self.post_nms_top_n = pre_nms_top_n, post_nms_top_n
        self.nms_thresh, self.score_thresh, self.min_size = nms_thresh, score_thresh, min_size

    def forward(self, batch: ImageBatch, pyramid: dict[str, Tensor]) -> RPNOutput:
        """Place the anchors on every level of the pyramid, and run the head on each level."""
        size = (batch.images.shape[2], batch.images.shape[3])
        grids = [(features.shape[2], features.shape[3]) for features in pyramid.values()]
        anchors = self.anchor_generator(size, grids)
        outputs = [self.head(features) for features in pyramid.values()]
        return RPNOutput(
            np.concatenate(anchors),
            [len(of_level) for of_level in anchors],
            dict(zip(pyramid, anchor_strides(size, grids), strict=True)),
            ops.concatenate([objectness for objectness, _ in outputs], 1),  # (N, A)
            ops.concatenate([deltas for _, deltas in outputs], 1),  # (N, A, 4)
        )

    # ---- proposals -------------------------------------------------------------------------------------

    def propose(self, output: RPNOutput, sizes: Sequence[tuple[int, int]]) -> Iterator[RPNStages]:
        """Yield the steps from anchors to proposals, picture by picture, each computed when it is needed.

        All arrays are plain: no gradient flows from proposals back into the deltas that made them.

        Parameters
        ----------
        output : RPNOutput
        sizes : (h, w) of each picture without its padding
        """
        for objectness, deltas, size in zip(output.objectness.data, output.deltas.data, sizes, strict=True):
            yield self.propose_one(output.anchors, objectness, deltas, size, output.level_sizes)

    def propose_one(
        self,
        anchors: np.ndarray,
        objectness: np.ndarray,
        deltas: np.ndarray,
        size: tuple[int, int],
        level_sizes: Sequence[int],
    ) -> RPNStages:
        """Turn the anchors (A, 4) of one picture, with logits (A,) and deltas (A, 4), into proposals."""
        levels = np.repeat(np.arange(len(level_sizes), dtype=np.int64), level_sizes)  # (A,)
        decoded = self.coder.decode(deltas, anchors)[:, 0]  # (A, 1, 4) -> (A, 4)
        clipped = clip_boxes_to_image(decoded, size)
        scores = expit(objectness)
        selection = self.select_proposals(clipped, objectness, scores, levels)
        return RPNStages(anchors, levels, objectness, deltas, decoded, clipped, scores, selection)

    def select_proposals(
        self, clipped: np.ndarray, objectness: np.ndarray, scores: np.ndarray, levels: np.ndarray
    ) -> ProposalSelection:
        """Filter the clipped boxes (A, 4) of one picture by logit, probability and level, each (A,)."""
        mode = 0 if self.training else 1
        k = self.pre_nms_top_n[mode]
        level_ids = range(int(levels.max(initial=-1)) + 1)
        top_k = np.concatenate([_top_k(objectness, np.flatnonzero(levels == one), k) for one in level_ids])
        large = top_k[remove_small_boxes(clipped[top_k], self.min_size)]
        confident = large[scores[large] >= self.score_thresh]
        survivors = batched_nms(clipped[confident], scores[confident], levels[confident], self.nms_thresh)
        after_nms = confident[survivors]
        kept = after_nms[: self.post_nms_top_n[mode]]
        return ProposalSelection(top_k, large, confident, after_nms, kept, self.nms_thresh)

    # ---- training --------------------------------------------------------------------------------------

    def losses(
        self,
        anchors: np.ndarray,
        objectness: Tensor,
        deltas: Tensor,
        targets: Sequence[Target],
        rng: np.random.Generator,
    ) -> Losses:
        """Compute the two losses of the RPN.

        The objectness loss is the binary cross-entropy over the sampled anchors. The box loss is the smooth
        L1 loss of the anchors that represent objects, divided by the number of all sampled anchors.

        Source: Faster R-CNN, eq. 1.

        Parameters
        ----------
        anchors : (A, 4) array
        objectness : (N, A) Tensor, logits
        deltas : (N, A, 4) Tensor
        targets : sequence of N Targets, in pixels of the resized pictures
        rng : Generator that samples the anchors
        """
        samples = [self.select_training_samples(anchors, target, rng) for target in targets]
        sampled = np.concatenate(
            [n * len(anchors) + np.concatenate([s.objects, s.background]) for n, s in enumerate(samples)]
        )
        picture = np.repeat(np.arange(len(samples)), [len(s.objects) for s in samples])
        objects = np.concatenate([s.objects for s in samples])
        with self.scope():
            logits = objectness.reshape(-1)[sampled]  # (N, A) -> (N*A,) -> (sampled of all pictures,)
            shifts = deltas[picture, objects]  # (objects of all pictures, 4)
            is_object = np.concatenate([_labels(s) for s in samples]).astype(logits.dtype)
            wanted = np.concatenate([s.deltas for s in samples]).astype(logits.dtype)
            terms = {
                "loss_objectness": ops.binary_cross_entropy_with_logits(logits, is_object),
                "loss_rpn_box_reg": box_loss(shifts, wanted, len(sampled)),
            }
        return Losses(terms, {"fg_anchors": len(objects), "bg_anchors": len(sampled) - len(objects)})

    def select_training_samples(
        self, anchors: np.ndarray, target: Target, rng: np.random.Generator
    ) -> AnchorSamples:
        """Sample the anchors (A, 4) of one picture for the loss, and encode their targets."""
        labels, matched = self.assign_targets_to_anchors(anchors, target.boxes)
        objects, background = self.sampler(labels, rng)
        deltas = self.coder.encode(target.boxes[matched[objects]], anchors[objects])
        return AnchorSamples(objects, background, deltas)

    def assign_targets_to_anchors(
        self, anchors: np.ndarray, gt_boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return a label (A,) for each anchor and the index (A,) of its object.

        A label is 1 for an object, 0 for background, and -1 for neither.
        """
        if len(gt_boxes) == 0:
            return np.zeros(len(anchors), np.int64), np.zeros(len(anchors), np.int64)
        matched = self.matcher(box_iou(gt_boxes, anchors))
        labels = np.where(matched >= 0, 1, np.where(matched == Matcher.BELOW, 0, -1))
        return labels, np.maximum(matched, 0)


def _labels(samples: AnchorSamples) -> np.ndarray:
    """Return 1 for each anchor of an object, then 0 for each anchor of background."""
    return np.repeat([1, 0], [len(samples.objects), len(samples.background)])


def _top_k(scores: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """Return the k candidates (indices) with the highest scores, best first; ties go to the lower index."""
    values = scores[candidates]
    if len(values) > k > 0:
        cut = np.partition(values, len(values) - k)[len(values) - k]
        inside = np.flatnonzero(values >= cut)
        candidates, values = candidates[inside], values[inside]
    return candidates[np.argsort(-values, kind="stable")[:k]]
