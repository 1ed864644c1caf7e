"""Watch a worker: kill it when a step takes too long, and start another one for the rest."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import minimaskrcnn
from minimaskrcnn.exercises.grading.slicing import Statement

BYTES = 4 * 2**30
PATIENCE = 6  # seconds on the clock for each second of computing, because the machine may be busy
LEAST_PATIENCE = 60.0  # seconds; a new process imports NumPy and Matplotlib
WORKER = "minimaskrcnn.exercises.grading.worker"
Finding = dict[str, str]


def run(statements: list[Statement], exercises: list[str], seconds: float) -> list[Finding]:
    """Check `exercises` on a notebook's statements; each step may compute for `seconds`.

    Returns
    -------
    list of {"exercise", "status", "message"}, one for each exercise
        Beside the statuses of a check: "missing", and "stopped" (it took too long, or the process ended).
    """
    findings: dict[str, Finding] = {}
    skipped: set[int] = set()
    while waiting := [name for name in exercises if name not in findings]:
        kept = [(s.cell, s.source) for place, s in enumerate(statements) if place not in skipped]
        places = [place for place in range(len(statements)) if place not in skipped]
        doing: Any = None
        for said in converse({"statements": kept, "exercises": waiting, "bytes": BYTES, "seconds": seconds}):
            if "doing" in said:
                doing = said["doing"]
            elif "exercise" in said:
                findings[said["exercise"]] = said
            else:
                reason = said["ended"]
        if isinstance(doing, int):
            skipped.add(places[doing])
            continue
        stopped = [doing] if isinstance(doing, str) else waiting  # all of them, if it did not even begin
        for name in stopped:
            findings.setdefault(
                name, {"exercise": name, "status": "stopped", "message": f"{name}: {reason}."}
            )
    return [findings[name] for name in exercises]


def converse(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a job to a new worker and yield what it says; last of all {"ended": why}."""
    with tempfile.TemporaryDirectory() as folder, _worker(folder) as process:
        assert process.stdin is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        try:
            process.stdin.write(json.dumps(job))
            process.stdin.close()
        except OSError:
            pass  # it has ended already, which the empty line says
        try:
            while line := lines.get(timeout=max(LEAST_PATIENCE, PATIENCE * job["seconds"])):
                yield _understood(line)
            yield {"ended": _why(process.wait(), job["seconds"])}
        except ValueError:  # the student's code has found the pipe
            yield {"ended": "stopped, because it writes into the grader's report"}
        except queue.Empty:
            yield {"ended": "stopped, because it waits or computes for too long"}
        finally:
            _kill(process)


def _understood(line: str) -> dict[str, Any]:
    """One line of a worker.

    Raises
    ------
    ValueError
        If no worker would say that.
    """
    said = json.loads(line)
    if not isinstance(said, dict) or set(said) not in ({"doing"}, {"exercise", "status", "message"}):
        raise ValueError("no line of a worker")
    return said


def _why(code: int, seconds: float) -> str:
    if code == -getattr(signal, "SIGPROF", 0):
        return f"stopped after {seconds:g} s"
    return f"the process ended with code {code}"


def _worker(folder: str) -> subprocess.Popen[str]:
    """A Python of its own session, in an empty folder, that finds the same package."""
    home = str(Path(minimaskrcnn.__file__).parents[1])
    path = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.Popen(
        [sys.executable, "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
        },
        encoding="utf-8",
        start_new_session=True,
    )


def _read(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def _kill(process: subprocess.Popen[str]) -> None:
    """End the worker if it still runs, and what it may have started itself."""
    if process.poll() is not None:
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (AttributeError, ProcessLookupError, PermissionError):  # Windows, or gone already
        process.kill()
    process.wait()
