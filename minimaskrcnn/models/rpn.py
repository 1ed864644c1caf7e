"""The region proposal network: at every cell of every pyramid level, is there an object, and where?

    feature map -> 3x3 conv -> objectness logit and (dx, dy, dw, dh) for each anchor
    decode -> clip -> top-k of each level -> drop slivers -> NMS of each level -> best of all = proposals

Source: Ren et al. 2015, "Faster R-CNN", section 3.1; thresholds as in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minimaskrcnn import nn, ops
from minimaskrcnn.autograd import Tensor
from minimaskrcnn.detection.anchors import AnchorGenerator
from minimaskrcnn.detection.boxes import box_iou, clip_boxes_to_image, remove_small_boxes
from minimaskrcnn.detection.coder import BoxCoder
from minimaskrcnn.detection.matcher import Matcher
from minimaskrcnn.detection.nms import batched_nms
from minimaskrcnn.detection.probabilities import expit
from minimaskrcnn.detection.sampler import BalancedSampler
from minimaskrcnn.detection.structures import Target
from minimaskrcnn.errors import InputError
from minimaskrcnn.models.fates import anchor_fates, show_fates
from minimaskrcnn.models.transform import ImageBatch
from minimaskrcnn.models.watch import Watch, first_only, unwatched

BETA = 1 / 9  # where smooth L1 turns from quadratic to linear; torchvision's value for both box losses


class RPNHead(nn.Module):
    """A 3x3 convolution, then two 1x1 convolutions; the same weights on every level.

    Parameters
    ----------
    channels : int, of every pyramid level
    num_anchors : int, at each cell
    """

    def __init__(self, channels: int, num_anchors: int, *, rng: np.random.Generator | None = None):
        super().__init__()
        # Twice nested so that the state says rpn.head.conv.0.0.weight, as in torchvision.
        self.conv = nn.Sequential(
            nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, rng=rng), nn.ReLU(inplace=True))
        )
        self.cls_logits = nn.Conv2d(channels, num_anchors, 1)
        self.bbox_pred = nn.Conv2d(channels, num_anchors * 4, 1)
        if rng is not None:
            # Small, so that training starts from p = 0.5 and no shift: the loss is ln 2.
            for layer in (self.cls_logits, self.bbox_pred):
                layer.weight.data = nn.init.normal(layer.weight.shape, 0.01, rng)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Objectness (N, H*W*A) and deltas (N, H*W*A, 4) of one level, in the order of its anchors."""
        hidden = self.conv(features)
        return _per_anchor(self.cls_logits(hidden), 1)[:, :, 0], _per_anchor(self.bbox_pred(hidden), 4)


