"""Fail if a file of the package has fewer than 90 % of its lines and branches covered.

``coverage json -o measured.json; python .ci/coverage_floor.py measured.json``
"""

import json
import sys
from pathlib import Path

FLOOR = 90

EXCUSED: dict[str, str] = {}
"""Files that may stay below the floor, each with the reason."""

files = json.loads(Path(sys.argv[1]).read_text("utf-8"))["files"]
low = {
    name: measured["summary"]["percent_covered"]
    for name, measured in files.items()
    if measured["summary"]["percent_covered"] < FLOOR and name not in EXCUSED
}
for name, percent in sorted(low.items(), key=lambda item: item[1]):
    print(f"{name}: {percent:.0f} %, below {FLOOR} %")
print(f"{len(files)} files measured, {len(low)} below {FLOOR} %")
sys.exit(bool(low))
