"""The paper's differences, each written as a signed sum of measures, to be tried seed by seed.

    value(seed) = sum of sign * measure(variant, choice, seed);   then its mean and interval over the seeds

All runs of one seed share their first weights and their pictures; what a pair shares drops out of its
difference. What the machine's rounding adds does not: it moved single runs by up to three points.
Source: He et al. 2017, "Mask R-CNN": tables 2b, 2c (ResNet-50-C4), 2d (ResNet-50-C5), 2e (ResNet-50-FPN), and
section 4.2 (RoIAlign on FPN: +1.5 mask AP, +0.5 box AP; class-agnostic masks: 29.7 against 30.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minimaskrcnn.experiments.intervals import Interval, mean_interval

Term = tuple[int, str, str, str]  # sign, variant, choice, measure
Row = tuple[float, float, float]  # AP, AP50, AP75 in percent


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, and the variant here that is its miniature.

    Attributes
    ----------
    name, setting : str
        "2c", and what was trained there.
    kind : {"mask", "box"}
    variant : str
        A name in `VARIANTS`.
    rows : dict from choice to AP, AP50, AP75 in percent; None where the paper gives no number
    """

    name: str
    setting: str
    kind: str
    variant: str
    rows: Mapping[str, Sequence[float | None]]


TABLE_2B = PaperTable(
    "2b",
    "C4, stride 16",
    "mask",
    "pyramid",
    {"sigmoid": (30.3, 51.2, 31.5), "softmax": (24.8, 44.1, 25.1)},
)
TABLE_2C = PaperTable(
    "2c",
    "C4, stride 16",
    "mask",
    "stride16",
    {
        "roi_pool": (26.9, 48.8, 26.4),
        "roi_warp": (27.1, 48.9, 27.1),
        "roi_warp_max": (27.2, 49.2, 27.1),
        "roi_align": (30.3, 51.2, 31.5),
        "roi_align_max": (30.2, 51.0, 31.8),
    },
)
TABLE_2D_MASK = PaperTable(
    "2d",
    "C5, stride 32",
    "mask",
    "stride16",
    {"roi_pool": (23.6, 46.5, 21.6), "roi_align": (30.9, 51.8, 32.1)},
)
TABLE_2D_BOX = PaperTable(
    "2d",
    "C5, stride 32",
    "box",
    "stride16",
    {"roi_pool": (28.2, 52.7, 26.9), "roi_align": (34.0, 55.3, 36.4)},
)
TABLE_2E = PaperTable(
    "2e", "FPN", "mask", "pyramid", {"sigmoid": (33.6, 55.2, 35.3), "mlp": (31.5, 53.7, 32.8)}
)
TEXT_AGNOSTIC = PaperTable(
    "4.2",
    "C4, stride 16",
    "mask",
    "pyramid",
    {"sigmoid": (30.3, None, None), "class_agnostic": (29.7, None, None)},
)
PAPER: dict[str, tuple[PaperTable, ...]] = {
    "operators": (TABLE_2C, TABLE_2D_MASK, TABLE_2D_BOX),
    "family": (TABLE_2C, TABLE_2D_MASK, TABLE_2D_BOX),
    "masks": (TABLE_2B, TABLE_2E, TEXT_AGNOSTIC),
}


@dataclass(frozen=True)
class Claim:
    """A difference that the paper reports, or one that is worth measuring.

    Attributes
    ----------
    text : str
        What is subtracted from what.
    terms : tuple of Term
        The signed sum of these measures is the difference.
    paper : float, optional
        The difference in the paper, in points of AP; None if the paper has none.
    null : bool
        Whether the paper found no difference that matters.
    source : str
        The table or section of the paper.
    """

    text: str
    terms: tuple[Term, ...]
    paper: float | None = None
    null: bool = False
    source: str = "-"


def difference(variant: str, a: str, b: str, measure: str) -> tuple[Term, ...]:
    """Return the terms of a - b."""
    return ((1, variant, a, measure), (-1, variant, b, measure))


def _gain(variant: str, measure: str, sign: int = 1) -> tuple[Term, ...]:
    """RoIAlign minus RoIPool, or the reverse if the sign is -1."""
    return ((sign, variant, "roi_align", measure), (-sign, variant, "roi_pool", measure))


def _at_stride_16(a: str, b: str) -> tuple[Term, ...]:
    return difference("stride16", a, b, "mask_AP")


