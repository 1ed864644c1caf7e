"""The explorer: one HTML page in which a reader follows a picture through the detector.

    page = explorer_page(model.trace(image))
    write_explorer("explorer.html", page)

The page holds the recorded stages (`record`), the modules in `js/` and one style sheet; it asks nothing of
any network. What it computes, it computes as the package does.
"""

from minimaskrcnn.explorer.page import WORLDS, bench_page, explorer_page, world_page, write_explorer

__all__ = ["WORLDS", "bench_page", "explorer_page", "world_page", "write_explorer"]
