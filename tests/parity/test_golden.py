"""The suite's own reader sees a wrong number, a wrong index, a missing output and an op without a runner."""

import json

import numpy as np
import pytest

from . import golden
from .golden import REPO, Case, GoldenSet
from .runners import RUNNERS
from .test_parity import test_case as run_case


@pytest.fixture
def case(tmp_path):
    """A set of one case of an op that nobody has a runner for."""
    recorded = {"c/i.x": np.zeros(3), "c/o.y": np.array([1.0, 2.0, np.nan]), "c/o.keep": np.array([2.0, 0.0])}
    np.savez(tmp_path / "one.npz", **recorded)
    entry = {"file": "one.npz", "case": "c", "op": "unheard_of", "params": {}, "rtol": 1e-6, "atol": 1e-8}
    entry |= {"inputs": {"x": [[3], "float64"]}, "outputs": {"y": [[3], "float64"], "keep": [[2], "float64"]}}
    entry["equal_nan"] = True
    (tmp_path / "manifest.json").write_text(
        json.dumps({"set": "t", "files": {"one.npz": {}}, "cases": [entry]})
    )
    one = GoldenSet(tmp_path)
    yield one.cases[0]
    one.close()


def answer(**changed):
    return {"o.y": np.array([1.0, 2.0, np.nan]), "o.keep": np.array([2, 0])} | changed


def test_the_recorded_answer_passes(case):
    assert case.differences(answer()) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"o.y": np.array([1.0, 2.0001, np.nan])}, "first at (1,)"),
        ({"o.y": np.array([1.0, 2.0, 3.0])}, "first at (2,)"),
        ({"o.y": np.array([[1.0, 2.0, np.nan]])}, "shape (1, 3), recorded (3,)"),
        ({"o.keep": np.array([0, 2])}, "2 of 2 differ"),
    ],
)
def test_a_wrong_answer_is_named(case, changed, said):
    [problem] = case.differences(answer(**changed))
    assert said in problem


def test_nan_counts_as_right_only_where_the_case_says_so(case):
    strict = Case(case.set, {**case.entry, "equal_nan": False})
    assert len(strict.differences(answer())) == 1


def test_an_output_that_the_runner_forgets_is_a_failure(case):
    forgetful = answer()
    del forgetful["o.keep"]
    assert case.differences(forgetful) == ["o.keep: recorded, but the runner does not answer it"]


def test_an_op_without_a_runner_is_a_failure(case, record_property):
    with pytest.raises(AssertionError, match="no runner for op 'unheard_of'"):
        run_case(case, "any", record_property)


def test_the_set_is_the_one_named_else_the_one_beside_the_repository_else_the_committed_one(
    tmp_path, monkeypatch
):
    repo, beside = tmp_path / "repo", tmp_path / "shared/golden/public"
    monkeypatch.setattr(golden, "REPO", repo)
    monkeypatch.delenv("MINIMASKRCNN_GOLDEN", raising=False)
    repo.mkdir()
    assert golden.find_folder() == repo / "tests/golden"
    beside.mkdir(parents=True)
    (beside / "manifest.json").write_text("{}")
    assert golden.find_folder() == beside
    monkeypatch.setenv("MINIMASKRCNN_GOLDEN", "elsewhere")
    assert str(golden.find_folder()) == "elsewhere"


def test_a_folder_without_a_manifest_is_named(tmp_path):
    with pytest.raises(AssertionError, match="no manifest"):
        GoldenSet(tmp_path)


def test_the_committed_set_has_every_op_in_at_most_4_megabytes():
    committed = GoldenSet(REPO / "tests/golden")
    assert {case.op for case in committed.cases} == set(RUNNERS)
    assert sum(path.stat().st_size for path in committed.folder.iterdir()) <= 4_000_000
