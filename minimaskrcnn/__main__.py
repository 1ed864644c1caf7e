"""`python -m minimaskrcnn` is the `minimaskrcnn` command."""

import sys

from minimaskrcnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
