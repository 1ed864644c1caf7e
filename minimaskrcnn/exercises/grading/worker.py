"""The process that runs a student's code: `python -m minimaskrcnn.exercises.grading.worker < job`.

It says on its standard output, one JSON object per line, what it is about to do and what it found. So the
grader knows what a process was doing when it had to be killed.
"""

import json
import os
import signal
import sys
from typing import Any, TextIO

from minimaskrcnn.exercises.catalogue import find_exercise
from minimaskrcnn.exercises.judging import judge


def main() -> None:
    """Execute the statements of a job, then check its exercises."""
    job = json.loads(sys.stdin.buffer.read())
    limit_memory(job["bytes"])
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # whatever the student's code prints or asks
        os.dup2(silent, stream)
    exercises = {name: find_exercise(name) for name in job["exercises"]}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    say(report, doing=None)
    failures = execute(job["statements"], namespace, report, job["seconds"])
    for name, exercise in exercises.items():
        say(report, doing=name)
        limit_time(job["seconds"])
        answer = namespace.get(f"my_{name}", KeyError)
        if answer is KeyError:
            reason = f"; {failures[0]}" if failures else ""
            say(report, exercise=name, status="missing", message=f"my_{name} is not defined{reason}.")
        elif str(getattr(answer, "__module__", "")).startswith("minimaskrcnn"):
            message = f"my_{name} is the package's own function."
            say(report, exercise=name, status="wrong", message=message)
        else:
            result = judge(exercise, answer)
            say(report, exercise=name, status=result.status, message=result.message)


def execute(
    statements: list[list[Any]], namespace: dict[str, Any], report: TextIO, seconds: float
) -> list[str]:
    """Run each statement, whatever the others do; return what failed, as parts of a sentence."""
    failures = []
    for place, (cell, source) in enumerate(statements):
        say(report, doing=place)
        limit_time(seconds)
        try:
            exec(compile(source, f"cell {cell}", "exec"), namespace)
        except BaseException as error:  # sys.exit too: the next statement has not earned it
            failures.append(f"code cell {cell} ends in {type(error).__name__}: {str(error)[:80]}")
    return failures


def say(report: TextIO, **fields: Any) -> None:
    """Write one line, at once."""
    print(json.dumps(fields), file=report, flush=True)


def limit_time(seconds: float) -> None:
    """End the process when it has computed for so long from now on, where the system can do that."""
    if hasattr(signal, "setitimer"):  # elsewhere the grader's patience is the limit
        signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_memory(most: int) -> None:
    """Let the process ask for `most` bytes at most, where the system can hold it to that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