def _per_anchor(x: Tensor, values: int) -> Tensor:
    N, channels, H, W = x.shape
    x = x.reshape(N, channels // values, values, H, W)  # (N, A, values, H, W)
    x = x.permute(0, 3, 4, 1, 2)  # (N, H, W, A, values)
    return x.reshape(N, -1, values)  # (N, H*W*A, values)


@dataclass(frozen=True)
class ProposalSelection:
    """Which anchors passed each filter, as indices into all anchors of one picture.

    Attributes
    ----------
    top_k : those among the best of their level before NMS, best first within a level
    large : those of `top_k` that are no slivers once clipped
    after_nms : those of `large` that NMS kept, best first over all levels
    kept : the first `post_nms_top_n` of `after_nms`: the proposals
    """

    top_k: np.ndarray
    large: np.ndarray
    after_nms: np.ndarray
    kept: np.ndarray


class RegionProposalNetwork(nn.Module):
    """Pyramid in, proposals out; in training also the two RPN losses.

    Parameters
    ----------
    anchor_generator : AnchorGenerator
    head : RPNHead
    fg_iou_thresh, bg_iou_thresh : float
        Anchors with IoU >= fg are objects, < bg background; between them no loss.
    batch_size_per_image, positive_fraction : int, float
        How many anchors of each picture the loss samples, and how many of them at most are objects.
    pre_nms_top_n, post_nms_top_n : (training, evaluation) pairs of int
    nms_thresh : float
    score_thresh, min_size : float
        Probability and side (pixels) below which a proposal is dropped.
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

    def forward(
        self,
        batch: ImageBatch,
        pyramid: dict[str, Tensor],
        targets: Sequence[Target] | None = None,
        rng: np.random.Generator | None = None,
        watch: Watch = unwatched,
    ) -> tuple[list[np.ndarray], dict[str, Tensor]]:
        """Proposals (P, 4) of each picture, best first; with targets also the losses.

        Raises
        ------
        InputError
            If targets come without the rng that samples the anchors of the losses.
        """
        if targets is not None and rng is None:
            raise InputError(
                "rpn: targets came without rng, which samples the anchors of the losses; "
                "pass rng=numpy.random.default_rng(seed)."
            )
        grids = [(features.shape[2], features.shape[3]) for features in pyramid.values()]
        level_anchors = self.anchor_generator((batch.images.shape[2], batch.images.shape[3]), grids)
        level_sizes = [len(anchors) for anchors in level_anchors]
        anchors = np.concatenate(level_anchors)  # (A, 4)
        outputs = [self.head(features) for features in pyramid.values()]
        objectness = ops.concatenate([logits for logits, _ in outputs], 1)  # (N, A)
        deltas = ops.concatenate([level_deltas for _, level_deltas in outputs], 1)  # (N, A, 4)

        # Arrays, not Tensors: proposals carry no gradient back into the deltas that made them.
        proposals = [
            self.propose(anchors, logits, shifts, size, level_sizes, shown)
            for logits, shifts, size, shown in zip(
                objectness.data, deltas.data, batch.sizes, first_only(watch, len(batch.sizes)), strict=True
            )
        ]
        if targets is None:
            return proposals, {}
        assert rng is not None
        return proposals, self.losses(anchors, objectness, deltas, targets, rng, watch)

    # ---- proposals -------------------------------------------------------------------------------------

    def propose(
        self,
        anchors: np.ndarray,
        objectness: np.ndarray,
        deltas: np.ndarray,
        size: tuple[int, int],
        level_sizes: Sequence[int],
        watch: Watch = unwatched,
    ) -> np.ndarray:
        """Proposals (P, 4) of one picture from its anchors (A, 4), logits (A,) and deltas (A, 4)."""
        decoded = self.coder.decode(deltas, anchors)[:, 0]  # (A, 1, 4) -> (A, 4)
        clipped = clip_boxes_to_image(decoded, size)
        levels = np.repeat(np.arange(len(level_sizes)), level_sizes)
        selection = self.select(clipped, objectness, levels)
        if watch is not unwatched:
            self._show(anchors, objectness, deltas, decoded, clipped, levels, selection, watch)
        return clipped[selection.kept]

    def select(self, clipped: np.ndarray, objectness: np.ndarray, levels: np.ndarray) -> ProposalSelection:
        """Filter the clipped boxes (A, 4) of one picture, by logits (A,) and level (A,)."""
        mode = 0 if self.training else 1
        level_ids = range(int(levels.max(initial=-1)) + 1)
        top_k = np.concatenate(
            [
                _top_k(objectness, np.flatnonzero(levels == level), self.pre_nms_top_n[mode])
                for level in level_ids
            ]
        )
        large = top_k[remove_small_boxes(clipped[top_k], self.min_size)]
        scores = expit(objectness)
        large = large[scores[large] >= self.score_thresh]
        after_nms = large[batched_nms(clipped[large], scores[large], levels[large], self.nms_thresh)]
        return ProposalSelection(top_k, large, after_nms, after_nms[: self.post_nms_top_n[mode]])

    def _show(
        self,
        anchors: np.ndarray,
        objectness: np.ndarray,
        deltas: np.ndarray,
        decoded: np.ndarray,
        clipped: np.ndarray,
        levels: np.ndarray,
        selection: ProposalSelection,
        watch: Watch,
    ) -> None:
        watch("anchors", anchors, ("anchor", "xyxy"))
        watch("anchor_level", levels, ("anchor",))
        watch("objectness", objectness, ("anchor",))
        watch("rpn_deltas", deltas, ("anchor", "dxdydwdh"))
        watch("decoded", decoded, ("anchor", "xyxy"))
        watch("clipped", clipped, ("anchor", "xyxy"))
        scores = expit(objectness)
        limits = self.nms_thresh, self.min_size
        show_fates(watch, "anchor", lambda: anchor_fates(selection, clipped, scores, levels, *limits))
        watch("proposals", clipped[selection.kept], ("proposal", "xyxy"))
        watch("proposal_scores", scores[selection.kept], ("proposal",))
        watch("proposal_anchor", selection.kept, ("proposal",))

    # ---- training --------------------------------------------------------------------------------------

    def losses(
        self,
        anchors: np.ndarray,
        objectness: Tensor,
        deltas: Tensor,
        targets: Sequence[Target],
        rng: np.random.Generator,
        watch: Watch = unwatched,
    ) -> dict[str, Tensor]:
        """Objectness: BCE over the sampled anchors. Boxes: smooth L1 of the object anchors, over all sampled.

        Source: Faster R-CNN, eq. 1.
        """
        picture, positive, labels, sampled, regression = [], [], [], [], []
        for index, target in enumerate(targets):
            label, matched = self.assign(anchors, target.boxes)
            pos, neg = self.sampler(label, rng)
            picked = np.concatenate([pos, neg])
            sampled.append(index * len(anchors) + picked)
            labels.append(label[picked])
            picture.append(np.full(len(pos), index))
            positive.append(pos)
            regression.append(self.coder.encode(target.boxes[matched[pos]], anchors[pos]))
        flat = objectness.reshape(-1)[np.concatenate(sampled)]  # (sampled of all pictures,)
        wanted = np.concatenate(labels).astype(flat.dtype)
        shifts = deltas[np.concatenate(picture), np.concatenate(positive)]  # (positives, 4)
        goal = np.concatenate(regression).astype(flat.dtype)
        watch("sampled_anchors", np.array([len(goal), len(wanted) - len(goal)]), ("object_background",))
        return {
            "loss_objectness": ops.binary_cross_entropy_with_logits(flat, wanted),
            "loss_rpn_box_reg": ops.smooth_l1_loss(shifts, goal, beta=BETA, reduction="sum")
            / max(1, len(wanted)),
        }

    def assign(self, anchors: np.ndarray, gt_boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Label (A,) of each anchor, 1 object, 0 background, -1 neither, and its object's index (A,)."""
        if len(gt_boxes) == 0:
            return np.zeros(len(anchors), np.int64), np.zeros(len(anchors), np.int64)
        matched = self.matcher(box_iou(gt_boxes, anchors))
        labels = np.where(matched >= 0, 1, np.where(matched == Matcher.BELOW, 0, -1))
        return labels, np.maximum(matched, 0)


def _top_k(scores: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """The k candidates (indices) of highest score, best first; of equals the lower index wins."""
    values = scores[candidates]
    if len(values) > k > 0:
        cut = np.partition(values, len(values) - k)[len(values) - k]
        inside = np.flatnonzero(values >= cut)
        candidates, values = candidates[inside], values[inside]
    return candidates[np.argsort(-values, kind="stable")[:k]]
