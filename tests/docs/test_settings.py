"""docs/settings.md is what docs/make_settings.py writes, so it names every setting and is true."""

import runpy
from dataclasses import fields
from pathlib import Path

from minimaskrcnn.models import MINI, PRESETS, RESNET_FPN, Config

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "settings.md").read_text("utf-8")


def test_the_page_is_the_generated_one():
    made = runpy.run_path(str(DOCS / "make_settings.py"))
    assert made["page"]() == TEXT, "run python docs/make_settings.py"


def test_every_setting_and_every_preset_is_on_the_page():
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
    for setting in fields(Config):
        shown = [cell.strip() for cell in rows[setting.name].split("|")]
        default, mini = getattr(RESNET_FPN, setting.name), getattr(MINI, setting.name)
        assert eval(shown[2].strip("`")) == default
        assert (eval(shown[3].strip("`")) if shown[3] else default) == mini
        assert shown[5].endswith(".")
    assert all(f"- `{preset}`" in TEXT for preset in PRESETS)
