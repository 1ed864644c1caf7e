"""Write the pages that a reader can touch: the explorer of a sample, the RoI bench, each small world."""

from pathlib import Path

from minimaskrcnn import weights
from minimaskrcnn.data import Shapes
from minimaskrcnn.explorer import WORLDS, bench_page, explorer_page, world_page, write_explorer
from minimaskrcnn.io import load_model

SAMPLE = 3
HEIGHT = {"explorer": 900, "bench": 900}
REST = 620

FRAME = """\
```{{raw}} html
<iframe class="live" src="{name}.live.html" title="{title}" height="{height}"></iframe>
<p><a href="{name}.live.html">{title}: open it alone</a></p>
```
"""


def write(folder: Path) -> None:
    """Write each page, and one page of the site around it."""
    folder.mkdir(parents=True)
    model, _ = load_model(weights.path("shapes"))
    image, target = Shapes("val")[SAMPLE]
    pages = {
        "explorer": (
            "The explorer",
            explorer_page(model.trace(image), target, f"shapes, validation {SAMPLE}"),
        ),
        "bench": ("The RoI bench", bench_page()),
        **{name: (title, world_page(name)) for name, title in WORLDS.items()},
    }
    for name, (title, page) in pages.items():
        write_explorer(folder / f"{name}.live.html", page)
        frame = FRAME.format(name=name, title=title, height=HEIGHT.get(name, REST))
        (folder / f"{name}.md").write_text(f"# {title}\n\n{frame}", "utf-8")
