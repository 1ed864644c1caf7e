"""The page docs/check_your_own_op.md does what it says: its blocks run, and print what stands below them."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs" / "check_your_own_op.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: title=\"(\S+)\")?\n(.*?)^```", PAGE, re.M | re.S)


def code(language, title=""):
    return [body for kind, name, body in BLOCKS if (kind, name) == (language, title)]


def test_the_blocks_run_one_after_the_other_and_print_what_the_page_says():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec("".join(code("python")), {"__name__": "page"})
    assert printed.getvalue() == "".join(code("text"))


def test_the_check_takes_ten_lines():
    check = code("python")[1]
    assert len([line for line in check.splitlines() if line.strip()]) <= 10


@pytest.mark.parametrize(("mistake", "passes"), [(None, True), (("iou > ", "iou >= "), False)])
def test_the_kernel_goes_through_the_suite(tmp_path, mistake, passes):
    (kernel,), (command,) = code("python", "my_kernels.py"), code("sh")
    (tmp_path / "my_kernels.py").write_text(kernel.replace(*mistake) if mistake else kernel, "utf-8")
    _, *arguments = command.split()
    arguments += ["-x", "-p", "no:cacheprovider"]  # one failure is enough
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, REPO / "tests" / "properties"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == passes, done.stdout
    assert "kernels: my_kernels (nms, the others from fast)" in done.stdout
