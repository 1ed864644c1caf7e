"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

``python .ci/lowest.py > lowest.txt; pip install --constraint lowest.txt ".[test]"``
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
    name, version = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
    print(f"{name}=={version}")
