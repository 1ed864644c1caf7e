"""A trace holds what it was told, prints it, and comes back equal from disk."""

import numpy as np
import pytest

from minimaskrcnn.detection.box_masks import BoxMasks
from minimaskrcnn.errors import InputError
from minimaskrcnn.inspection import LazyStage, MaskStage, Stage, Trace


def recorded(**changes):
    rng = np.random.default_rng(0)
    stages = {
        "input": (rng.random((3, 4, 5), np.float32), ("channel", "y", "x")),
        "proposals": (np.zeros((0, 4), np.float32), ("proposal", "box")),
        "labels": (np.array([1, 2]), ("detection",)),
        "masks": (np.array([[[True, False]]]), ("detection", "y", "x")),
        "scale": (np.array(1.5), ()),
    }
    return Trace(stages | changes)


def test_a_trace_is_a_mapping_in_the_order_of_the_pass():
    trace = recorded()
    assert list(trace) == ["input", "proposals", "labels", "masks", "scale"]
    assert trace.axes("proposals") == ("proposal", "box")
    assert trace["labels"].tolist() == [1, 2]
    assert "proposals" in trace
    assert "anchors" not in trace
    assert trace.names("p") == ["proposals"]


def test_a_stage_is_a_view_that_cannot_be_written():
    array = np.ones(3)
    trace = Trace({"scores": Stage(array, ("detection",))})
    assert np.shares_memory(trace["scores"], array)
    with pytest.raises(ValueError, match="read-only"):
        trace["scores"][0] = 5
    array[0] = 7  # the caller's own array stays writeable


def test_print_shows_shapes_with_axis_names_and_ranges():
    table = str(recorded()).splitlines()
    assert table[0].split() == ["stage", "shape", "dtype", "min", "..", "max"]
    assert any("(channel=3, y=4, x=5)" in row and "float32" in row for row in table)
    assert any(row.startswith("proposals") and row.endswith("empty") for row in table)
    assert any(row.startswith("labels") and row.endswith("1 .. 2") for row in table)
    assert any(row.startswith("masks") and row.endswith("1 of 2 true") for row in table)
    assert len({row.index("float") for row in table if "float" in row}) == 1


def test_a_saved_trace_comes_back_equal(tmp_path):
    trace = recorded(nan=(np.array([np.nan, -np.inf]), ("value",)))
    trace.save(tmp_path / "trace.npz")
    loaded = Trace.load(tmp_path / "trace.npz")
    assert loaded == trace
    assert [a.dtype for a in loaded.values()] == [a.dtype for a in trace.values()]
    assert [path.name for path in tmp_path.iterdir()] == ["trace.npz"]


def test_the_same_trace_gives_the_same_bytes(tmp_path):
    for name in "ab":
        recorded().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "stage",
    [
        (np.array([1, 3]), ("detection",)),
        (np.array([1.0, 2.0]), ("detection",)),
        (np.array([1, 2]), ("proposal",)),
        (np.array([1]), ("detection",)),
    ],
)
def test_another_value_dtype_axis_or_shape_is_another_trace(stage):
    assert recorded() == recorded()
    assert recorded() != recorded(labels=stage)


def test_order_matters_and_other_types_are_never_equal():
    a, b = Stage(np.ones(1), ("x",)), Stage(np.zeros(1), ("x",))
    assert Trace({"a": a, "b": b}) != Trace({"b": b, "a": a})
    assert Trace({}) != {}


def test_an_unknown_stage_is_named_with_those_that_exist():
    with pytest.raises(InputError, match=r"no stage 'roi'; it holds: input, proposals"):
        recorded()["roi"]


@pytest.mark.parametrize(
    ("array", "axes", "message"),
    [
        (np.ones((2, 2)), ("y",), r"shape \(2, 2\) but 1 axis names"),
        ([1, 2], ("detection",), "must be a numeric ndarray, got list"),
        (np.array([object()]), ("detection",), "must be a numeric ndarray"),
    ],
)
def test_a_bad_stage_is_refused(array, axes, message):
    with pytest.raises(InputError, match=message):
        Trace({"stage": (array, axes)})


def test_a_function_is_called_when_its_stage_is_first_read_and_never_again(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return np.array([4, 2])

    trace = Trace({"fate": LazyStage(make, ("anchor",))})
    assert (list(trace), trace.axes("fate"), repr(trace)) == (
        ["fate"],
        ("anchor",),
        "<Trace: 1 stages; print it for the table>",
    )
    assert calls == []
    assert trace["fate"].tolist() == trace["fate"].tolist() == [4, 2]
    trace.save(tmp_path / "trace.npz")
    assert Trace.load(tmp_path / "trace.npz") == trace
    assert calls == [1]


def test_a_function_that_makes_no_good_stage_is_named():
    trace = Trace({"fate": LazyStage(lambda: np.ones((2, 2)), ("anchor",))})
    with pytest.raises(InputError, match=r"'fate' has shape \(2, 2\) but 1 axis names"):
        trace["fate"]


def bad_files(folder):
    recorded().save(folder / "whole.npz")
    (folder / "truncated.npz").write_bytes((folder / "whole.npz").read_bytes()[:200])
    (folder / "text.npz").write_text("not an archive")
    np.savez(folder / "no_axes.npz", weight=np.ones(2))
    np.savez(folder / "pickled.npz", **{"a": np.array([{}]), "a@axes": np.array(["x"])})
    np.save(folder / "array.npy", np.ones(2))
    return ["truncated.npz", "text.npz", "no_axes.npz", "pickled.npz", "array.npy", "missing.npz"]


def test_a_file_that_is_no_trace_is_refused_in_one_sentence(tmp_path):
    for name in bad_files(tmp_path):
        with pytest.raises(InputError, match=f"^trace .*{name}: ") as caught:
            Trace.load(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "trace.npz"
    recorded().save(path)
    before = path.read_bytes()

    def disk_full(*args, **kwargs):
        raise OSError(28, "no space left")

    monkeypatch.setattr(np.lib.format, "write_array", disk_full)
    with pytest.raises(OSError, match="no space"):
        recorded(more=(np.ones(1), ("x",))).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["trace.npz"]


def test_asking_for_a_stage_does_not_work_it_out():
    def fail():
        raise AssertionError("worked out")

    trace = Trace({"fate": LazyStage(fail, ("anchor",))})
    assert "fate" in trace
    assert trace.axes("fate") == ("anchor",)


def test_masks_stay_in_their_boxes_when_the_stage_is_read():
    whole = np.random.default_rng(0).random((3, 4, 5)) < 0.4
    masks = BoxMasks.of(whole)
    trace = Trace({"masks": MaskStage(masks, ("detection", "y", "x"))})
    np.testing.assert_array_equal(trace["masks"], whole)
    assert trace.masks is masks
    with pytest.raises(ValueError, match="read-only"):
        trace["masks"][:] = True
    with pytest.raises(InputError, match="no stage 'masks'"):
        Trace({}).masks  # noqa: B018
