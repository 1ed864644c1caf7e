"""The paper's claims about RoI operators, each written as a signed sum of measures, to be tested by seed.

    value(seed) = sum of sign * measure(variant, operator, seed);   then its mean and interval over the seeds

All runs of one seed share their first weights and their pictures, so the effect of the seed cancels out in a
difference.
Source: He et al. 2017, "Mask R-CNN", table 2c (ResNet-50-C4), table 2d (ResNet-50-C5) and, for the pyramid,
the text of section 4.2 (RoIAlign on FPN: +1.5 mask AP, +0.5 box AP).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minimaskrcnn.experiments.intervals import Interval, mean_interval

Term = tuple[int, str, str, str]  # sign, variant, operator, measure

# Rows of the paper's tables in percent: AP, AP50, AP75. Table 2c is for masks, with features at stride 16
# (C4); table 2d is at stride 32 (C5). The paper's pictures are 800 pixels high, ours 128.
TABLE_2C = {
    "roi_pool": (26.9, 48.8, 26.4),
    "roi_warp": (27.1, 48.9, 27.1),
    "roi_warp_max": (27.2, 49.2, 27.1),
    "roi_align": (30.3, 51.2, 31.5),
    "roi_align_max": (30.2, 51.0, 31.8),
}
TABLE_2D_MASK = {"roi_pool": (23.6, 46.5, 21.6), "roi_align": (30.9, 51.8, 32.1)}
TABLE_2D_BOX = {"roi_pool": (28.2, 52.7, 26.9), "roi_align": (34.0, 55.3, 36.4)}


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


def _difference(variant: str, a: str, b: str, measure: str) -> tuple[Term, ...]:
    return ((1, variant, a, measure), (-1, variant, b, measure))


def _gain(variant: str, measure: str, sign: int = 1) -> tuple[Term, ...]:
    """RoIAlign minus RoIPool, or the reverse if the sign is -1."""
    return ((sign, variant, "roi_align", measure), (-sign, variant, "roi_pool", measure))


CLAIMS = (
    Claim("RoIAlign - RoIPool, stride 16, mask AP", _gain("stride16", "mask_AP"), 7.3, source="2d"),
    Claim("RoIAlign - RoIPool, stride 16, mask AP75", _gain("stride16", "mask_AP75"), 10.5, source="2d"),
    Claim("RoIAlign - RoIPool, stride 16, box AP", _gain("stride16", "box_AP"), 5.8, source="2d"),
    Claim("RoIAlign - RoIPool, pyramid, mask AP", _gain("pyramid", "mask_AP"), 1.5, source="4.2"),
    Claim("RoIAlign - RoIPool, pyramid, box AP", _gain("pyramid", "box_AP"), 0.5, source="4.2"),
    Claim(
        "that gain in mask AP, stride 16 - pyramid",
        _gain("stride16", "mask_AP") + _gain("pyramid", "mask_AP", -1),
        5.8,
        source="2d, 4.2",
    ),
    Claim(
        "that gain at stride 16, mask AP75 - mask AP50",
        _gain("stride16", "mask_AP75") + _gain("stride16", "mask_AP50", -1),
        5.2,
        source="2d",
    ),
    Claim(
        "RoIAlign - RoIWarp, stride 16, mask AP",
        _difference("stride16", "roi_align", "roi_warp", "mask_AP"),
        3.2,
        source="2c",
    ),
    Claim(
        "RoIWarp - RoIPool, stride 16, mask AP",
        _difference("stride16", "roi_warp", "roi_pool", "mask_AP"),
        0.2,
        null=True,
        source="2c",
    ),
    Claim(
        "RoIAlign max - mean, stride 16, mask AP",
        _difference("stride16", "roi_align_max", "roi_align", "mask_AP"),
        -0.1,
        null=True,
        source="2c",
    ),
    Claim(
        "RoIAlign aligned - not, stride 16, mask AP",
        _difference("stride16", "roi_align_v2", "roi_align", "mask_AP"),
    ),
)


def try_claim(claim: Claim, rows: Sequence[Mapping[str, Any]]) -> Interval:
    """Return the mean and interval over seeds of a claim's signed sum, in points (AP and IoU times 100).

    Parameters
    ----------
    rows : sequence of dicts, one per run
        The rows that `roi_lab.perform` returns. Every seed must have every term.
    """
    found = {(row["variant"], row["operator"], row["seed"]): row for row in rows}
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
    >>> reading(claim, Interval(5.0, 2.0, 8.0, 3))
    'seen: the interval lies above 0'
    >>> reading(claim, Interval(5.0, -1.0, 11.0, 3))
    'not settled: the interval holds 0'
    """
    if not interval.known:
        return "one seed has no interval: nothing can be said"
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
