"""Parity: everything a set of golden files recorded from torch and torchvision, against this package.

`golden` reads a set through its manifest, `runners*` say how each recorded op is called here, `test_parity`
runs every case of every file. The set is the folder MINIMASKRCNN_GOLDEN, else ../shared/golden/public, else
tests/golden.
"""
