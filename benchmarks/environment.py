"""Set the number of threads, and report the BLAS kernel and the machine, on which timings depend.

OpenBLAS reads its settings once, when NumPy is imported. So if a benchmark finds different settings, it runs
itself again in a child process with the right ones.
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
# These variables override the kernel, or the block sizes, that OpenBLAS would choose for this CPU.
OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")

PEERS = ("torch", "torchvision", "mygrad", "autograd")


def rerun_if_needed(module: str, arguments: list[str], threads: int) -> int | None:
    """Run ``python -m module arguments`` in a child with the right settings, or return None if set."""
    wanted = {name: value for name, value in os.environ.items() if name not in OVERRIDES}
    wanted |= dict.fromkeys(THREADS, str(threads)) | {"MPLBACKEND": "Agg"}
    if wanted == dict(os.environ):
        return None
    return subprocess.run([sys.executable, "-m", module, *arguments], env=wanted).returncode


def set_torch_threads(threads: int) -> None:
    """Give torch as many threads as the BLAS has, if torch is installed."""
    if "torch" in available():
        import torch

        torch.set_num_threads(threads)


def available() -> tuple[str, ...]:
    """Return the peers that this Python has."""
    return tuple(name for name in PEERS if importlib.util.find_spec(name) is not None)


def missing_sentence() -> str:
    """Say how to install the missing peers; the text is empty if there are none."""
    missing = [name for name in PEERS if name not in available()]
    if not missing:
        return ""
    return (
        f"Not installed, so their columns are empty: {', '.join(missing)}; "
        f"`{Path(sys.executable).name} -m pip install {' '.join(missing)}` adds them "
        "(or name a Python that has them: make bench BENCH_PYTHON=path/to/python)."
    )


def machine(threads: int) -> dict[str, str]:
    """Describe the machine and the software for the head of the results, without paths or host names."""
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
    """Name the BLAS that NumPy calls, and the kernel that the BLAS chose when it was loaded."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    built = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return f"{built}, kernel unknown (pip install threadpoolctl to see it)"
    kernels = {pool.get("architecture") for pool in threadpool_info() if pool["user_api"] == "blas"}
    return f"{built}, kernel {', '.join(sorted(k for k in kernels if k)) or 'unknown'}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """Return the model of the CPU: from a file on Linux, from `platform` on other systems."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        facts = dict(
            (part.strip() for part in line.split(":", 1))
            for line in cpuinfo.read_text().split("\n\n")[0].splitlines()
            if ":" in line
        )
        return facts.get("model name", platform.machine())
    return platform.processor() or platform.machine()
