"""The comparison as a page: how it was made, means and intervals, the paper's rows, and the conclusions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minimaskrcnn.experiments.intervals import Interval
from minimaskrcnn.experiments.roi_claims import (
    CLAIMS,
    TABLE_2C,
    TABLE_2D_BOX,
    TABLE_2D_MASK,
    reading,
    try_claim,
)
from minimaskrcnn.experiments.roi_figure import NAMES, VARIANT_NAMES
from minimaskrcnn.experiments.roi_lab import BASELINE, BATCH_SIZE, MEASURES, VARIANTS, Plan
from minimaskrcnn.experiments.roi_summary import Summary
from minimaskrcnn.models.roi_extractor import OPERATORS

HEADINGS = {
    "box_AP": "box AP",
    "box_AP50": "box AP50",
    "box_AP75": "box AP75",
    "mask_AP": "mask AP",
    "mask_AP50": "mask AP50",
    "mask_AP75": "mask AP75",
    "boundary_iou": "boundary IoU",
    "centroid_offset": "centroid offset, px",
    "matched": "matched, %",
}

ALT = """\
For each variant, mask AP of the six operators, and their differences from RoIPool in mask AP, boundary IoU
and centroid offset, with 95 % intervals; the tables below hold the numbers"""

LIMITS = """\
## What this miniature is not

- The models have about a million parameters and are trained from random weights, for minutes, on generated
  shapes of 128x128 pixels; the paper's are pretrained and trained for a day or more on photographs. Levels of
  AP cannot be compared, only the signs of differences and, with care, their order.
- `stride16` stands for the paper's table 2d. There features have stride 32 on pictures 800 pixels high; here
  they have stride 16 on objects of 21 to 55 pixels, so that an object spans one to four cells. Its heads are
  those of the pyramid model, not the paper's.
- The intervals are over seeds (weights, order of pictures, sampling of RoIs) at one length of training and
  one learning rate, on one fixed set of validation pictures. They say nothing about other settings.
- Each interval holds by itself at 95 %. Of twenty such intervals one is expected to miss.
- Boundary IoU and centroid offset are means over the objects that were found (right class, mask IoU of at
  least 0.5). An operator that finds more hard objects has more of them in its mean; "matched" says how many
  it found.
"""


def roi_page(
    rows: Sequence[Mapping[str, Any]], summary: Summary, plan: Plan, command: str, figure: str
) -> str:
    """Write the page as Markdown.

    Parameters
    ----------
    rows : sequence of dicts, one per run of the plan
    summary : Summary of these rows
    plan : Plan
    command : str
        The command that made the rows.
    figure : str
        The file name of the figure.
    """
    parts = [
        "# RoIPool, RoIWarp, RoIAlign: the same model, one operator changed",
        "Written by `minimaskrcnn roi-lab`; run it again rather than edit it.",
        f"    {command}",
        _facts(rows, plan),
        f"![{ALT}]({figure})",
        "## Each operator by itself\n\n"
        "Mean ± half the 95 % interval (Student's t over seeds). AP, boundary IoU and matched in percent.",
        *(_intervals(summary.level, variant, list(OPERATORS)) for variant in VARIANTS),
        "## Minus RoIPool, seed by seed\n\n"
        "The operators of a seed share first weights and pictures, so this is the sharper comparison. "
        "**Bold**: the interval does not hold 0.",
        *(
            _intervals(summary.gain, variant, [name for name in OPERATORS if name != BASELINE], mark=True)
            for variant in VARIANTS
        ),
        "## The paper's differences, tried here\n\nIn points; sources are tables and sections of the paper.",
        _claims(rows),
        "## The paper's rows\n\nAP / AP50 / AP75 in percent, on COCO photographs.",
        _paper(),
        LIMITS.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(rows: Sequence[Mapping[str, Any]], plan: Plan) -> str:
    dates = sorted({row["date"] for row in rows})
    minutes = sum(row["cpu_seconds"] for row in rows) / 60
    return table(
        ["seeds", "steps", "pictures seen", "validation pictures", "runs", "CPU minutes", "date"],
        [
            [
                ", ".join(map(str, plan.seeds)),
                plan.steps,
                plan.steps * BATCH_SIZE,
                plan.pictures,
                len(rows),
                f"{minutes:.0f}",
                " to ".join(dict.fromkeys((dates[0], dates[-1]))),
            ]
        ],
    )


def _intervals(
    intervals: Mapping[tuple[str, str, str], Interval], variant: str, operators: list[str], mark: bool = False
) -> str:
    lines = []
    for operator in operators:
        cells = [number(intervals[variant, operator, measure], measure, mark) for measure in MEASURES]
        lines.append([NAMES[operator], *cells])
    return table([VARIANT_NAMES[variant], *HEADINGS.values()], lines)


def number(interval: Interval, measure: str, mark: bool = False) -> str:
    """Write the mean and the half width in the units of the page.

    With `mark`, the text is bold if the interval does not contain 0.

    Examples
    --------
    >>> number(Interval(0.3, 0.2, 0.4, 3), "mask_AP"), number(Interval(1.5, 1.25, 1.75, 3), "centroid_offset")
    ('30.0 ± 10.0', '1.50 ± 0.25')
    """
    scale, digits = (1, 2) if measure == "centroid_offset" else (100, 1)
    text = f"{scale * interval.mean:.{digits}f}"
    if interval.known:
        text += f" ± {scale * interval.half:.{digits}f}"
    return f"**{text}**" if mark and interval.excludes_zero else text


def _claims(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for claim in CLAIMS:
        interval = try_claim(claim, rows)
        here = f"{interval.mean:+.1f}"
        if interval.known:
            here += f" [{interval.low:+.1f}, {interval.high:+.1f}]"
        paper = "-" if claim.paper is None else f"{claim.paper:+.1f}"
        lines.append([claim.text, paper, claim.source, here, reading(claim, interval)])
    return table(["difference", "paper", "source", "here [95 % interval]", "reading"], lines)


def _paper() -> str:
    columns = (TABLE_2C, TABLE_2D_MASK, TABLE_2D_BOX)
    lines = [
        [NAMES[name], *(" / ".join(map(str, column[name])) if name in column else "-" for column in columns)]
        for name in TABLE_2C
    ]
    heads = ["mask, 2c (C4, stride 16)", "mask, 2d (C5, stride 32)", "box, 2d (C5, stride 32)"]
    return table(["operator", *heads], lines)


def table(header: Sequence[Any], lines: Iterable[Sequence[Any]]) -> str:
    """Write a Markdown table.

    Examples
    --------
    >>> print(table(["a", "b"], [[1, "x"]]))
    | a | b |
    |---|---|
    | 1 | x |
    """
    rows = [header, ["---"] * len(header), *lines]
    text = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    text[1] = text[1].replace(" ", "")
    return "\n".join(text)
