"""pytest --kernels=NAME: which edition is used, which tests run, what a user with a typing error reads."""

import subprocess
import sys

import pytest

TESTS = """
import pytest
from minimaskrcnn import kernels

@pytest.mark.operators
def test_operator():
    print("nms from", kernels.active().nms.__module__)

def test_other():
    print("the other ran")
"""
KERNELS = "def nms(boxes, scores, iou_threshold):\n    return boxes\n"


@pytest.fixture
def pytest_in(tmp_path):
    """Run pytest in a folder of its own that holds two tests and a module of kernels."""
    (tmp_path / "test_two.py").write_text(TESTS)
    (tmp_path / "my_kernels.py").write_text(KERNELS)
    (tmp_path / "misnamed.py").write_text("def non_max(boxes):\n    return boxes\n")

    def run(*arguments):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-s",
            "-p",
            "no:cacheprovider",
            "--strict-markers",
            *arguments,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_module_of_ones_own_is_registered_and_used(pytest_in):
    code, said = pytest_in("--kernels=my_kernels")
    assert (code, "nms from my_kernels" in said, "the other ran" in said) == (0, True, False)
    assert "kernels: my_kernels (nms, the others from fast)" in said


def test_the_reference_is_an_edition_too(pytest_in):
    code, said = pytest_in("--kernels=reference")
    assert (code, "nms from minimaskrcnn.kernels.reference.suppression" in said) == (0, True)


def test_with_a_path_all_its_tests_run(pytest_in):
    code, said = pytest_in("--kernels=my_kernels", "test_two.py")
    assert (code, "nms from my_kernels" in said, "the other ran" in said) == (0, True, True)


def test_without_the_option_nothing_changes(pytest_in):
    code, said = pytest_in()
    assert (code, "nms from minimaskrcnn.kernels.fast.suppression" in said, "the other ran" in said) == (
        0,
        True,
        True,
    )
    assert "kernels:" not in said


def test_a_module_that_is_not_there_is_one_sentence(pytest_in):
    code, said = pytest_in("--kernels=my_kernel")
    assert code == 4
    assert "no module named 'my_kernel'" in said
    assert "Traceback" not in said


def test_a_module_without_kernels_is_one_sentence(pytest_in):
    code, said = pytest_in("--kernels=misnamed")
    assert code == 4
    assert "misnamed has no kernel; the kernels are conv2d," in said
    assert "Traceback" not in said


@pytest.mark.parametrize("profile", ["minimaskrcnn-dev", "minimaskrcnn-ci", "minimaskrcnn-nightly"])
def test_profiles_are_offered(pytest_in, profile):
    code, _ = pytest_in(f"--hypothesis-profile={profile}")
    assert code == 0
