"""The exercises, one file each; a file named `iou.py` defines the `EXERCISE` named "iou"."""
