"""A run that stops, however it stops, goes on from its last whole step and ends with the same bytes."""

import json
import logging
import os
import shutil
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest

from minimaskrcnn.data import Shapes
from minimaskrcnn.errors import InputError, TrainingDivergedError
from minimaskrcnn.io import load_model
from minimaskrcnn.io.checkpoint import load_arrays, save_arrays
from minimaskrcnn.training import read_log, stopping
from tests.training.conftest import SHORT, SMALL, make_trainer

EVALUATED = replace(SHORT, evaluate_every=2)


@pytest.fixture(autouse=True)
def _signals_as_in_a_terminal():
    """A job in the background starts with some signals ignored; these tests send them."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for one in before:
        signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def lines(folder):
    """The log without times."""
    return [{**record, "seconds": None} for record in read_log(folder / "log.jsonl")]


def assert_same_run(one, other):
    for name in ("model.npz", "state.npz", "best.npz"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert lines(one) == lines(other)
    assert {path.name for path in other.iterdir()} == {"model.npz", "state.npz", "best.npz", "log.jsonl"}


def validated(folder, recipe=EVALUATED, **more):
    return make_trainer(folder, recipe, validation=Shapes("val", size=2), **more)


@pytest.fixture
def copy(begun, tmp_path):
    """A run that was stopped after one step, to be changed."""
    return shutil.copytree(begun, tmp_path / "copy")


# ---- stops ----------------------------------------------------------------------------------------------


def stop_in(trainer, where, at, error):
    """Raise `error` in the call number `at` of the method `where` of the model."""
    honest, calls = getattr(trainer.model, where), []

    def stopping_call(*args, **options):
        calls.append(1)
        if len(calls) == at:
            raise error
        return honest(*args, **options)

    object.__setattr__(trainer.model, where, stopping_call)


@pytest.mark.parametrize(
    ("where", "at"),
    [("losses", 1), ("losses", 2), ("losses", 4), ("predict", 1), ("predict", 2), ("predict", 4)],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), InputError("a picture is missing")])
def test_a_run_stopped_anywhere_ends_with_the_same_bytes(whole, tmp_path, where, at, error):
    trainer = validated(tmp_path)
    stop_in(trainer, where, at, error)
    with pytest.raises(type(error)):
        trainer.run()
    assert not (tmp_path / "model.npz").exists()
    validated(tmp_path).run(resume=True)
    assert_same_run(whole, tmp_path)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_leaves_the_state_of_the_last_whole_step(whole, tmp_path, name):
    def send(record):
        if record["step"] == 3:
            os.kill(os.getpid(), getattr(signal, name))

    before = signal.getsignal(getattr(signal, name))
    with pytest.raises(KeyboardInterrupt):
        validated(tmp_path, on_record=send).run()
    assert signal.getsignal(getattr(signal, name)) is before
    assert load_arrays(tmp_path / "state.npz")[1]["step"] == 3
    validated(tmp_path).run(resume=True)
    assert_same_run(whole, tmp_path)


def test_a_signal_waits_until_a_step_and_its_line_are_whole():
    done = []

    def step():
        with stopping.held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("after the signal")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping.as_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_can_train(tmp_path):
    thread = threading.Thread(target=lambda: make_trainer(tmp_path).run())
    thread.start()
    thread.join()
    assert (tmp_path / "model.npz").is_file()


def test_a_run_that_diverges_keeps_the_state_before(tmp_path):
    trainer = make_trainer(tmp_path)

    def spoil(record):
        if record["step"] == 3:
            trainer.model.parameters()[0].data[:] = np.nan

    trainer.on_record = spoil
    with pytest.raises(TrainingDivergedError):
        trainer.run()
    arrays, meta = load_arrays(tmp_path / "state.npz")
    assert meta["step"] == 2
    assert all(np.isfinite(array).all() for name, array in arrays.items() if name.startswith("model/"))


def test_lines_after_the_state_are_written_again_not_twice(copy):
    with open(copy / "log.jsonl", "a") as log:  # a crash: one more whole line and half of the next
        log.write(json.dumps({"step": 2, "loss": 1.0}) + '\n{"step": 3, "lo')
    make_trainer(copy).run(resume=True)
    assert [record["step"] for record in read_log(copy / "log.jsonl")] == [1, 2, 3, 4]


# ---- the folder ------------------------------------------------------------------------------------------


def test_a_folder_with_a_run_is_not_overwritten(begun):
    with pytest.raises(InputError, match="--resume"):
        make_trainer(begun).run()


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path):
    with pytest.raises(InputError, match=r"holds no run .*leave out --resume"):
        make_trainer(tmp_path / "elsewhere").run(resume=True)
    assert not (tmp_path / "elsewhere").exists()


def test_a_second_run_in_the_folder_is_refused(copy):
    def train_here_too(record):
        with pytest.raises(InputError, match="another process is training"):
            make_trainer(copy).run(resume=True)

    make_trainer(copy, on_record=train_here_too).run(resume=True)
    assert (copy / "model.npz").is_file()


def test_temporaries_of_a_killed_run_are_swept(copy):
    for name in (".state.npz.1f.tmp", ".model.npz.18.tmp", "mine.tmp"):
        (copy / name).write_bytes(b"half")
    make_trainer(copy).run(resume=True)
    assert [path.name for path in copy.glob("*.tmp")] == ["mine.tmp"]


@pytest.mark.parametrize("name", ["loader", "step", "recipe", "class_names"])
def test_a_state_that_is_none_is_one_sentence(copy, name):
    arrays, meta = load_arrays(copy / "state.npz")
    del meta[name], meta["format"]
    save_arrays(copy / "state.npz", arrays, meta)
    with pytest.raises(InputError, match="not the state of a training run"):
        make_trainer(copy).run(resume=True)


def test_a_missing_log_is_named(copy):
    (copy / "log.jsonl").unlink()
    with pytest.raises(InputError, match=r"log.jsonl is missing; put it back"):
        make_trainer(copy).run(resume=True)


@pytest.mark.parametrize("text", ["5\n", '{"a": 1}\n', "[" * 5000 + "\n{}\n"])
def test_a_log_of_something_else_is_one_sentence(tmp_path, text):
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"log .*: line 1 "):
        read_log(tmp_path / "log.jsonl")


def test_a_log_that_is_none_is_named(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\x89PNG\xff")
    with pytest.raises(InputError, match=r"log.jsonl: not a text file"):
        read_log(log)
    log.write_text('{"step": 1}\n{"st\n{"step": 3}\n')
    with pytest.raises(InputError, match="line 2 is not JSON"):
        read_log(log)
    log.write_text('{"step": 1}\n{"st')
    assert read_log(log) == [{"step": 1}]


# ---- what may change -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lr": 0.5}, r"lr 0.001 -> 0.5"),
        ({"momentum": 0.5}, r"momentum 0.9 -> 0.5"),
        ({"augment": ()}, r"augment \['horizontal_flip'\] -> \[\]"),
        ({"freeze": ("rpn",)}, r"freeze \[\] -> \['rpn'\]"),
        ({"model": SMALL.changed(min_size=60)}, r"model.min_size 64 -> 60"),
    ],
)
def test_what_the_weights_depend_on_may_not_change(begun, change, says):
    with pytest.raises(InputError, match=rf"other settings \({says}\)"):
        make_trainer(begun, replace(SHORT, **change)).run(resume=True)


def test_other_weights_to_start_from_may_not_come_in(begun, whole):
    with pytest.raises(InputError, match=r"other settings \(weights None -> [0-9a-f]{64}\)"):
        make_trainer(begun, weights=whole / "model.npz").run(resume=True)


def test_a_run_may_become_longer(whole, tmp_path, caplog, monkeypatch):
    folder = shutil.copytree(whole, tmp_path / "longer")
    monkeypatch.setattr(logging.getLogger("minimaskrcnn"), "propagate", True)  # the command turns it off
    with caplog.at_level("INFO", "minimaskrcnn.training"):
        validated(folder, replace(EVALUATED, steps=6)).run(resume=True)
    assert "going on with steps 4 -> 6" in caplog.text
    assert load_model(folder / "model.npz")[1]["step"] == 6
    assert [record["step"] for record in read_log(folder / "log.jsonl")] == [1, 2, 2, 3, 4, 4, 5, 6, 6]


def test_a_run_cannot_become_shorter_than_it_is(whole):
    with pytest.raises(InputError, match=r"has done 4 steps already, more than steps = 3"):
        validated(whole, replace(EVALUATED, steps=3)).run(resume=True)


def test_settings_of_prediction_may_change(copy):
    make_trainer(copy, replace(SHORT, predict={"score_thresh": 0.25}, checkpoint_every=3)).run(resume=True)
    assert load_model(copy / "model.npz")[0].roi_heads.postprocess.score_thresh == 0.25


def test_a_state_of_an_older_version_can_be_resumed(copy):
    arrays, meta = load_arrays(copy / "state.npz")
    for name in ("freeze", "momentum", "betas", "augment", "early_stop"):
        del meta["recipe"][name]
    meta["recipe"]["model"] = {
        "preset": "mini",
        "anchor_sizes": [20, 32, 48],
        "image_size": [64, 64],
        "proposals": [20, 20],
        "samples": [16, 8],
    }
    del meta["weights"], meta["format"]
    save_arrays(copy / "state.npz", arrays, meta)
    make_trainer(copy).run(resume=True)
    assert (copy / "model.npz").is_file()


def test_a_resumed_run_keeps_its_frozen_parts(whole, tmp_path):
    heads, weights = replace(SHORT, freeze=("backbone", "rpn")), whole / "model.npz"
    make_trainer(tmp_path / "whole", heads, weights=weights).run()
    make_trainer(tmp_path / "parts", heads, weights=weights).run(stop_at=2)
    make_trainer(tmp_path / "parts", heads, weights=weights).run(resume=True)
    for name in ("model.npz", "state.npz"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


# ---- the best model, and stopping early ------------------------------------------------------------------


def scored(monkeypatch, *values):
    """Let evaluations give these APs one after the other."""
    from minimaskrcnn.training import Evaluation, trainer

    rest = iter(values)

    def evaluate(*args, **options):
        ap = next(rest)
        summary = {"AP": ap, "AP50": ap, "AP75": ap}
        return Evaluation({**summary, "AP": 0.0}, summary)

    monkeypatch.setattr(trainer, "evaluate", evaluate)


def test_the_best_model_is_kept(tmp_path, monkeypatch):
    scored(monkeypatch, 0.1, float("nan"), 0.3, 0.3)
    validated(tmp_path, replace(EVALUATED, evaluate_every=1)).run()
    assert load_model(tmp_path / "best.npz")[1]["step"] == 3
    assert load_model(tmp_path / "model.npz")[1]["step"] == 4


def test_a_run_may_stop_early_and_stays_stopped(tmp_path, monkeypatch):
    scored(monkeypatch, 0.2, 0.1, 0.15)
    early = replace(EVALUATED, steps=50, evaluate_every=1, early_stop=2)
    validated(tmp_path, early).run()
    assert load_model(tmp_path / "model.npz")[1]["step"] == 3
    assert load_model(tmp_path / "best.npz")[1]["step"] == 1
    resumed = validated(tmp_path, early)
    resumed.run(resume=True)
    assert resumed.step == 3
