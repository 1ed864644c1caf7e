"""The package in a browser's Python: WebAssembly, where an index has 32 bits and there is one thread.

`run.mjs` runs a Python program there under Node, `browser` is that program, `answers` is what it computes,
and `test_pyodide` computes the same here and compares.
"""
