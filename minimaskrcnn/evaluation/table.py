"""The numbers of a summary as a table to read, in percent as papers print them."""

from collections.abc import Sequence
from typing import Any


def format_summary(summary: dict[str, Any], class_names: Sequence[str] | None = None) -> str:
    """Lay out what `CocoEvaluator.summary` returns.

    Parameters
    ----------
    summary : dict
    class_names : sequence of str, optional
        Indexed by label; without it classes go by their number.

    Returns
    -------
    str: one line of AP, one of AR, one for each class. A dash stands where there was no object.

    Examples
    --------
    >>> summary = {"AP": 0.751, "APs": -1.0, "AR100": 0.8, "per_class": {1: 0.751}}
    >>> print(format_summary(summary, ["background", "circle"]))
    AP     75.1   APs       -
    AR100  80.0
    class     AP
    circle  75.1
    """
    cells = {name: f"{name:<5}{_percent(summary[name]):>6}" for name in summary if name != "per_class"}
    rows = ["   ".join(cells[name] for name in cells if name.startswith(kind)) for kind in ("AP", "AR")]
    names = [class_names[label] if class_names else f"class {label}" for label in summary["per_class"]]
    width = max([5, *map(len, names)])
    rows.append(f"{'class':<{width}}{'AP':>6}")
    values = summary["per_class"].values()
    rows += [f"{name:<{width}}{_percent(value):>6}" for name, value in zip(names, values, strict=True)]
    return "\n".join(rows)


def _percent(value: float) -> str:
    return "-" if value < 0 else f"{100 * value:.1f}"
