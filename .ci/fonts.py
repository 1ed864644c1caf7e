"""Say whether Matplotlib finds the fonts that it brings along; a figure whose font is missing differs.

``python .ci/fonts.py`` prints what is missing from its list, or from the disk, and never fails.
"""

import matplotlib
from matplotlib.font_manager import findSystemFonts, fontManager

folder = matplotlib.get_data_path() + "/fonts/ttf"
listed = {font.fname for font in fontManager.ttflist if font.fname.startswith(folder)}
there = set(findSystemFonts(folder))
print(f"Matplotlib {matplotlib.__version__}: {len(listed)} of its own fonts listed, {len(there)} there")
print(f"its list is in {matplotlib.get_cachedir()}")
for font in sorted(there ^ listed):
    print(f"{'not listed' if font in there else 'listed, but not there'}: {font}")