_WARP = (
    Claim("RoIAlign - RoIWarp, stride 16, mask AP", _at_stride_16("roi_align", "roi_warp"), 3.2, source="2c"),
    Claim(
        "RoIWarp - RoIPool, stride 16, mask AP",
        _at_stride_16("roi_warp", "roi_pool"),
        0.2,
        null=True,
        source="2c",
    ),
)
_POOL_AND_ALIGN = (
    Claim("RoIAlign - RoIPool, stride 16, mask AP", _gain("stride16", "mask_AP"), 3.4, source="2c"),
    Claim("RoIAlign - RoIPool, stride 16, mask AP", _gain("stride16", "mask_AP"), 7.3, source="2d"),
    Claim("RoIAlign - RoIPool, stride 16, mask AP75", _gain("stride16", "mask_AP75"), 10.5, source="2d"),
    Claim("RoIAlign - RoIPool, stride 16, box AP", _gain("stride16", "box_AP"), 5.8, source="2d"),
    Claim(
        "that gain at stride 16, mask AP75 - mask AP50",
        _gain("stride16", "mask_AP75") + _gain("stride16", "mask_AP50", -1),
        5.2,
        source="2d",
    ),
    Claim("RoIAlign - RoIPool, pyramid, mask AP", _gain("pyramid", "mask_AP"), 1.5, source="4.2"),
    Claim("RoIAlign - RoIPool, pyramid, box AP", _gain("pyramid", "box_AP"), 0.5, source="4.2"),
    Claim(
        "that gain in mask AP, stride 16 - pyramid",
        _gain("stride16", "mask_AP") + _gain("pyramid", "mask_AP", -1),
        5.8,
        source="2d, 4.2",
    ),
)
CLAIMS: dict[str, tuple[Claim, ...]] = {
    "operators": (*_POOL_AND_ALIGN, *_WARP),
    "family": (
        *_POOL_AND_ALIGN,
        Claim(
            "RoIAlign max - mean, stride 16, mask AP",
            _at_stride_16("roi_align_max", "roi_align"),
            -0.1,
            null=True,
            source="2c",
        ),
        Claim("RoIAlign aligned - not, stride 16, mask AP", _at_stride_16("roi_align_v2", "roi_align")),
        Claim(
            "RoIWarp with the end cell - RoIPool, stride 16, mask AP",
            _at_stride_16("roi_warp_end", "roi_pool"),
        ),
    ),
    "full": (
        Claim("RoIAlign - RoIPool, pyramid, mask AP", _gain("full", "mask_AP"), 1.5, source="4.2"),
        Claim("RoIAlign - RoIPool, pyramid, mask AP75", _gain("full", "mask_AP75")),
        Claim("RoIAlign - RoIPool, pyramid, box AP", _gain("full", "box_AP"), 0.5, source="4.2"),
    ),
    "nuclei": (
        Claim("RoIAlign - RoIPool, nuclei, mask AP", _gain("nuclei", "mask_AP")),
        Claim("RoIAlign - RoIPool, nuclei, mask AP75", _gain("nuclei", "mask_AP75")),
        Claim("RoIAlign - RoIPool, nuclei, box AP", _gain("nuclei", "box_AP")),
    ),
    "masks": (
        Claim(
            "softmax - sigmoid, mask AP",
            difference("pyramid", "softmax", "sigmoid", "mask_AP"),
            -5.5,
            source="2b",
        ),
        Claim("MLP - FCN, mask AP", difference("pyramid", "mlp", "sigmoid", "mask_AP"), -2.1, source="2e"),
        Claim(
            "class-agnostic - per class, mask AP",
            difference("pyramid", "class_agnostic", "sigmoid", "mask_AP"),
            -0.6,
            null=True,
            source="4.2",
        ),
    ),
}

FEW_SEEDS, MOVED = 5, 3.0
"""With fewer seeds a difference is left open, unless its whole interval lies more than so many points from 0:
by so much another machine has moved single runs."""


def try_claim(claim: Claim, rows: Sequence[Mapping[str, Any]]) -> Interval:
    """Return the mean and interval over seeds of a claim's signed sum, in points (AP and IoU times 100).

    Parameters
    ----------
    rows : sequence of dicts, one per run
        The rows that `roi_lab.perform` returns. Every seed must have every term.
    """
    found = {(row["variant"], row["choice"], row["seed"]): row for row in rows}
    seeds = sorted({row["seed"] for row in rows})
    return mean_interval(
        [
            sum(100 * sign * found[variant, who, seed][name] for sign, variant, who, name in claim.terms)
            for seed in seeds
        ]
    )


def reading(claim: Claim, interval: Interval) -> str:
    """Say in a few words what an interval shows about a claim, and no more than it shows.

    Examples
    --------
    >>> claim = Claim("a - b", (), paper=7.3)
    >>> reading(claim, Interval(5.0, 2.0, 8.0, 10))
    'seen: the interval lies above 0'
    >>> reading(claim, Interval(4.0, -1.0, 9.0, 10))
    'not settled: the interval holds 0'
    >>> reading(claim, Interval(3.0, 2.0, 4.0, 3))
    'left open: only 3 seeds, and the interval comes within 3 points of 0'
    """
    if not interval.known:
        return "one seed has no interval: nothing can be said"
    if interval.n < FEW_SEEDS and interval.low < MOVED and interval.high > -MOVED:
        return f"left open: only {interval.n} seeds, and the interval comes within {MOVED:g} points of 0"
    side = "above" if interval.low > 0 else "below"
    if claim.null:
        if interval.excludes_zero:
            return f"a difference, unlike in the paper: the interval lies {side} 0"
        return "no difference seen, as in the paper; see how wide the interval is"
    if not interval.excludes_zero:
        return "not settled: the interval holds 0"
    if claim.paper is None:
        return f"the interval lies {side} 0"
    agrees = (interval.mean > 0) == (claim.paper > 0)
    return f"{'seen' if agrees else 'the opposite'}: the interval lies {side} 0"
