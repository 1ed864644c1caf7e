"""The modules of this folder import one another by plain names, in this process and in the ones it starts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
