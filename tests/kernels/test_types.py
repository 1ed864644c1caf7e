"""What an editor knows of the operators: `mypy --strict` on a user's lines shows no `Any` of ours."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import minimaskrcnn

pytest.importorskip("mypy", reason="needs the `dev` extra")

CODE = """
import numpy as np
from minimaskrcnn import kernels, nn, ops
from minimaskrcnn.autograd import Context, Function, Tensor
from minimaskrcnn.models import mini

class Copy(Function):
    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> np.ndarray:
        return x.copy()

class Halves(Function):
    @staticmethod
    def forward(ctx: Context, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x[:1], x[1:]

x, model = Tensor([1.0]), mini(4)
reveal_type(kernels.active().conv2d)
with kernels.use("plain") as edition:
    reveal_type(edition.roi_align)
reveal_type(nn.Conv2d(3, 4, 3)(x))
reveal_type(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())(x))
reveal_type(ops.conv2d(x, x))
reveal_type(Copy.apply(x))
reveal_type(Halves.apply(x))
reveal_type(model.backbone(x))
reveal_type(model.rpn.__call__)
reveal_type(model.predict)
nn.ReLU()("x")  # type: ignore[arg-type]
"""


@pytest.mark.thorough  # mypy reads NumPy and the whole package: half a minute
def test_nothing_of_ours_is_any_and_a_wrong_argument_is_found(tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "mine.py"]
    # mypy does not follow the hook of an editable installation to the package.
    env = os.environ | {"MYPYPATH": str(Path(minimaskrcnn.__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout  # --strict also complains of an ignored error that is none
    revealed = re.findall(r'Revealed type is "(.*)"', done.stdout)
    assert len(revealed) == CODE.count("reveal_type"), done.stdout
    numpys_own = r"(numpy\.)?ndarray\[tuple\[Any, \.\.\.\], (numpy\.)?dtype\[Any\]\]"
    assert not [text for text in revealed if re.search(r"\bAny\b", re.sub(numpys_own, "Array", text))]
