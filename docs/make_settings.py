"""Write docs/settings.md: every setting of a model, from the fields of `models.Config`.

python docs/make_settings.py
"""

from dataclasses import asdict, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from minimaskrcnn.files import atomic_write
from minimaskrcnn.models import MINI, PRESETS, RESNET_FPN, Config
from minimaskrcnn.models.aliases import ALIASES, resolve

PAGE = Path(__file__).resolve().parent / "settings.md"

INTRODUCTION = """\
# Settings

This page lists every setting of every model. A setting has the same name in Python
(`mini(3, rpn_nms_thresh=0.6)`), in a `Config`, in a recipe, on the command line
(`train --set model.rpn_nms_thresh=0.6`) and in a checkpoint. If torchvision has the setting too, the name is
torchvision's. The defaults are those of `maskrcnn_resnet50_fpn`; the column `mini` shows the values of the
small model where they differ. A value of the wrong type or out of its range is refused, and for an unknown
name the message suggests the nearest known one.

`docs/make_settings.py` writes this page from `minimaskrcnn/models/config.py`.
"""

GROUPS = {
    "model": "Model",
    "transform": "Transform: from pictures to a batch",
    "backbone": "Backbone: the residual network",
    "neck": "Neck: from the backbone's maps to those of the RPN and the heads",
    "rpn": "RPN: anchors and proposals",
    "heads": "Heads: boxes and masks of the RoIs",
}
EXAMPLES = {
    "depth": 18,
    "dilated": True,
    "image_size": (128, 256),
    "proposals": (300, 200),
    "samples": (128, 64),
    "score_thresh": 0.05,
    "detections_per_img": 100,
}


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for group, own in groupby(fields(Config), key=lambda setting: setting.metadata["group"]):
        head = (
            f"## {GROUPS[group]}\n\n| setting | default | `mini` | values | meaning |\n|---|---|---|---|---|"
        )
        parts.append(head + "".join(map(row, own)) + "\n")
    parts += [presets(), aliases()]
    return "\n".join(parts)


def row(setting: Any) -> str:
    """One setting as a row of its group's table."""
    own = getattr(MINI, setting.name)
    mini = "" if own == setting.default else value(own)
    kind, meaning = setting.metadata["kind"].expected, setting.metadata["meaning"]
    return f"\n| `{setting.name}` | {value(setting.default)} | {mini} | {kind} | {meaning} |"


def value(of: Any) -> str:
    """Write a value as a user would type it."""
    if isinstance(of, tuple):
        return f"`({', '.join(map(plain, of))})`"
    return f"`{plain(of)}`"


def plain(of: Any) -> str:
    """Write a number without an unnecessary fraction, and anything else as Python does."""
    return f"{of:g}" if isinstance(of, float) else repr(of)


def presets() -> str:
    """List what each preset changes."""
    lines = ["## Presets", ""]
    for name, config in PRESETS.items():
        base, word = (MINI, "`mini`") if name.startswith("mini_") else (RESNET_FPN, "the defaults")
        then, now = asdict(base), asdict(config)
        changes = [f"`{key}={plain(now[key])}`" for key in now if now[key] != then[key]]
        if name == "mini":
            lines.append("- `mini`: the column of that name.")
        else:
            lines.append(f"- `{name}`: {word}" + (f" with {', '.join(changes)}." if changes else "."))
    return "\n".join(lines) + "\n"


def aliases() -> str:
    """List the names that set several settings at once, by example."""
    lines = [
        "## Names for several settings at once, and names of version 0.1",
        "",
        "| name | example | sets |",
        "|---|---|---|",
    ]
    for name in ALIASES:
        meaning = ", ".join(f"`{key}={plain(own)}`" for key, own in resolve({name: EXAMPLES[name]}).items())
        lines.append(f"| `{name}` | `{name}={plain(EXAMPLES[name])}` | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    atomic_write(PAGE, lambda stream: stream.write(page().encode()))
