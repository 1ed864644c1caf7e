"""A comparison as a page: how it was made, means and intervals, the paper's rows beside ours, conclusions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minimaskrcnn.experiments.intervals import Interval
from minimaskrcnn.experiments.lab_variants import NAMES, VARIANTS
from minimaskrcnn.experiments.roi_claims import CLAIMS, FEW_SEEDS, PAPER, PaperTable, reading, try_claim
from minimaskrcnn.experiments.roi_lab import EXPERIMENTS, MEASURES, Plan
from minimaskrcnn.experiments.roi_notes import LIMITS, TITLES
from minimaskrcnn.experiments.roi_summary import Summary

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
Mask AP of each choice, and the differences from the first in mask AP, boundary IoU and centroid offset, with
95 % intervals; the tables below hold the numbers"""
CURVE = """\
![Mask AP over the steps of training, a curve per choice with its seeds](curve.png)

The curve tells speed from quality. The distance between two curves in width is speed: how many steps later
the lower one is where the upper one was. What is left in height at the end of the schedule is quality."""


def roi_page(
    rows: Sequence[Mapping[str, Any]], summary: Summary, plan: Plan, command: str, with_curve: bool
) -> str:
    """Write the page as Markdown.

    Parameters
    ----------
    rows : sequence of dicts, one per run of the plan
    summary : Summary of these rows
    plan : Plan
    command : str
        The command that made the rows.
    with_curve : bool
        Whether there is a figure of AP over the steps, curve.png.
    """
    experiment = EXPERIMENTS[plan.experiment]
    baseline, *others = experiment.choices
    parts = [
        f"# {TITLES[plan.experiment]}",
        "Written by `minimaskrcnn roi-lab`; run it again rather than edit it.",
        f"    {command}",
        _facts(rows, plan),
        f"![{ALT}](roi_lab.png)",
        *[CURVE] * with_curve,
        "## Each choice by itself\n\n"
        "Mean ± half the 95 % interval (Student's t over seeds). AP, boundary IoU and matched in percent.",
        *(_intervals(summary.level, variant, experiment.choices) for variant in experiment.variants),
        f"## Minus {NAMES[baseline]}, seed by seed\n\n"
        "The runs of a seed share first weights and pictures. **Bold**: the interval does not hold 0, and "
        f"there are at least {FEW_SEEDS} seeds.",
        *(_intervals(summary.gain, variant, others, mark=True) for variant in experiment.variants),
        "## The differences\n\nIn points; sources are tables and sections of the paper.",
        _claims(rows, plan.experiment),
        *(_beside(table_, summary) for table_ in PAPER.get(plan.experiment, ())),
        LIMITS[plan.experiment].rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(rows: Sequence[Mapping[str, Any]], plan: Plan) -> str:
    dates = sorted({row["date"] for row in rows})
    minutes = sum(row["cpu_seconds"] for row in rows) / 60
    return table(
        ["seeds", "steps", "validation pictures", "runs", "CPU minutes", "processor", "date"],
        [
            [
                ", ".join(map(str, plan.seeds)),
                plan.steps,
                plan.pictures,
                len(rows),
                f"{minutes:.0f}",
                ", ".join(sorted({row["processor"] for row in rows})),
                " to ".join(dict.fromkeys((dates[0], dates[-1]))),
            ]
        ],
    )


def _intervals(
    intervals: Mapping[tuple[str, str, str], Interval],
    variant: str,
    choices: Sequence[str],
    mark: bool = False,
) -> str:
    lines = []
    for choice in choices:
        cells = [number(intervals[variant, choice, measure], measure, mark) for measure in MEASURES]
        lines.append([NAMES[choice], *cells])
    return table([VARIANTS[variant].title, *HEADINGS.values()], lines)


def number(interval: Interval, measure: str, mark: bool = False) -> str:
    """Write the mean and the half width in the units of the page.

    With `mark`, the text is bold if the interval does not contain 0 and is of at least `FEW_SEEDS` seeds.

    Examples
    --------
    >>> number(Interval(0.3, 0.2, 0.4, 9), "mask_AP"), number(Interval(1.5, 1.25, 1.75, 9), "centroid_offset")
    ('30.0 ± 10.0', '1.50 ± 0.25')
    """
    scale, digits = (1, 2) if measure == "centroid_offset" else (100, 1)
    text = f"{scale * interval.mean:.{digits}f}"
    if interval.known:
        text += f" ± {scale * interval.half:.{digits}f}"
    return f"**{text}**" if mark and interval.excludes_zero and interval.n >= FEW_SEEDS else text


def _claims(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    lines = []
    for claim in CLAIMS[name]:
        interval = try_claim(claim, rows)
        here = f"{interval.mean:+.1f}"
        if interval.known:
            here += f" [{interval.low:+.1f}, {interval.high:+.1f}]"
        paper = "-" if claim.paper is None else f"{claim.paper:+.1f}"
        lines.append([claim.text, claim.source, paper, here, reading(claim, interval)])
    return table(["difference", "source", "paper", "here [95 % interval]", "reading"], lines)


def _beside(paper: PaperTable, summary: Summary) -> str:
    """A table of the paper beside its miniature, for the choices that were run."""
    lines = []
    for choice, row in paper.rows.items():
        if (paper.variant, choice, "mask_AP") in summary.level:
            measures = [f"{paper.kind}_{name}" for name in ("AP", "AP50", "AP75")]
            ours = [number(summary.level[paper.variant, choice, m], m) for m in measures]
            theirs = ["-" if value is None else f"{value:.1f}" for value in row]
            lines.append([NAMES[choice], *theirs, *ours])
    heads = ["AP", "AP50", "AP75"]
    text = table(["", *(f"paper {h}" for h in heads), *(f"here {h}" for h in heads)], lines)
    title = f"## Beside the paper's {paper.name}: {paper.kind} AP"
    return f"{title}\n\nThere: {paper.setting}, on COCO. Here: {VARIANTS[paper.variant].title}.\n\n{text}"


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
