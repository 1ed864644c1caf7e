"""All faults, as a pytest plugin: ``pytest -p planted --kernels=dropped-half-pixel`` plants that one.

The edition ``sound`` has none; on it everything must pass.
"""

import faults_memory  # noqa: F401
import faults_nms  # noqa: F401
import faults_norm_resize  # noqa: F401
import faults_ops  # noqa: F401
import faults_plain  # noqa: F401
import faults_roi  # noqa: F401
import faults_windows  # noqa: F401
import pytest
from fault import FAULTS, Fault
from hypothesis import Phase, settings

settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],  # found is enough; nothing is shrunk
)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    name = config.getoption("kernels")
    (Fault if name == "sound" else FAULTS[name]).plant(name)
