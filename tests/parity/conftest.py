"""The closing lines of a parity run: how many cases of each file passed, and on which edition."""

from collections import Counter


def pytest_terminal_summary(terminalreporter):
    """Count the cases that passed, from what `test_case` recorded."""
    passed = terminalreporter.stats.get("passed", [])
    ran = [value for report in passed for key, value in report.user_properties if key == "parity"]
    if not ran:
        return
    from .test_parity import GOLDEN

    terminalreporter.section(f"parity with the golden set {GOLDEN.name!r}")
    total = Counter(case.file for case in GOLDEN.cases)
    cases = Counter(file for file, _ in {(file, name) for file, name, _ in ran})
    runs = Counter((file, edition) for file, _, edition in ran)
    editions = sorted({edition for _, _, edition in ran})
    for file, count in total.items():
        each = ", ".join(f"{edition} {runs[file, edition]}" for edition in editions)
        terminalreporter.line(f"{file:<20} {cases[file]:>4} of {count:>4} cases passed  ({each})")
    terminalreporter.line(f"{'all':<20} {sum(cases.values()):>4} of {sum(total.values()):>4} cases passed")
