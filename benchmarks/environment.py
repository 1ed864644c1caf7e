"""What a timing depends on beside the code: threads, BLAS kernel, machine. Set the first, report the rest.

OpenBLAS reads its settings once, when NumPy is imported; so a benchmark that finds others than it wants runs
itself again in a child that has them.
"""

from __future__ import annotations

import datetime
import importlib.util
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# They make OpenBLAS use another kernel, or other block sizes, than those it would choose for this CPU.
OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")

PEERS = ("torch", "torchvision", "mygrad", "autograd")


def rerun_if_needed(module: str, arguments: list[str], threads: int) -> int | None:
    """Run ``python -m module arguments`` in a child with the right settings; None if they are right now."""
    wanted = {name: value for name, value in os.environ.items() if name not in OVERRIDES}
    wanted |= dict.fromkeys(THREADS, str(threads)) | {"MPLBACKEND": "Agg"}
    if wanted == dict(os.environ):
        return None
    return subprocess.run([sys.executable, "-m", module, *arguments], env=wanted).returncode


def set_torch_threads(threads: int) -> None:
    """Give torch as many threads as the BLAS has, where torch is installed."""
    if "torch" in available():
        import torch

        torch.set_num_threads(threads)


def available() -> tuple[str, ...]:
    """Which of the peers this Python has."""
    return tuple(name for name in PEERS if importlib.util.find_spec(name) is not None)


def missing_sentence() -> str:
    """What to do about peers that are not installed; empty if all are."""
    missing = [name for name in PEERS if name not in available()]
    if not missing:
        return ""
    return (
        f"Not installed, so their columns are empty: {', '.join(missing)}; "
        f"`{Path(sys.executable).name} -m pip install {' '.join(missing)}` adds them "
        "(or name a Python that has them: make bench BENCH_PYTHON=path/to/python)."
    )


def machine(threads: int) -> dict[str, str]:
    """The machine and the software by name, for the head of the results; no path, no host name."""
    packages = ["numpy", "scipy", *PEERS]
    return {
        "date": datetime.date.today().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "threads": str(threads),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in packages if _version(name)),
        "matrix products of NumPy": blas_kernel(),
    }


def blas_kernel() -> str:
    """The BLAS that NumPy calls and the kernel that it chose when it was loaded."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    built = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return f"{built}, kernel unknown (pip install threadpoolctl tells)"
    kernels = {pool.get("architecture") for pool in threadpool_info() if pool["user_api"] == "blas"}
    return f"{built}, kernel {', '.join(sorted(k for k in kernels if k)) or 'unknown'}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """The model of the CPU; Linux keeps it in a file, other systems tell `platform`."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        facts = dict(
            (part.strip() for part in line.split(":", 1))
            for line in cpuinfo.read_text().split("\n\n")[0].splitlines()
            if ":" in line
        )
        return facts.get("model name", platform.machine())
    return platform.processor() or platform.machine()
